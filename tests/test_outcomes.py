"""The outcomes of a step, as plain calls: the whole record that is written, and how."""

from typing import Any

import pytest

from neptune_training.flow import job_problems, outcomes, time_bounds
from neptune_training.model.jobs import Ended, Job, Requested, Waiting
from neptune_training.model.problems import Problem
from neptune_training.model.statuses import Status, WaitingFor
from tests.steps import KNOWN, MINUTE, NOW, SETTINGS, Records, logged, requested, services, started, waiting

WHY, BEFORE = (Problem(field=name, problem="is wrong", remedy="Fix it") for name in ("why", "before"))
STAGES = {"hpo": {"status": "Completed"}}
HOUR = 60 * MINUTE
GIVE_UP = KNOWN["createdAt"] + SETTINGS.give_up_seconds


# --- the end ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("job", "how"),
    [
        (waiting(WaitingFor.FILES), ("save",)),
        (requested(), ("release", None)),
        (started(arn="arn:1", neptuneStatus="InProgress"), ("release", None)),
    ],
)
def test_a_job_that_ends_is_written_with_all_that_is_known_and_gives_its_slot_back_if_it_may_have_one(
    job: Any, how: tuple, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    records = Records.of(job)
    ended = outcomes.end(
        services(records), job, Status.FAILED, (WHY,), superseded_by="b", neptune_status="Failed", stages=STAGES
    )
    known = {"superseded_by": "b", "neptune_status": "Failed", "stages": STAGES}
    assert ended == job.ended(Status.FAILED, NOW, (WHY,), **known)
    assert records.written == [(how[0], ended, *how[1:])]
    said = {"jobId": "fraud-1", "status": "FAILED", "reasons": ["why: is wrong. Fix it"]}
    assert logged(caplog) == [("INFO", "ended", said)]


def test_a_cancelled_job_is_stopped_whatever_else_is_said() -> None:
    job = waiting(WaitingFor.FILES, cancelledBy="event app 1")
    ended = outcomes.end(services(Records.of(job)), job, Status.REJECTED, (WHY,))
    assert [ended.status, ended.reasons] == ["STOPPED", (job_problems.cancelled(job), WHY)]


@pytest.mark.parametrize("unanswered", [True, False])
def test_a_job_that_is_stopped_says_so_if_an_earlier_start_may_still_reach_neptune(unanswered: bool) -> None:
    job = requested(cancelledBy="event app 1")
    ended = outcomes.stop(services(Records.of(job)), job, (WHY,), unanswered=unanswered)
    doubt = job_problems.in_doubt(job, "a start of this job was sent to Neptune and never answered")
    assert ended.status == "STOPPED"
    assert ended.reasons == (job_problems.cancelled(job), WHY, *([doubt] if unanswered else []))
    assert outcomes.stop(services(Records.of(job)), job, unanswered=False).reasons == (job_problems.cancelled(job),)


@pytest.mark.parametrize(
    ("job", "reasons", "said"),
    [(requested(reasons=(BEFORE,)), (WHY,), WHY), (requested(reasons=(BEFORE,)), (), BEFORE)],
)
@pytest.mark.parametrize("unanswered", [True, False])
def test_a_job_that_gives_up_is_rejected_with_its_reasons_or_those_of_before(
    job: Requested, reasons: tuple, said: Problem, unanswered: bool
) -> None:
    ended = outcomes.give_up(services(Records.of(job)), job, WaitingFor.SLOT, reasons, unanswered=unanswered)
    limit = {"unanswered": unanswered, "limit": "SlotWaitSeconds"}
    expected = job_problems.gave_up(job, WaitingFor.SLOT, (said,), NOW, **limit)  # type: ignore[arg-type]
    assert [ended.status, ended.reasons] == ["REJECTED", expected]


def test_a_job_that_gives_up_counts_as_answered_unless_it_is_said_otherwise() -> None:
    job = requested(unanswered=True)
    ended = outcomes.give_up(services(Records.of(job)), job, WaitingFor.TURN, ())
    assert "still waits for its turn" in ended.reasons[0].problem


# --- waiting ----------------------------------------------------------------------------------------------------------


def waits(job: Waiting, *args: Any, **said: Any) -> Waiting | Ended:
    """Let the job wait; its record was saved, with its bound if it has not ended."""
    records = Records.of(job)
    result = outcomes.wait(services(records), job, *args, **said)
    bounded = result if isinstance(result, Ended) else result.bounded(time_bounds.end_by(result, SETTINGS, NOW))
    assert records.written == [("save", bounded)]
    return result


OLD = waiting(WaitingFor.ACCESS, failedSteps=3, waitingSince=NOW - 20 * MINUTE, queuedAt=NOW - 7 * MINUTE)


@pytest.mark.parametrize(
    ("waiting_for", "said", "next_attempt"),
    [
        (WaitingFor.ACCESS, {}, NOW + 2 * MINUTE),  # a tenth of the twenty minutes so far
        (WaitingFor.ERROR, {}, NOW + MINUTE),
        (WaitingFor.CAPACITY, {}, NOW - 7 * MINUTE),  # its place in the queue
        (WaitingFor.CAPACITY, {"failed": True}, NOW - 7 * MINUTE),
        (WaitingFor.CAPACITY, {"next_attempt": NOW + HOUR}, NOW + HOUR),
        (WaitingFor.ERROR, {"failed": True}, NOW + 4 * MINUTE),  # after three failed steps
        (WaitingFor.ERROR, {"failed": True, "next_attempt": NOW + HOUR}, NOW + HOUR),
        (WaitingFor.ACCESS, {"next_attempt": NOW}, NOW),
    ],
)
def test_a_job_that_waits_has_its_next_step_exactly_at(
    waiting_for: WaitingFor, said: dict[str, Any], next_attempt: Any
) -> None:
    result = waits(OLD, waiting_for, (WHY,), **said)
    assert result == OLD.still_waits(
        waiting_for,
        NOW,
        next_attempt=next_attempt,
        give_up=time_bounds.wait_ends_at(OLD, waiting_for, SETTINGS, NOW),
        reasons=(WHY,),
        failed_steps=3 if said.get("failed") else 0,
    )


def test_a_job_without_a_time_since_when_it_waits_is_looked_at_soon() -> None:
    job = waiting(WaitingFor.ACCESS, waitingSince=None)
    assert waits(job, WaitingFor.ACCESS).nextAttemptAt == NOW + MINUTE  # type: ignore[union-attr]


def test_a_job_that_has_waited_until_its_bound_is_rejected_and_one_second_before_is_not() -> None:
    at_its_bound = waiting(WaitingFor.FILES, giveUpAt=NOW, unanswered=True)
    ended = waits(at_its_bound, WaitingFor.FILES, (WHY,))
    assert isinstance(ended, Ended)
    assert ended.reasons == job_problems.gave_up(
        at_its_bound, WaitingFor.FILES, (WHY,), NOW, unanswered=True, limit="FilesGraceSeconds"
    )
    assert isinstance(waits(waiting(WaitingFor.FILES, giveUpAt=NOW + MINUTE / 60), WaitingFor.FILES), Waiting)


# --- waiting again ----------------------------------------------------------------------------------------------------

QUEUED = NOW - 7 * MINUTE


@pytest.mark.parametrize("pause_until", [None, NOW + MINUTE])
@pytest.mark.parametrize(
    ("waiting_for", "tried", "queued_at", "next_attempt", "place"),
    [
        (WaitingFor.CAPACITY, True, QUEUED, NOW, NOW),
        (WaitingFor.CAPACITY, False, QUEUED, QUEUED, QUEUED),
        (WaitingFor.CAPACITY, False, None, KNOWN["createdAt"], None),
        (WaitingFor.TURN, False, QUEUED, NOW, QUEUED),
        (WaitingFor.TURN, True, QUEUED, NOW, NOW),
        (WaitingFor.ACCESS, False, QUEUED, NOW + MINUTE, QUEUED),
    ],
)
def test_a_claimed_job_that_waits_again_frees_its_slot_and_has_its_place_and_next_step_at(
    waiting_for: WaitingFor, *, tried: bool, queued_at: Any, next_attempt: Any, place: Any, pause_until: Any
) -> None:
    job = requested(queuedAt=queued_at)
    records = Records.of(job)
    said: dict[str, Any] = {"reasons": (WHY,), "unanswered": True}
    result = outcomes.wait_again(services(records), job, waiting_for, **said, tried=tried, pause_until=pause_until)
    again = job.not_started(waiting_for, NOW, next_attempt=next_attempt, give_up=GIVE_UP, queued_at=place, **said)
    assert result == again
    assert records.written == [("release", again.bounded(GIVE_UP), pause_until)]


def test_a_claimed_job_that_waits_again_was_answered_unless_it_is_said_otherwise() -> None:
    job = requested(unanswered=True)
    assert not outcomes.wait_again(services(Records.of(job)), job, WaitingFor.ERROR, (), tried=False).unanswered


def test_a_cancelled_job_does_not_wait_again() -> None:
    job = requested(cancelledBy="event app 1")
    ended = outcomes.wait_again(services(Records.of(job)), job, WaitingFor.TURN, (WHY,), tried=True, unanswered=True)
    assert ended == outcomes.stop(services(Records.of(job)), job, (WHY,), unanswered=True)


@pytest.mark.parametrize(("pause_until", "status"), [(None, Status.REJECTED), (NOW + MINUTE, Status.WAITING)])
def test_a_claimed_job_does_not_wait_beyond_its_bound_unless_the_pause_begins_with_it(
    pause_until: Any, status: Status
) -> None:
    job = requested()
    late = services(Records.of(job), now=lambda: GIVE_UP)
    result: Job = outcomes.wait_again(
        late, job, WaitingFor.TURN, (WHY,), tried=False, unanswered=True, pause_until=pause_until
    )
    assert result.status == status
    if not pause_until:
        assert result.reasons == job_problems.gave_up(
            job, WaitingFor.TURN, (WHY,), GIVE_UP, unanswered=True, limit="GiveUpSeconds"
        )
