"""The look-up of a REQUESTED job, as plain calls: what is asked, and the whole record that each answer leads to."""

from typing import Any

import pytest

from neptune_training.aws.neptune import Absent, Found, Look, Unknown
from neptune_training.aws.neptune_errors import LookFailed
from neptune_training.checks.readiness import id_taken
from neptune_training.flow import job_problems, outcomes
from neptune_training.flow import requested as steps
from neptune_training.model.jobs import Requested
from neptune_training.model.problems import Problem
from neptune_training.model.statuses import WaitingFor
from tests.steps import MINUTE, NOW, ROLE, Cluster, Records, logged, seconds, services
from tests.test_start_answers import BEFORE, HIDDEN, MINE, OURS, THEIRS, WARNING, job, saved


def look_up(claimed: Requested, look: Look, **settings: Any) -> tuple:
    records, cluster = Records.of(claimed), Cluster(look)
    result = steps.look_up(services(records, cluster, **settings), claimed)
    assert cluster.asked == [("training", "fraud-1", (claimed.request or {}).get("neptuneIamRoleArn"))]
    return result, records.written


@pytest.mark.parametrize(
    ("said", "look", "adopted"),
    [
        ({}, HIDDEN, False),
        ({}, THEIRS, False),  # a derived id is ours alone
        ({"asked": MINE}, OURS, False),
        ({"asked": MINE}, HIDDEN, True),
        ({"request": None}, OURS, False),
    ],
)
def test_a_job_that_is_found_is_adopted_with_warnings(said: dict[str, Any], look: Found, adopted: bool) -> None:
    claimed = job(**said)
    result, written = look_up(claimed, look)
    warnings = [WARNING, job_problems.arn_unknown(claimed)]
    warnings += [job_problems.maybe_not_ours(claimed)] if adopted else []
    running = claimed.started(NOW, look_again=NOW + MINUTE, warnings=tuple(warnings), adopted=adopted)
    assert result == running
    assert written == saved(result)


def test_a_job_that_is_found_under_an_explicit_id_with_anothers_output_is_rejected() -> None:
    result, _ = look_up(job(asked=MINE), THEIRS)
    assert [result.status, result.reasons] == ["REJECTED", (id_taken("fraud-1"),)]


def test_a_job_that_is_absent_waits_for_its_turn_behind_all_others() -> None:
    claimed, other = job(), Records.of(job())
    result, written = look_up(claimed, Absent())
    again = outcomes.wait_again(services(other), claimed, WaitingFor.TURN, (BEFORE,), tried=True, unanswered=True)
    assert [result, written] == [again, other.written]


@pytest.mark.parametrize(("give_up_at", "status"), [(NOW, "REJECTED"), (NOW + seconds(1), "WAITING")])
def test_a_job_that_is_absent_at_give_up_at_is_rejected_as_never_answered(give_up_at: Any, status: str) -> None:
    claimed = job(giveUpAt=give_up_at)
    result, _ = look_up(claimed, Absent())
    assert result.status == status
    if status == "REJECTED":
        said = {"unanswered": True, "limit": "GiveUpSeconds"}
        gave_up = job_problems.gave_up(claimed, WaitingFor.TURN, (BEFORE,), NOW, **said)  # type: ignore[arg-type]
        assert result.reasons == gave_up


@pytest.mark.parametrize(
    ("code", "failed_steps", "will_pass"),
    [("InternalFailureException", 2, False), ("ThrottlingException", 0, True)],
)
def test_a_look_up_without_an_answer_is_repeated_later(
    code: str, failed_steps: int, will_pass: bool, caplog: pytest.LogCaptureFixture
) -> None:
    failure = LookFailed("GetMLModelTrainingJob", code, "down")
    earlier = Problem(field="GetMLModelTrainingJob", problem="was down", remedy="Wait")
    claimed = job(failedSteps=2, reasons=(earlier, BEFORE))
    records = Records.of(claimed)
    with_neptune = services(records, Cluster(Unknown(failure)))
    if will_pass:
        steps.look_up(with_neptune, claimed)
    else:
        with pytest.raises(LookFailed):
            steps.look_up(with_neptune, claimed)
    doubtful = claimed.in_doubt(
        NOW, next_attempt=NOW + 2 * MINUTE, reasons=(BEFORE, failure.problem), failed_steps=failed_steps
    )
    assert records.written == saved(doubtful)
    said = {"jobId": "fraud-1", "failure": f"{code}: down"}
    assert logged(caplog) == [("WARNING", "it is not known if Neptune has the job", said)]


def test_a_look_up_that_will_pass_returns_the_job() -> None:
    result, written = look_up(job(), Unknown(LookFailed("GetMLModelTrainingJob", "ThrottlingException", "full")))
    assert written == saved(result)


# --- the request's own values -----------------------------------------------------------------------------------------


def test_a_record_without_a_request_has_no_role_and_no_output() -> None:
    assert [steps.role_of(job(request=None)), steps.output_of(job(request=None))] == [None, ""]
    assert [steps.role_of(job()), steps.output_of(job())] == [ROLE, "s3://trained/fraud-1"]
