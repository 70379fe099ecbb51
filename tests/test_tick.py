"""A tick of `track`, as plain calls: what is invoked, repaired, ended and counted."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from neptune_training.aws.writes import RecordChanged
from neptune_training.flow import job_problems, tick, time_bounds
from neptune_training.flow.plan import Plan
from neptune_training.flow.tick import Done, Tracker
from neptune_training.model.capacity import Capacity
from neptune_training.model.jobs import Job, UnfinishedJob
from neptune_training.model.problems import Problem
from neptune_training.model.statuses import Status, WaitingFor
from neptune_training.model.times import to_text
from neptune_training.model.unfinished import Entry
from tests.settings import settings
from tests.steps import MINUTE, NOW, SETTINGS, Records, logged, requested, seconds, started, waiting
from tests.test_plan import job as entry
from tests.test_plan import queued

DEADLINE = NOW + MINUTE
BEFORE = Problem(field="before", problem="is odd", remedy="Wait")
DAY = timedelta(days=1)


def index(*jobs: Job, entries: Sequence[Entry] = (), capacity: Capacity | None = None) -> Records:
    return Records({job.jobId: job for job in jobs}, seen=capacity or Capacity(), entries=entries)


class Clock:
    """Moves on by `step` each time that it is read."""

    def __init__(self, step: timedelta = timedelta(), time: datetime = NOW) -> None:
        self.time, self.step = time, step

    def __call__(self) -> datetime:
        now, self.time = self.time, self.time + self.step
        return now


def tracker(
    table: Records,
    invoke: Callable[..., Any] = lambda *_: None,
    now: Callable[[], datetime] = lambda: NOW,
    **said: object,
) -> Tracker:
    return Tracker(cast("Any", table), invoke, settings(**said), now)


# --- what is counted --------------------------------------------------------------------------------------------------


def test_a_tick_counts_what_waits_runs_and_has_no_access_and_the_age_of_the_oldest_request() -> None:
    jobs = [
        entry("a", Status.WAITING, waiting_for=WaitingFor.ACCESS, created_at=NOW - 3 * MINUTE),
        entry("b", Status.WAITING, waiting_for=WaitingFor.SLOT, created_at=NOW - 9 * MINUTE),
        entry("c", Status.REQUESTED, created_at=NOW - 5 * MINUTE),
        entry("d", Status.STARTED, created_at=NOW - 9 * MINUTE),
        entry("e", Status.WAITING, waiting_for=WaitingFor.FILES, created_at=NOW - MINUTE),
    ]
    assert tick.seen(jobs, NOW) == Done(waiting=3, oldest_seconds=300, slots=2, access_denied=1)


def test_a_tick_without_jobs_counts_nothing() -> None:
    assert tick.seen([], NOW) == Done(0, 0, 0, 0, 0, [], [], [])


def test_the_metrics_are_the_counts() -> None:
    done = Done(waiting=1, oldest_seconds=2, slots=3, access_denied=4, invoked=9, in_doubt=["a", "b"])
    assert done.metrics() == {
        "JobsWaiting": 1,
        "OldestRequestAgeSeconds": 2,
        "SlotsInUse": 3,
        "AccessDenied": 4,
        "EndedInDoubt": 2,
    }


# --- what is invoked --------------------------------------------------------------------------------------------------


def test_a_tick_invokes_the_plan_with_the_turns_of_each_group() -> None:
    asked: list[tuple] = []
    jobs = [queued("q"), entry("r"), entry("odd", failed_steps=1), entry("late", end_by=NOW)]
    late = started(jobId="late", unknownSince=NOW - 2 * DAY)
    table = index(late, entries=jobs, capacity=Capacity(slots=frozenset({"late"})))
    done = tracker(table, lambda *said: asked.append(said), max_concurrent_steps=2).tick(DEADLINE)
    assert asked == [(("q", "r"), ("q",)), (("odd",), ())]
    assert [done.invoked, done.ended, done.waiting, done.failed] == [2, ["late"], 1, []]


def test_a_group_that_cannot_be_invoked_has_failed_and_the_others_are_invoked(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def invoke(group: tuple, _: tuple) -> None:
        if "a" in group:
            raise OSError

    done = Done()
    planned = Plan(groups=(("a", "b"), ("c",)))
    tracker(index(), invoke).invoke_steps(planned, DEADLINE, done)
    assert [done.failed, done.invoked] == [["a", "b"], 1]
    assert logged(caplog) == [("EXCEPTION", "step could not be invoked", {"jobIds": ("a", "b")})]


def test_no_group_is_invoked_in_the_last_ten_seconds() -> None:
    asked: list[tuple] = []
    done = Done()
    clock = Clock(seconds(1), DEADLINE - seconds(12))
    planned = Plan(groups=(("a",), ("b",), ("c",), ("d",)))
    tracker(index(), lambda *said: asked.append(said), clock).invoke_steps(planned, DEADLINE, done)
    assert [group for group, _ in asked] == [("a",), ("b",)]
    assert [done.failed, done.invoked] == [["c", "d"], 2]


def test_no_job_is_ended_in_the_last_thirty_seconds() -> None:
    late = {"unknownSince": NOW - 2 * DAY}
    names = [f"late-{number}" for number in range(3)]
    table = index(*(started(jobId=name, **late) for name in names), entries=[entry(name, end_by=NOW) for name in names])
    times = iter([NOW, DEADLINE - seconds(31), NOW, DEADLINE - seconds(30), DEADLINE - seconds(30)])
    done = tracker(table, now=lambda: next(times)).tick(DEADLINE)
    assert done.ended == ["late-0"]


def test_a_capacity_that_is_in_order_is_not_read_again() -> None:
    read = Capacity(slots=frozenset({"fraud-1"}), paused_until=NOW, pause_text=to_text(NOW))
    assert tracker(index(started())).repaired(read, {"fraud-1"}, NOW, Done()) is read


# --- the end ----------------------------------------------------------------------------------------------------------


def ended(job: UnfinishedJob) -> tuple[Records, Done]:
    table, done = index(job), Done()
    tracker(table).end(job.jobId, done)
    return table, done


def test_a_waiting_job_whose_bound_has_passed_is_rejected(caplog: pytest.LogCaptureFixture) -> None:
    job = waiting(WaitingFor.FILES, giveUpAt=NOW, reasons=(BEFORE,), unanswered=True)
    table, done = ended(job)
    limit = {"unanswered": True, "limit": "FilesGraceSeconds"}
    reasons = job_problems.gave_up(job, WaitingFor.FILES, (BEFORE,), NOW, **limit)  # type: ignore[arg-type]
    assert table.written == [("save", job.ended(Status.REJECTED, NOW, reasons))]
    assert done == Done(ended=["fraud-1"])
    assert logged(caplog) == [("WARNING", "ended by its bound", {"jobId": "fraud-1", "was": "WAITING"})]


LONG_AGO = NOW - 30 * DAY


@pytest.mark.parametrize(
    ("job", "problem"),
    [
        (requested(leaseUntil=NOW - DAY, giveUpAt=NOW - DAY), job_problems.NEVER_FOUND_OUT),
        (started(startedAt=LONG_AGO), job_problems.RAN_TOO_LONG),
        (started(startedAt=LONG_AGO, unknownSince=NOW - DAY + seconds(1)), job_problems.RAN_TOO_LONG),
        (started(unknownSince=NOW - DAY), job_problems.NEVER_SEEN),
    ],
)
def test_a_job_that_may_run_fails_in_doubt_when_its_bound_has_passed(job: UnfinishedJob, problem: str) -> None:
    job = job.model_copy(update={"reasons": (BEFORE,)})
    table, done = ended(job)
    reasons = (BEFORE, job_problems.in_doubt(job, problem))
    assert table.written == [("release", job.ended(Status.FAILED, NOW, reasons), None)]
    assert done == Done(ended=["fraud-1"], in_doubt=["fraud-1"])


def test_a_job_whose_bound_the_operator_has_raised_gets_it_anew() -> None:
    job = started(endBy=NOW)
    table, done = ended(job)
    assert table.written == [("save", job.next_unchanged(NOW).bounded(time_bounds.end_by(job, SETTINGS, NOW)))]
    assert done == Done()


def test_a_job_that_has_ended_or_has_no_record_is_not_ended_again() -> None:
    table = index(started(jobId="ended").ended(Status.FAILED, NOW))
    done = Done()
    for job_id in ("ended", "gone"):
        tracker(table).end(job_id, done)
    assert [table.written, done] == [[], Done()]


def test_a_job_that_another_invocation_changes_is_left_to_it_and_one_that_cannot_be_ended_has_failed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    table, done = index(started(unknownSince=LONG_AGO)), Done()
    table.unwritable = RecordChanged("condition")
    tracker(table).end("fraud-1", done)
    assert done == Done()
    table.unwritable = OSError("no")
    tracker(table).end("fraud-1", done)
    assert done == Done(failed=["fraud-1"])
    assert logged(caplog) == [("EXCEPTION", "job could not be ended", {"jobId": "fraud-1"})]
