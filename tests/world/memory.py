"""What a process that dies leaves behind, to be compared and to go back to."""

import copy
import re
from datetime import datetime
from typing import Any, NamedTuple

from moto.backends import get_backend
from moto.core.models import DEFAULT_ACCOUNT_ID

from tests.world import checks
from tests.world.queue import Queue
from tests.world.seen import Seen
from tests.world.surroundings import REGION, TABLE

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Remembered(NamedTuple):
    """A world at one moment."""

    time: datetime
    phase: str
    queue: dict[str, Any]
    table: Any
    neptune: Any
    streamed: list[Any]
    announced_from: int
    emitted_from: int
    invocations: list[dict[str, Any]]
    heard: list[Any]
    events: list[Any]


class Memory(Seen):
    """A world that can be at an earlier moment again."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.queue = Queue(self.clock.now)
        self.phase = "deliver"
        self._announced_from = self._emitted_from = 0

    def remember(self) -> "Remembered":
        """All that outlives a process: the table, its stream, Neptune, the queue, the topic.

        In S3, only status files change. They decide nothing.
        """
        with self._moment, self.neptune.lock:
            return Remembered(
                time=self.clock.time,
                phase=self.phase,
                queue=copy.deepcopy(self.queue.__dict__, {id(self.queue.now): self.queue.now}),
                table=copy.deepcopy(self._table()),
                neptune=copy.deepcopy(self.neptune.state, {id(self.neptune): self.neptune}),
                streamed=[*self.stream()],
                announced_from=self._announced_from,
                emitted_from=self._emitted_from,
                invocations=[*self.invocations],
                heard=[*self._topic().sent_notifications],
                events=[*self.events],
            )

    def go_back(self, then: "Remembered") -> None:
        """Be what was remembered."""
        self.clock.time, self.phase, self._announced_from = then.time, then.phase, then.announced_from
        self.queue.__dict__.update(copy.deepcopy(then.queue, {id(self.queue.now): self.queue.now}))
        get_backend("dynamodb")[DEFAULT_ACCOUNT_ID][REGION].tables[TABLE] = copy.deepcopy(then.table)
        self.neptune.state = copy.deepcopy(then.neptune, {id(self.neptune): self.neptune})
        self._streamed, self.invocations = [*then.streamed], [*then.invocations]
        self._topic().sent_notifications[:] = then.heard
        self._emitted_from, self.events = then.emitted_from, [*then.events]

    def fingerprint(self) -> str:
        """Equal for worlds whose future is the same."""
        heard = {(message["jobId"], message["status"]) for message in self.announcements()}
        waiting = [(each.id, each.visible_at) for each in self.queue.messages]
        emitted = {(detail["jobId"], detail["status"]) for detail in self.emitted()}
        pending = [
            [checks.images(record) for record in self.stream()[since:]]
            for since in (self._announced_from, self._emitted_from)
        ]
        with self.neptune.lock:
            training = {
                job_id: (job.began, job.cancelled) for job_id, job in self.neptune.state.cluster.training.items()
            }
        told = (sorted(heard), sorted(emitted))
        durable = (self.clock.time, self.phase, told, waiting, pending, training, self.invocations)
        return without_ids(repr((*durable, self.accepted(), sorted(self.items().items(), key=str))))


def without_ids(text: str) -> str:
    """Leave out the ids that Neptune gives to each request, which decide nothing."""
    return UUID.sub("", text)
