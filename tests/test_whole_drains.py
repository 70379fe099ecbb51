"""A whole drain, as plain calls: what it takes, how long it waits, and what it leaves of the pause."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from neptune_training.flow import drain
from neptune_training.flow.drain import End
from neptune_training.flow.pace import Pace
from neptune_training.flow.pause import Pause
from neptune_training.model.capacity import Capacity
from neptune_training.model.statuses import WaitingFor
from neptune_training.model.times import to_text
from tests.steps import NOW, Records, logged, seconds, services, waiting
from tests.test_drain_calls import DEADLINE, HELD, LAST_START, READY, Steps, holding, threads
from tests.test_plan import queued

# --- the whole drain --------------------------------------------------------------------------------------------------


def run(pause: Pause, table: Records, now: Callable[[], datetime] = lambda: NOW) -> tuple[End, list[float]]:
    slept: list[float] = []
    here = services(table, checks=READY, now=now, sleep=slept.append)
    return drain.drain(here, pause, DEADLINE, threads(Steps())), slept


def queue_of_one() -> Records:
    job = waiting(WaitingFor.SLOT)
    return Records({"fraud-1": job}, entries=[queued("fraud-1", 2)], seen=HELD)


def test_a_drain_starts_the_queue_and_ends_when_it_is_empty() -> None:
    table, pause = queue_of_one(), holding(draining=True)
    assert run(pause, table) == (End.EMPTY, [0, 0, 0])  # before the step, in its claim, and before the next
    assert [table.jobs["fraud-1"].status, pause.sent] == ["STARTED", 1]


def test_a_drain_waits_before_a_step_until_half_a_second_before_its_start() -> None:
    pause = holding(draining=True, sent_at=NOW, pace=Pace(gap=seconds(2)))
    assert run(pause, queue_of_one())[1][:2] == [1.5, 2]
    assert run(holding(draining=True, sent_at=NOW), queue_of_one())[1][:2] == [0, 0.25]


def test_a_drain_that_has_waited_too_long_takes_no_step() -> None:
    times = iter([NOW, NOW, NOW, NOW, NOW])
    table = queue_of_one()
    assert run(holding(draining=True), table, lambda: next(times, LAST_START))[0] is End.OUT_OF_TIME
    assert table.written == []


def test_a_drain_ends_before_its_first_step_if_it_has_to() -> None:
    assert run(holding(draining=True, lost=True), queue_of_one()) == (End.LOST, [])


def test_an_invocation_that_holds_no_pause_drains_nothing() -> None:
    pause, table = Pause(), Records(seen=HELD)
    assert not drain.run(services(table), pause, DEADLINE)
    pause.until(NOW)
    assert not drain.run(services(table), pause, DEADLINE)
    assert [pause.draining, table.written] == [False, []]


def test_an_invocation_that_holds_the_pause_drains_the_queue_and_ends_the_pause() -> None:
    pause, table = holding(), Records(seen=HELD)
    assert drain.run(services(table), pause, DEADLINE)
    assert [pause.draining, table.written] == [True, [("end pause", HELD)]]


def test_a_drain_that_fails_is_logged_and_counts_as_a_drain(caplog: pytest.LogCaptureFixture) -> None:
    class Away(Records):
        def capacity(self) -> Capacity:
            raise OSError

    assert drain.run(services(Away()), holding(), DEADLINE)
    assert logged(caplog) == [("EXCEPTION", "the drain failed: the pause ends by itself", {})]


# --- what it leaves ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ended", "said", "refusals", "written"),
    [
        (End.EMPTY, {}, 0, ("end pause",)),
        (End.OUT_OF_TIME, {}, 0, ("shorten", NOW)),
        (End.REFUSED, {}, 0, ("lengthen", NOW + seconds(5), WaitingFor.CAPACITY, 1)),
        (End.REFUSED, {}, 2, ("lengthen", NOW + seconds(20), WaitingFor.CAPACITY, 3)),
        (End.REFUSED, {}, 4, ("lengthen", NOW + seconds(50), WaitingFor.CAPACITY, 5)),
        (End.REFUSED, {"had_room": True}, 4, ("lengthen", NOW + seconds(5), WaitingFor.CAPACITY, 1)),
        (
            End.REFUSED,
            {"refused_for": WaitingFor.NEPTUNE},
            0,
            ("lengthen", NOW + seconds(5), WaitingFor.NEPTUNE, 1),
        ),
        (End.SILENT, {}, 0, None),
        (End.LOST, {}, 0, None),
    ],
)
def test_a_drain_leaves_of_the_pause(
    ended: End, said: dict[str, Any], refusals: int, written: tuple | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    seen = Capacity(pause_text=HELD.pause_text, refusals=refusals)
    table = Records(seen=seen)
    drain.leave(services(table), holding(**said), ended)
    assert table.written == ([(written[0], seen, *written[1:])] if written else [])
    assert logged(caplog) == [("INFO", "drained", {"end": ended.name, "gapSeconds": 0.25})]


def test_a_drain_leaves_a_pause_that_another_invocation_holds() -> None:
    table = Records(seen=Capacity(pause_text=to_text(NOW)))
    drain.leave(services(table), holding(), End.EMPTY)
    assert table.written == []
