"""The step of a STARTED job that is cancelled, as plain calls: when the cancellation is sent, and what is recorded."""

from typing import Any

import pytest

from neptune_training.aws.neptune_errors import CancelFailed
from neptune_training.flow import started as steps
from neptune_training.model.jobs import Job
from neptune_training.model.problems import Problem
from neptune_training.model.statuses import WaitingFor
from tests.steps import (
    MINUTE,
    NOW,
    ROLE,
    Cluster,
    logged,
    requested,
    waiting,
)
from tests.test_started import RUNS, WARNING, job, looked_at, step

NOT_TAKEN = CancelFailed("AccessDeniedException", "denied", "r1")
BY = "event app 1"


@pytest.mark.parametrize("clean", [True, False])
@pytest.mark.parametrize("allowed", [True, False])
@pytest.mark.parametrize("failed_steps", [1, 3])
def test_a_cancelled_job_is_cancelled_in_neptune_and_looked_at_each_minute(
    clean: bool, allowed: bool, failed_steps: int
) -> None:
    running = job(cancelledBy=BY, cancelClean=clean, failedSteps=failed_steps)
    result, _, asked = step(running, RUNS, allow_cancel_clean=allowed)
    assert asked == [("cancel", "fraud-1", ROLE, clean and allowed), ("training", "fraud-1", ROLE)]
    assert result == looked_at(running, RUNS, look_again=NOW + MINUTE)


def test_a_cancellation_that_is_not_taken_is_a_warning_once(caplog: pytest.LogCaptureFixture) -> None:
    earlier = Problem(field="CancelMLModelTrainingJob", problem="was not taken", remedy="Wait")
    running = job(cancelledBy=BY, warnings=(earlier, WARNING))
    result, _, _ = step(running, RUNS, Cluster(not_cancelled=NOT_TAKEN))
    warned = running.warned((WARNING, NOT_TAKEN.problem))
    assert result == looked_at(warned, RUNS, look_again=NOW + MINUTE, warnings=warned.warnings)
    said = {"jobId": "fraud-1", "failure": "AccessDeniedException: denied"}
    assert logged(caplog) == [("WARNING", "not cancelled", said)]
    taken, _, _ = step(running, RUNS)
    assert taken.warnings == (WARNING,)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"cancelledBy": BY, "adopted": True},
        {"cancelledBy": BY, "failedSteps": 2},
        {"cancelledBy": BY, "failedSteps": 4},
        {"cancelledBy": BY, "neptuneStatus": "Stopping"},
    ],
)
def test_a_job_is_only_looked_at_if_it_is_not_cancelled_or_may_not_be_cancelled_now(said: dict[str, Any]) -> None:
    _, _, asked = step(job(**said), RUNS)
    assert asked == [("training", "fraud-1", ROLE)]


def test_a_cancelled_job_whose_status_is_not_known_is_cancelled_in_neptune() -> None:
    _, _, asked = step(job(cancelledBy=BY, neptuneStatus=None), RUNS)
    assert asked[0][0] == "cancel"


def of_cancellation(value: str | None, operation: str = "CancelMLModelTrainingJob") -> Problem:
    return Problem(field=operation, value=value, problem="is denied", remedy="Ask")


@pytest.mark.parametrize(
    ("found", "denied"),
    [
        (job(warnings=(WARNING, NOT_TAKEN.problem)), True),
        (job(warnings=(of_cancellation("AccessDeniedException"),)), True),
        (job(warnings=(of_cancellation("InternalFailureException, requestId AccessDeniedException"),)), False),
        (job(warnings=(of_cancellation(None),)), False),
        (job(warnings=(of_cancellation("AccessDeniedException", "GetMLModelTrainingJob"),)), False),
        (job(), False),
        (requested(warnings=(NOT_TAKEN.problem,)), False),
        (waiting(WaitingFor.TURN, warnings=(NOT_TAKEN.problem,)), False),
        (None, False),
    ],
)
def test_a_cancellation_is_denied_if_neptune_has_said_so_to_the_last_one(found: Job | None, denied: bool) -> None:
    assert steps.cancellation_denied(found) is denied
