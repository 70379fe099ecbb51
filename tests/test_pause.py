"""The pause as one invocation knows it, as plain calls: all that it holds after each note."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from neptune_training.flow.pace import Pace
from neptune_training.flow.pause import Pause
from neptune_training.model.capacity import Capacity
from neptune_training.model.statuses import WaitingFor
from neptune_training.model.times import to_text
from tests.steps import NOW, seconds

NEW: dict[str, Any] = {
    "pace": Pace(),
    "draining": False,
    "lost": False,
    "had_room": False,
    "sent": 0,
    "sent_at": None,
    "refused_for": None,
    "refused_job": "",
    "_written": Counter(),
    "_unanswered": 0,
}
PROBE = Pace(retry_for=timedelta())
OURS = Capacity(pause_text=to_text(NOW))


def known(pause: Pause, **expected: Any) -> bool:
    return vars(pause) == {**NEW, **expected}


def test_a_new_pause_knows_nothing() -> None:
    assert known(Pause())
    assert [Pause().has_written, Pause().is_silent, Pause().seconds_left(NOW)] == [False, False, 0]


def test_an_invocation_holds_the_pause_whose_end_it_has_written() -> None:
    pause = Pause()
    assert pause.until(NOW) == NOW
    assert [pause.has_written, pause.holds(OURS)] == [True, True]
    assert [pause.holds(Capacity(pause_text=to_text(NOW + seconds(1)))), pause.holds(Capacity())] == [False, False]
    pause.not_written(NOW + seconds(1))
    assert pause.holds(OURS)
    pause.not_written(NOW)
    assert [pause.has_written, pause.holds(OURS)] == [False, False]


def test_of_two_steps_that_write_the_same_end_of_the_pause_one_can_fail_and_the_pause_is_still_held() -> None:
    pause = Pause()
    for _ in range(2):
        pause.until(NOW)
    pause.not_written(NOW)
    assert [pause.has_written, pause.holds(OURS)] == [True, True]


def test_a_clock_that_goes_back_makes_no_wait_longer_than_the_paces() -> None:
    pause = Pause()
    pause.draining = True
    pause.sends(NOW)
    assert pause.seconds_left(NOW - timedelta(hours=1)) == pause.pace.wait.total_seconds()


@pytest.mark.parametrize(
    ("draining", "capacity", "can", "lost"),
    [
        (True, OURS, True, False),
        (True, Capacity(), False, True),
        (False, OURS, False, False),
        (False, Capacity(), False, False),
    ],
)
def test_while_starts_are_paused_only_a_drain_that_holds_the_pause_starts_jobs(
    draining: bool, capacity: Capacity, can: bool, lost: bool
) -> None:
    pause = Pause()
    pause.until(NOW)
    pause.draining = draining
    assert [pause.may_start(capacity), pause.lost] == [can, lost]


def test_a_probe_is_not_repeated() -> None:
    pause = Pause()
    pause.pace = Pace(refused=3)
    pause.probes()
    assert known(pause, pace=PROBE)


def test_two_starts_without_an_answer_are_silence() -> None:
    pause = Pause()
    pause.sends(NOW - seconds(1))
    assert not pause.is_silent
    pause.sends(NOW)
    assert pause.is_silent
    assert known(pause, sent=2, sent_at=NOW, _unanswered=2)


def test_an_acceptance_shows_that_there_is_room() -> None:
    pause = Pause()
    pause.sends(NOW)
    pause.refused_for = WaitingFor.CAPACITY
    pause.accepted()
    assert known(pause, sent=1, sent_at=NOW, had_room=True, pace=Pace().after_acceptance())


def test_a_refusal_is_known_with_its_job_and_reason() -> None:
    pause = Pause()
    pause.sends(NOW)
    pause.refused("fraud-1", WaitingFor.NEPTUNE, NOW + seconds(1))
    refused = {"refused_for": WaitingFor.NEPTUNE, "refused_job": "fraud-1"}
    assert known(pause, sent=1, sent_at=NOW, pace=Pace().after_refusal(NOW + seconds(1)), **refused)


@pytest.mark.parametrize(
    ("draining", "later", "left"), [(True, 0, 0.25), (True, 0.125, 0.125), (True, 0.25, 0), (True, 9, 0), (False, 0, 0)]
)
def test_a_drain_waits_for_the_rest_of_its_gap(draining: bool, later: float, left: float) -> None:
    pause = Pause()
    pause.draining = draining
    assert pause.seconds_left(NOW) == 0
    pause.sends(NOW)
    assert pause.seconds_left(NOW + seconds(later)) == left
