"""The control item, as plain calls: which slots are taken, until when starts are paused, and what cannot be read."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from neptune_training.model.capacity import Capacity, capacity_of
from neptune_training.model.statuses import WaitingFor

UNTIL = datetime(2026, 11, 24, 2, 38, 8, 754_000, tzinfo=UTC)
UNTIL_TEXT = "2026-11-24T02:38:08.754Z"
NEVER = datetime.max.replace(tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("item", "capacity"),
    [
        ({}, Capacity(frozenset(), None, 0, WaitingFor.CAPACITY, "")),
        (
            {"slots": {"fraud-1"}, "pausedUntil": UNTIL_TEXT, "refusals": 2, "pausedFor": "Neptune"},
            Capacity(frozenset({"fraud-1"}), UNTIL, 2, WaitingFor.NEPTUNE, UNTIL_TEXT),
        ),
        ({"pausedUntil": "soon"}, Capacity(paused_until=NEVER, pause_text="soon")),
        ({"pausedUntil": 7}, Capacity(paused_until=NEVER, pause_text="7")),
        ({"refusals": "2", "pausedFor": "a later release's word"}, Capacity()),
    ],
)
def test_a_control_item_is_read_as_exactly(item: dict[str, Any], capacity: Capacity) -> None:
    assert capacity_of(item) == capacity


def test_starts_are_paused_until_the_pause_ends() -> None:
    paused = Capacity(paused_until=UNTIL)
    assert [paused.is_paused(UNTIL - MILLISECOND), paused.is_paused(UNTIL)] == [True, False]
    assert not Capacity().is_paused(UNTIL)


def test_a_job_has_a_slot_if_it_holds_one_or_one_is_free() -> None:
    capacity = Capacity(slots=frozenset({"a", "b"}))
    assert [capacity.has_slot_for(job, limit) for job, limit in (("a", 1), ("c", 2), ("c", 3))] == [True, False, True]
