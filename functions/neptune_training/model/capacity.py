"""The capacity of the Neptune cluster: slots, and the pause after a refused start.

A *slot* is what a job needs to start: there are `MaxConcurrentTrainingJobs` of them. A *pause* stops all starts after
Neptune has refused one, but for those of the invocation that *holds* the pause: it *drains* the queue. A *probe* is the
one start that is sent after a pause, to find out whether Neptune takes jobs again.

Values only. `aws.table` reads and writes them. `flow.plan`, `flow.waiting` and `flow.drain` decide with them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from neptune_training.model.statuses import WaitingFor
from neptune_training.model.times import from_text


@dataclass(frozen=True)
class Capacity:
    """Hold the control item of the TrainingJobs table, as it was read.

    Attributes:
        slots: Ids of the jobs that hold a slot: Neptune has them or may have them.
        paused_until: When the next probe can be sent. None while starts are not paused.
        refusals: How many probes in a row Neptune has refused. Each one doubles the next pause.
        paused_for: Why starts are paused: no capacity, or Neptune cannot be reached.
        pause_text: `paused_until` as the item has it.
    """

    slots: frozenset[str] = frozenset()
    paused_until: datetime | None = None
    refusals: int = 0
    paused_for: WaitingFor = WaitingFor.CAPACITY
    pause_text: str = ""

    def is_paused(self, now: datetime) -> bool:
        """Return True while no job may be started, not even as a probe."""
        return self.paused_until is not None and now < self.paused_until

    def has_slot_for(self, job_id: str, limit: int) -> bool:
        """Return True if the job holds a slot, or if fewer than `limit` slots are taken."""
        return job_id in self.slots or len(self.slots) < limit


def waiting_for(text: Any) -> WaitingFor | None:
    """Return what a record says that its job waits for. None for a value that only a newer release knows."""
    return WaitingFor(text) if text in tuple(WaitingFor) else None


def time_of(text: Any) -> datetime:
    """Return when a pause ends: the latest possible time if it cannot be read. `track` shortens such a pause."""
    try:
        return from_text(text)
    except (TypeError, ValueError):
        return datetime.max.replace(tzinfo=UTC)


def capacity_of(item: Mapping[str, Any]) -> Capacity:
    """Build a `Capacity` from the control item.

    `item` has plain Python values, for example `{"slots": {"fraud-1"}, "pausedUntil": "2026-11-24T02:38:08.754Z",
    "refusals": 2, "pausedFor": "capacity"}`. It is empty if the item does not exist yet.
    """
    until, refusals = item.get("pausedUntil"), item.get("refusals")
    return Capacity(
        slots=frozenset(item.get("slots", ())),
        paused_until=time_of(until) if until else None,
        pause_text=str(until or ""),
        refusals=refusals if isinstance(refusals, int) else 0,
        paused_for=waiting_for(item.get("pausedFor")) or WaitingFor.CAPACITY,
    )
