"""The step of a WAITING job, as plain calls: the verdict's outcome, and who has to wait in the queue."""

from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest

from neptune_training.checks.verdicts import NotReady, Ready, Rejected, Superseded
from neptune_training.flow import job_problems, outcomes, waiting
from neptune_training.flow.pause import Pause
from neptune_training.model.capacity import Capacity
from neptune_training.model.jobs import Ended, Job, Started, Waiting
from neptune_training.model.problems import Problem
from neptune_training.model.statuses import WaitingFor
from neptune_training.model.times import to_text
from tests.steps import KNOWN, MINUTE, NOW, SENT, Checks, Records, services
from tests.steps import waiting as waits
from tests.test_start_answers import BEFORE, DEADLINE, FULL

READY = Checks(Ready(SENT, {"a.py": "e1"}, (BEFORE,)))
WHY = Problem(field="why", problem="is wrong", remedy="Fix it")
FULL_UP = Capacity(slots=frozenset("ab"))
PAUSED = Capacity(
    paused_until=NOW + MINUTE, paused_for=WaitingFor.NEPTUNE, pause_text=to_text(NOW + MINUTE), slots=frozenset("a")
)
OVER = Capacity(paused_until=NOW, pause_text=to_text(NOW), slots=frozenset("a"))


def step(job: Waiting, checks: Checks, *, has_turn: bool = True, **said: Any) -> tuple[Job, Records]:
    table: Records = said.pop("table", Records())
    table.jobs[job.jobId] = job
    here = services(table, checks=checks, **said)
    return waiting.step(here, job, DEADLINE, Pause(), has_turn=has_turn), table


def same(job: Waiting, result: Job, waiting_for: WaitingFor, reasons: tuple[Problem, ...], **said: Any) -> bool:
    return result == outcomes.wait(services(Records.of(job)), job, waiting_for, reasons, **said)


# --- the verdict ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unanswered", [True, False])
def test_a_cancelled_job_is_stopped_and_not_judged(unanswered: bool) -> None:
    job = waits(WaitingFor.TURN, cancelledBy="event a 1", reasons=(BEFORE,), unanswered=unanswered)
    result, _ = step(job, Checks(KeyError("judged")))
    assert result == outcomes.stop(services(Records.of(job)), job, (BEFORE,), unanswered=unanswered)


@pytest.mark.parametrize("unanswered", [True, False])
def test_a_job_whose_bound_has_passed_is_given_up_and_not_judged(unanswered: bool) -> None:
    job = waits(WaitingFor.FILES, giveUpAt=NOW, reasons=(BEFORE,), unanswered=unanswered)
    result, _ = step(job, Checks(KeyError("judged")))
    expected = outcomes.give_up(services(Records.of(job)), job, WaitingFor.FILES, (BEFORE,), unanswered=unanswered)
    assert [result.status, result] == ["REJECTED", expected]


def test_a_job_is_judged_as_of_now() -> None:
    job, checks = waits(WaitingFor.TURN), Checks(Rejected((WHY,)))
    step(job, checks)
    assert checks.judged == [(job, NOW)]


def test_a_superseded_job_names_the_newer_one() -> None:
    job = waits(WaitingFor.TURN)
    result, _ = step(job, Checks(Superseded("fraud-2")))
    assert isinstance(result, Ended)
    reasons = (job_problems.superseded(job, "fraud-2"),)
    assert [result.status, result.supersededBy, result.reasons] == ["SUPERSEDED", "fraud-2", reasons]


def test_a_rejected_job_has_the_checks_problems() -> None:
    result, _ = step(waits(WaitingFor.TURN), Checks(Rejected((WHY,))))
    assert [result.status, result.reasons] == ["REJECTED", (WHY,)]


@pytest.mark.parametrize("next_attempt", [None, NOW + 7 * MINUTE])
@pytest.mark.parametrize(("waiting_for", "failed"), [(WaitingFor.FILES, False), (WaitingFor.ERROR, True)])
def test_a_job_that_is_not_ready_waits_and_an_error_counts_as_a_failed_step(
    waiting_for: WaitingFor, failed: bool, next_attempt: Any
) -> None:
    job = waits(WaitingFor.TURN, failedSteps=2)
    result, _ = step(job, Checks(NotReady(waiting_for, (WHY,), next_attempt)))
    assert same(job, result, waiting_for, (WHY,), next_attempt=next_attempt, failed=failed)


# --- room -------------------------------------------------------------------------------------------------------------


def test_a_job_without_a_turn_counts_the_queue_before_it() -> None:
    result, table = step(waits(WaitingFor.TURN), READY, has_turn=False)
    assert isinstance(result, Started)
    assert table.counted == [("queue", 2, "fraud-1")]
    result, table = step(waits(WaitingFor.TURN), READY)
    assert isinstance(result, Started)
    assert table.counted == []


@pytest.mark.parametrize(
    ("table", "said", "waiting_for"),
    [
        (Records(seen=FULL_UP), {}, WaitingFor.SLOT),
        (Records(seen=FULL_UP), {"has_turn": False}, WaitingFor.SLOT),
        (Records(seen=Capacity(slots=frozenset("a")), ahead=1), {"has_turn": False}, WaitingFor.SLOT),
        (Records(seen=PAUSED), {}, WaitingFor.NEPTUNE),
        (Records(seen=PAUSED, ahead=1), {"has_turn": False}, WaitingFor.NEPTUNE),
        (Records(seen=OVER, ahead=1), {"has_turn": False}, WaitingFor.CAPACITY),  # another job is the probe
        (Records(seen=Capacity(paused_until=NOW, slots=frozenset("ab"))), {}, WaitingFor.SLOT),
        (
            Records(seen=Capacity(paused_until=NOW, slots=frozenset("ab")), ahead=1),
            {"has_turn": False},
            WaitingFor.SLOT,
        ),
        (Records(of_model=1), {"has_turn": False, "max_concurrent_training_jobs_per_model": 1}, WaitingFor.SLOT),
    ],
)
def test_a_job_for_which_there_is_no_room_waits_in_the_queue(
    table: Records, said: dict[str, Any], waiting_for: WaitingFor
) -> None:
    job = waits(WaitingFor.TURN, failedSteps=1)
    result, _ = step(job, READY, table=deepcopy(table), **said)
    full = waiting_for is WaitingFor.SLOT
    assert same(job, result, waiting_for, (job_problems.no_slot(2) if full else job_problems.paused(waiting_for),))


@pytest.mark.parametrize(
    ("table", "said", "counted"),
    [
        (Records(ahead=1), {"has_turn": False}, [("queue", 2, "fraud-1")]),
        (Records(seen=OVER), {"has_turn": False}, [("queue", 2, "fraud-1")]),
        (Records(seen=Capacity(slots=frozenset({"fraud-1", "b"}))), {}, []),
        (Records(of_model=9), {"max_concurrent_training_jobs_per_model": 1}, []),
        (
            Records(of_model=9),
            {"has_turn": False, "max_concurrent_training_jobs_per_model": 2},
            [("queue", 2, "fraud-1")],
        ),
        (
            Records(of_model=0),
            {"has_turn": False, "max_concurrent_training_jobs_per_model": 1},
            [("queue", 2, "fraud-1"), ("running", "s3://models/fraud/")],
        ),
    ],
)
def test_a_job_for_which_there_is_room_starts(table: Records, said: dict[str, Any], counted: list[tuple]) -> None:
    result, after = step(waits(WaitingFor.TURN), READY, table=deepcopy(table), **said)
    assert isinstance(result, Started)
    assert after.counted == counted


def test_neptunes_last_answer_stays_among_the_reasons_of_a_job_in_the_queue() -> None:
    paused = job_problems.paused(WaitingFor.NEPTUNE)  # of the same field, without a value
    job = waits(WaitingFor.CAPACITY, reasons=(BEFORE, paused, FULL.problem, WHY))
    result, _ = step(job, READY, table=Records(seen=FULL_UP))
    assert result.reasons == (job_problems.no_slot(2), FULL.problem)


def test_a_job_that_can_wait_for_a_slot_but_no_longer_for_its_turn_is_given_up() -> None:
    created = NOW - timedelta(hours=12)
    job = waits(WaitingFor.SLOT, createdAt=created, waitingSince=NOW, reasons=(BEFORE,), unanswered=True)
    result, table = step(job, READY)
    assert result == outcomes.give_up(services(Records.of(job)), job, WaitingFor.SLOT, (BEFORE,), unanswered=True)
    assert [result.status, table.counted, KNOWN["createdAt"] > created] == ["REJECTED", [], True]
    answered, _ = step(job.model_copy(update={"unanswered": False}), READY)
    assert "still waits for a slot" in answered.reasons[-1].problem
