"""One step of one job, as plain calls: when it is taken, what is written around it, and what an error leads to."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from neptune_training.aws.neptune import Found, Unknown
from neptune_training.aws.neptune_errors import LookFailed
from neptune_training.aws.writes import RecordChanged
from neptune_training.checks.verdicts import Ready
from neptune_training.flow import job_problems, next_look, outcomes, step, time_bounds
from neptune_training.flow.pause import Pause
from neptune_training.model.jobs import Job, Started, UnfinishedJob
from neptune_training.model.problems import Problem
from neptune_training.model.statuses import Status, WaitingFor
from tests.steps import (
    MINUTE,
    NOW,
    SENT,
    SETTINGS,
    Checks,
    Cluster,
    Records,
    requested,
    seconds,
    services,
    started,
    waiting,
)

DEADLINE = NOW + 15 * MINUTE
HOUR = timedelta(hours=1)
RUNS = Found("InProgress", {})
DOWN = Unknown(LookFailed("GetMLModelTrainingJob", "InternalFailureException", "down"))
READY = Checks(Ready(SENT, {}))
WRONG = Problem(field="wrong", problem="is wrong", remedy="Fix it")
KINDS: list[UnfinishedJob] = [waiting(WaitingFor.TURN), requested(leaseUntil=NOW), started()]


def saved(job: UnfinishedJob) -> tuple:
    return ("save", job.bounded(time_bounds.end_by(job, SETTINGS, NOW)))


def take(records: Records, *, cluster: Cluster | None = None, checks: Checks | None = None, **said: Any) -> Job | None:
    pause = said.pop("pause", Pause())
    return step.take(services(records, cluster, checks=checks), "fraud-1", DEADLINE, pause, **said)


# --- when -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("job", "due"),
    [
        *((job, True) for job in KINDS),
        (waiting(WaitingFor.TURN, nextAttemptAt=NOW + seconds(1)), False),
        (requested(leaseUntil=NOW + seconds(1)), False),
        (requested(leaseUntil=NOW, nextAttemptAt=NOW + seconds(1)), False),
        (started(nextAttemptAt=NOW + seconds(1)), False),
    ],
)
def test_a_step_is_due_at_its_time_and_after_the_lease(job: UnfinishedJob, due: bool) -> None:
    assert step.due(job, NOW) is due


@pytest.mark.parametrize("job", [started(nextAttemptAt=NOW + MINUTE), started().ended(Status.FAILED, NOW)])
def test_a_job_that_is_not_due_or_has_ended_is_returned_as_it_is(job: Job) -> None:
    records = Records.of(job)
    assert take(records) == job
    assert records.written == []


def test_no_job_is_no_step() -> None:
    assert take(Records()) is None


# --- around the step --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("failed", "deadline"), [(0, DEADLINE), (1, NOW + seconds(1)), (0, NOW)])
def test_a_job_is_postponed_before_its_step_until_the_invocation_ends_or_its_next_try(
    failed: int, deadline: Any
) -> None:
    job, records = started(failedSteps=failed), Records.of(started(failedSteps=failed))
    begun = step.begin(services(records), job, deadline)
    again_at = max(deadline, next_look.retry_at(failed + 1, SETTINGS, NOW))
    assert begun == job.step_begun(NOW, until=deadline, again_at=again_at)
    assert records.written == [saved(begun)]


@pytest.mark.parametrize("turn", [{}, {"has_turn": True}])
def test_a_waiting_job_is_started_with_its_turn_and_the_invocations_deadline_and_pause(turn: dict[str, Any]) -> None:
    records, pause = Records.of(waiting(WaitingFor.TURN)), Pause()
    job = take(records, checks=READY, pause=pause, **turn)
    assert isinstance(job, Started)
    assert [each[0] for each in records.written] == ["save", "claim", "save"]
    assert records.written[1][1].leaseUntil == DEADLINE + seconds(20) + 2 * MINUTE
    assert pause.sent == 1
    assert records.counted == ([] if turn else [("queue", 2, "fraud-1")])


def test_a_requested_job_is_looked_up_and_a_started_one_is_looked_at() -> None:
    found, looked_at = (take(Records.of(job), cluster=Cluster(RUNS)) for job in KINDS[1:])
    assert isinstance(found, Started)
    assert found.startedAt == NOW
    assert isinstance(looked_at, Started)
    assert looked_at.startedAt == NOW - 5 * MINUTE


# --- another invocation -----------------------------------------------------------------------------------------------


class Changing(Records):
    """A table in which another invocation writes the job when this one has read it so many times."""

    def after(self, reads: int, job: Job) -> "Changing":
        self.reads, self.theirs = reads, job
        return self

    def get(self, job_id: str) -> Job | None:
        found = super().get(job_id)
        self.reads -= 1
        if self.reads == 0:
            self.jobs[job_id] = self.theirs
        return found


def test_a_job_that_another_invocation_changes_before_its_step_is_returned_as_that_wrote_it() -> None:
    theirs = started().next_unchanged(NOW)
    records = Changing.of(started()).after(1, theirs)  # type: ignore[attr-defined]
    assert take(records) == theirs
    assert records.written == []


def test_a_job_whose_record_refuses_a_write_without_a_change_is_postponed_by_an_hour() -> None:
    records = Records.of(started())
    records.unwritable = RecordChanged("condition")
    assert take(records) == started()
    assert records.written == [("postpone", "fraud-1", NOW + HOUR)]


def test_a_job_that_another_invocation_changes_during_its_step_is_returned_as_that_wrote_it() -> None:
    theirs = started().next_unchanged(NOW).next_unchanged(NOW)

    class Hinted(Cluster):
        def training(self, job_id: str, role: str | None) -> Any:
            records.jobs[job_id] = theirs
            return super().training(job_id, role)

    records = Records.of(started())
    assert take(records, cluster=Hinted(RUNS)) == theirs
    assert [each[0] for each in records.written] == ["save"]


# --- errors -----------------------------------------------------------------------------------------------------------


def unreadable() -> ValidationError:
    with pytest.raises(ValidationError) as raised:
        Started.model_validate({})
    return raised.value


@pytest.mark.parametrize(("error", "later"), [(unreadable(), HOUR), (KeyError("x"), 5 * MINUTE)])
def test_a_record_that_cannot_be_read_is_postponed_and_the_error_is_raised(error: Exception, later: timedelta) -> None:
    records = Records.of(started())
    records.unreadable = error
    with pytest.raises(type(error)):
        take(records)
    assert records.written == [("postpone", "fraud-1", NOW + later)]


def test_a_record_that_cannot_be_written_is_postponed_and_the_error_is_raised() -> None:
    records = Records.of(started())
    records.unwritable = OSError("no")
    with pytest.raises(OSError, match="no"):
        take(records)
    assert records.written == [("postpone", "fraud-1", NOW + 5 * MINUTE)]


def test_a_waiting_job_whose_step_fails_waits_for_the_error_to_pass() -> None:
    job, records, error = waiting(WaitingFor.TURN, failedSteps=1), Records.of(waiting(WaitingFor.TURN)), KeyError("x")
    records.jobs = {"fraud-1": job}
    with pytest.raises(KeyError):
        take(records, checks=Checks(error))
    begun = job.step_begun(NOW, until=DEADLINE, again_at=DEADLINE)
    other = Records.of(begun)
    outcomes.wait(services(other), begun, WaitingFor.ERROR, (job_problems.error(error),), failed=True)
    assert records.written == [saved(begun), *other.written]
    assert other.written[0][1].failedSteps == 2


class Broken(Cluster):
    """Neptune's answers break the function."""

    def training(self, job_id: str, role: str | None) -> Any:
        raise KeyError(job_id, role)


@pytest.mark.parametrize("job", KINDS[1:])
def test_another_job_whose_step_fails_is_due_again_later(job: UnfinishedJob) -> None:
    records = Records.of(job)
    with pytest.raises(KeyError):
        take(records, cluster=Broken())
    begun = job.step_begun(NOW, until=DEADLINE, again_at=DEADLINE)
    again = begun.step_over(NOW, again_at=NOW + MINUTE)
    assert records.written == [saved(begun), saved(again)]


def test_a_look_that_fails_is_raised_and_is_written_once() -> None:
    records = Records.of(started())
    with pytest.raises(LookFailed):
        take(records, cluster=Cluster(DOWN))
    assert [each[0] for each in records.written] == ["save", "save"]
    assert records.written[1][1].unknownSince == NOW


def test_the_error_of_a_step_is_raised_even_if_it_cannot_be_written() -> None:
    class Full(Broken):
        def training(self, job_id: str, role: str | None) -> Any:
            records.unwritable = OSError("full")
            return super().training(job_id, role)

    records = Records.of(started())
    with pytest.raises(KeyError):
        take(records, cluster=Full())
