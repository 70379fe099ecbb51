"""The drain, as plain calls: which jobs it takes, when it ends, and what it leaves of the pause."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from neptune_training.aws.neptune_errors import LookFailed
from neptune_training.checks.verdicts import Ready
from neptune_training.flow import drain
from neptune_training.flow.drain import End
from neptune_training.flow.pace import Pace
from neptune_training.flow.pause import Pause
from neptune_training.flow.step_threads import StepThreads
from neptune_training.model.capacity import Capacity
from neptune_training.model.statuses import WaitingFor
from neptune_training.model.times import to_text
from tests.steps import MINUTE, NOW, SENT, Checks, Records, logged, seconds, services, started, waiting
from tests.test_plan import job as entry
from tests.test_plan import queued

DEADLINE = NOW + 5 * MINUTE
LAST_START = DEADLINE - seconds(25)
READY = Checks(Ready(SENT, {}))
HELD = Capacity(paused_until=NOW + MINUTE, pause_text=to_text(NOW + MINUTE), refusals=2)
OVER = Pace(refused=1, refused_since=NOW, retry_for=timedelta())


class Steps:
    """Takes each step at once. `waited` counts how often it was waited for; then `outcome` happens."""

    def __init__(self, outcome: Callable[[], object] = lambda: None) -> None:
        self.waited, self.outcome = 0, outcome

    def wait(self) -> None:
        self.waited += 1
        self.outcome()

    def take(self, step: Callable[[], None]) -> None:
        step()


class Time:
    """A clock that a test sets."""

    def __init__(self, time: datetime = NOW) -> None:
        self.time = time

    def __call__(self) -> datetime:
        return self.time


def holding(**said: Any) -> Pause:
    """The pause of an invocation that holds `HELD`."""
    pause = Pause()
    pause.until(NOW + MINUTE)
    vars(pause).update(said)
    return pause


def threads(steps: Steps) -> StepThreads:
    return cast("StepThreads", steps)


# --- when it ends -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "now", "ended"),
    [
        ({}, NOW, None),
        ({}, LAST_START, End.OUT_OF_TIME),
        ({"lost": True, "refused_for": WaitingFor.NEPTUNE}, NOW, End.LOST),
        ({"refused_for": WaitingFor.NEPTUNE}, LAST_START, End.REFUSED),
        ({"refused_for": WaitingFor.CAPACITY}, NOW, None),
        ({"pace": OVER}, LAST_START, End.REFUSED),
    ],
)
def test_a_drain_ends_for_the_first_reason(said: dict[str, Any], now: datetime, ended: End | None) -> None:
    steps = Steps()
    assert drain.ends(services(Records(), now=lambda: now), holding(**said), DEADLINE, threads(steps)) is ended
    assert steps.waited == 0


def test_a_drain_without_answers_waits_for_its_steps_and_ends_if_none_comes() -> None:
    pause = holding(_unanswered=2)
    late, never = Steps(pause.accepted), Steps()
    here = services(Records(), now=lambda: LAST_START)
    assert drain.ends(here, holding(_unanswered=2), DEADLINE, threads(never)) is End.SILENT
    assert drain.ends(services(Records()), pause, DEADLINE, threads(late)) is None
    assert [late.waited, never.waited] == [1, 1]


# --- which jobs -------------------------------------------------------------------------------------------------------


def test_the_turns_are_those_of_the_plan_while_starts_are_not_paused() -> None:
    jobs = [queued("b", 2), queued("a", 3), entry("r"), queued("later", -1)]
    here = services(Records(entries=jobs, seen=Capacity(paused_until=NOW + MINUTE)))
    assert drain.turns(here) == ["a", "b"]
    full = services(Records(entries=jobs, seen=Capacity(slots=frozenset("xy"))))
    assert drain.turns(full) == []


def test_without_a_start_each_job_is_yielded_once_however_long_each_takes() -> None:
    steps, time, taken = Steps(), Time(), list[str]()
    here = services(Records(entries=[queued("a", 3), queued("b", 2)]), now=time)
    for job_id in drain.queued(here, Pause(), threads(steps)):
        taken.append(job_id)
        time.time += seconds(11)
    assert [taken, steps.waited] == [["a", "b"], 1]


@pytest.mark.parametrize(("refused_for", "jobs"), [(WaitingFor.CAPACITY, ["x"]), (None, [])])
def test_the_job_that_was_refused_last_is_tried_again_if_the_index_lacks_it(refused_for: Any, jobs: list[str]) -> None:
    pause = holding(refused_for=refused_for, refused_job="x")
    assert [*drain.queued(services(Records()), pause, threads(Steps()))] == jobs


def test_as_long_as_starts_are_sent_the_queue_is_read_again() -> None:
    pause, steps, taken = Pause(), Steps(), list[str]()
    for job_id in drain.queued(services(Records(entries=[queued("a", 3), queued("b", 2)])), pause, threads(steps)):
        taken.append(job_id)
        if len(taken) == 1:
            pause.sends(NOW)
    assert [taken, steps.waited] == [["a", "b", "a", "b"], 2]


@pytest.mark.parametrize(("later", "taken"), [(10, ["a", "a", "b"]), (9.999, ["a", "b", "a", "b"])])
def test_ten_seconds_after_the_queue_was_read_a_start_leads_to_another_read(later: float, taken: list[str]) -> None:
    pause, time, found = Pause(), Time(), list[str]()
    here = services(Records(entries=[queued("a", 3), queued("b", 2)]), now=time)
    for job_id in drain.queued(here, pause, threads(Steps())):
        found.append(job_id)
        if len(found) == 1:
            pause.sends(NOW)
            time.time = NOW + seconds(later)
    assert found == taken


# --- a step -----------------------------------------------------------------------------------------------------------


def test_a_job_is_taken_with_its_turn() -> None:
    table, pause = Records.of(waiting(WaitingFor.TURN)), Pause()
    drain.take(services(table, checks=READY), "fraud-1", DEADLINE, pause)
    assert [table.jobs["fraud-1"].status, table.counted, pause.sent] == ["STARTED", [], 1]
    assert table.written[1][1].leaseUntil == DEADLINE + seconds(20) + 2 * MINUTE


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (KeyError("x"), [("EXCEPTION", "step failed", {"jobId": "fraud-1"})]),
        (LookFailed("GetMLModelTrainingJob", "Down", "down"), []),
    ],
)
def test_a_step_that_fails_is_logged_unless_the_flow_has(
    error: Exception, said: list, caplog: pytest.LogCaptureFixture
) -> None:
    table = Records.of(started())
    table.unreadable = error
    drain.take(services(table), "fraud-1", DEADLINE, Pause())
    assert logged(caplog) == said
