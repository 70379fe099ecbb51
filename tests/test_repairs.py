"""The repair of the control item by `track`, as plain calls: when it is read, and what is written."""

from datetime import UTC, datetime
from typing import Any

import pytest

from neptune_training.flow import time_bounds
from neptune_training.flow.tick import Done
from neptune_training.model.capacity import Capacity
from neptune_training.model.jobs import Job
from neptune_training.model.statuses import Status, WaitingFor
from neptune_training.model.times import to_text
from tests.steps import NOW, SETTINGS, Records, logged, requested, seconds, started, waiting
from tests.test_plan import job as entry
from tests.test_plan import queued
from tests.test_tick import Clock, index, tracker

# --- the capacity -----------------------------------------------------------------------------------------------------


def test_the_capacity_is_read_only_if_a_job_in_the_queue_is_due() -> None:
    table = index(capacity=Capacity(slots=frozenset("ab")))
    done = Done()
    idle = [queued("later", -1), entry("r"), entry("w", Status.WAITING, waiting_for=WaitingFor.FILES)]
    assert tracker(table).capacity(idle, NOW, done) == Capacity()
    holding = [queued("now", 0), entry("a", Status.STARTED), entry("b", Status.REQUESTED)]
    assert tracker(table).capacity(holding, NOW, done) == table.seen
    assert [table.written, done] == [[], Done()]


def test_a_capacity_that_cannot_be_read_counts_as_a_pause(caplog: pytest.LogCaptureFixture) -> None:
    class Away(Records):
        def capacity(self) -> Capacity:
            raise OSError

    table, done = Away(), Done()
    paused = tracker(table).capacity([queued("a")], NOW, done)
    assert paused == Capacity(paused_until=datetime.max.replace(tzinfo=UTC))
    assert done.failed == ["#capacity"]
    assert logged(caplog) == [("EXCEPTION", "the capacity cannot be read or repaired", {})]


def repaired(table: Records, holders: set[str], **said: Any) -> tuple[Capacity, Done]:
    done = Done()
    return tracker(table, **said).repaired(table.seen, holders, NOW, done), done


LONGEST = NOW + time_bounds.longest_pause(SETTINGS)


@pytest.mark.parametrize(
    ("until", "text", "to"),
    [
        (LONGEST + seconds(1), None, LONGEST),
        (datetime.max.replace(tzinfo=UTC), "soon", LONGEST),
        (NOW, "2026-11-24 02:00", NOW),  # written by hand: no function would know it as its own
    ],
)
def test_a_pause_that_no_function_has_set_is_shortened(
    until: datetime, text: str | None, to: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    text = text or to_text(until)
    table = index(capacity=Capacity(paused_until=until, pause_text=text))
    repaired(table, set())
    assert table.written == [("shorten", table.seen, to)]
    message = "the pause is longer than any that a function sets: shortened"
    assert logged(caplog) == [("ERROR", message, {"pausedUntil": text})]


def test_a_pause_that_a_function_may_have_set_is_left() -> None:
    table = index(capacity=Capacity(paused_until=LONGEST, pause_text=to_text(LONGEST)))
    assert repaired(table, set()) == (table.seen, Done())
    assert table.written == []


class Reads(Records):
    """Counts how often the capacity is read."""

    reads = 0

    def capacity(self) -> Capacity:
        self.reads += 1
        return Capacity(slots=frozenset({"as", "it", "is"}))


@pytest.mark.parametrize(
    ("seen", "holders", "written", "said"),
    [
        ({"ended", "gone"}, set(), ("forget", ["ended", "gone"]), "ended jobs hold slots: freed"),
        (set(), {"run", "sent"}, ("add", ["run", "sent"]), "running jobs hold no slot: added"),
    ],
)
def test_slots_that_differ_from_the_records_are_repaired_and_read_again(
    seen: set[str], holders: set[str], written: tuple, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    jobs: list[Job] = [started(jobId="ended").ended(Status.FAILED, NOW), started(jobId="run"), requested(jobId="sent")]
    table = Reads({job.jobId: job for job in jobs})
    table.seen = Capacity(slots=frozenset({*seen, "both"}))
    result, _ = repaired(table, {*holders, "both"})
    assert table.written == [written]
    assert [result.slots, table.reads] == [{"as", "it", "is"}, 1]
    assert logged(caplog) == [("ERROR", said, {"jobIds": written[1]})]


def test_slots_of_jobs_whose_records_say_otherwise_are_left() -> None:
    table = index(
        *(started(jobId="run"), requested(jobId="sent"), waiting(WaitingFor.TURN, jobId="waits")),
        started(jobId="ended").ended(Status.FAILED, NOW),
        capacity=Capacity(slots=frozenset({"run", "sent", "waits"})),
    )
    assert repaired(table, {"ended", "gone", "waits"})[0] == table.seen
    assert table.written == []


def test_a_record_that_cannot_be_read_keeps_its_slot_and_the_others_are_read(caplog: pytest.LogCaptureFixture) -> None:
    class Odd(Records):
        def get(self, job_id: str) -> Job | None:
            if job_id == "a":
                raise ValueError(job_id)
            return None

    done = Done()
    assert [*tracker(Odd()).which({"b", "a"}, None, done=done)] == ["b"]
    assert done.failed == ["a"]
    assert logged(caplog) == [("EXCEPTION", "the job's record cannot be read", {"jobId": "a"})]


def test_records_are_read_for_five_seconds_at_most() -> None:
    clock = Clock(seconds(2.5))
    assert [*tracker(index(), now=clock).which({"a", "b", "c"}, None, done=Done())] == ["a"]
