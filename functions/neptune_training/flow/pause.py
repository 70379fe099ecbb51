"""The pause of all starts, as one invocation knows it: if it holds the pause, and how Neptune has answered.

The pause begins when Neptune refuses a start. The invocation that began it, or that sent the probe after it, *holds*
it: no other invocation starts a job until `pausedUntil`. Meanwhile `flow.drain` starts the jobs that wait, one by one.
"""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

from neptune_training.flow.pace import Pace
from neptune_training.model.capacity import Capacity
from neptune_training.model.statuses import WaitingFor
from neptune_training.model.times import to_text

MAX_UNANSWERED = 2


class Pause:
    """Hold what an invocation knows of the pause. The steps of one invocation share it.

    Attributes:
        pace: The pace of the drain.
        draining: True once the invocation has taken its own steps and drains the queue. Only then can it start a job
            while starts are paused.
        lost: True once another invocation holds the pause, or has ended it.
        sent: How many starts were sent.
        sent_at: When the last of them was sent.
        refused_for: Why Neptune refused the last start; None if it did not refuse it.
        refused_job: The job of the last start that Neptune refused.
        had_room: True once Neptune had room for a start.
    """

    def __init__(self) -> None:
        self.pace = Pace()
        self.draining = self.lost = self.had_room = False
        self.sent = 0
        self.sent_at: datetime | None = None
        self.refused_for: WaitingFor | None = None
        self.refused_job = ""
        self._written = Counter[str]()  # two steps may write the same text, and one of them fail
        self._unanswered = 0

    @property
    def has_written(self) -> bool:
        """Return True if this invocation has tried to begin the pause, or to prolong it."""
        return bool(+self._written)

    def holds(self, capacity: Capacity) -> bool:
        """Return True if `pausedUntil` is a time that this invocation has written."""
        return self._written[capacity.pause_text] > 0

    def may_start(self, capacity: Capacity) -> bool:
        """Return True if this invocation can start a job although starts are paused. Note if it has lost the pause."""
        self.lost = self.draining and not self.holds(capacity)
        return self.draining and not self.lost

    def until(self, time: datetime) -> datetime:
        """Note that `time` is written to `pausedUntil`; return it. Call it before the write: its answer may be lost."""
        self._written[to_text(time)] += 1
        return time

    def not_written(self, time: datetime) -> None:
        """Forget a time whose write was refused: another invocation may have written the same."""
        self._written[to_text(time)] -= 1

    def probes(self) -> None:
        """Note that the next start is a probe: if it is refused, the drain ends at once."""
        self.pace = replace(Pace(), retry_for=timedelta())

    def seconds_left(self, now: datetime) -> float:
        """Return how long to wait before the next start, at the pace of the drain. 0 if there is no drain."""
        if self.sent_at is None or not self.draining:
            return 0
        left = min(self.sent_at + self.pace.wait - now, self.pace.wait)  # the clock may have gone back
        return max(left.total_seconds(), 0)

    def sends(self, now: datetime) -> None:
        """Note that a start is being sent."""
        self.sent, self.sent_at = self.sent + 1, now
        self._unanswered += 1

    def accepted(self) -> None:
        """Note that Neptune had room for a start, whatever else it answered."""
        self._unanswered, self.refused_for, self.had_room = 0, None, True
        self.pace = self.pace.after_acceptance()

    def refused(self, job_id: str, waiting_for: WaitingFor, now: datetime) -> None:
        """Note that Neptune had no room for a start, or that no connection to it could be made."""
        self._unanswered, self.refused_for = 0, waiting_for
        self.refused_job = job_id
        self.pace = self.pace.after_refusal(now)

    @property
    def is_silent(self) -> bool:
        """Return True if the last two starts have no answer, or none yet: it is not known if the cluster takes any."""
        return self._unanswered >= MAX_UNANSWERED
