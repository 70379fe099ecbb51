"""What the cluster can take, as the table knows it: slots, the pause, and the jobs that are due."""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from neptune_training.model.jobs import CLUSTER_WIDE, WaitingFor
from neptune_training.model.times import from_text

log = logging.getLogger(__name__)


class Due(NamedTuple):
    """What the index over unfinished jobs says of one of them: enough to pass over those that wait for the cluster."""

    job_id: str
    since: datetime
    waiting_for: WaitingFor | None
    give_up_at: datetime | None

    def waits_for_cluster(self, now: datetime) -> bool:
        """Whether a look at the job can wait until the cluster takes jobs again."""
        return self.waiting_for in CLUSTER_WIDE and self.give_up_at is not None and now < self.give_up_at


class Capacity(NamedTuple):
    """The control item: who holds a slot; until when, and after how many refusals in a row, nobody may start."""

    slots: frozenset[str] = frozenset()
    paused_until: datetime | None = None
    refusals: int = 0
    paused_for: WaitingFor = WaitingFor.CAPACITY

    def paused(self, now: datetime) -> bool:
        """Whether every claim waits for the next probe."""
        return self.paused_until is not None and now < self.paused_until

    def free(self, job_id: str, most: int) -> bool:
        """Whether `job_id` has a slot or could have one."""
        return job_id in self.slots or len(self.slots) < most


def due_of(stored: Mapping[str, Any]) -> Due | None:
    """An entry of the index over unfinished jobs; None where somebody wrote it by hand, and not as it has to be."""
    try:
        give_up_at = stored.get("giveUpAt")
        since, give_up = from_text(stored["createdAt"]), give_up_at and from_text(give_up_at)
    except (KeyError, TypeError, ValueError):
        log.exception("no job", extra={"jobId": stored["jobId"]})
        return None
    return Due(stored["jobId"], since, known(stored.get("waitingFor")), give_up)


def known(waiting_for: str | None) -> WaitingFor | None:
    """What only a later release waits for, its own code understands."""
    return WaitingFor(waiting_for) if waiting_for in tuple(WaitingFor) else None


def capacity_of(stored: Mapping[str, Any]) -> Capacity:
    """The control item, which may not be there yet."""
    until = stored.get("pausedUntil")
    return Capacity(
        slots=frozenset(stored.get("slots", ())),
        paused_until=from_text(until) if until else None,
        refusals=int(stored.get("refusals", 0)),
        paused_for=known(stored.get("pausedFor")) or WaitingFor.CAPACITY,
    )
