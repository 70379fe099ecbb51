"""The pace of a drain: how long to wait between two starts, so that few of them are refused.

The pace follows Neptune's answers, since no document says how many starts a cluster accepts. A pure value: no I/O.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

FIRST_GAP = timedelta(seconds=0.25)
SHORTEST_GAP = timedelta(seconds=0.02)
LONGEST_WAIT = timedelta(seconds=4)
RETRY_FOR = timedelta(seconds=10)
FEWEST_REFUSALS = 3
# After a refusal.
SLOWER = 1.15
MUCH_SLOWER = 1.4  # after the last refusal, fewer than FEW starts were accepted: the limit is still far
FEW = 3
# After a start that was accepted. Where the limit does not change, one start of about 25 is then refused.
FASTER = 0.985
SLIGHTLY_FASTER = 0.997  # the gap is NEAR the one at which the last start was refused
NEAR = 1.08
MUCH_FASTER = 0.9  # no start was refused so far, or a LONG_ROW were accepted: the limit must have grown
LONG_ROW = 30


@dataclass(frozen=True)
class Pace:
    """Hold the pace and the answers that it follows from.

    Attributes:
        gap: The time between two starts while Neptune accepts them.
        accepted: How many starts in a row were accepted.
        refused: How many starts in a row were refused; each one doubles the wait.
        refused_since: The time of the first of these refusals.
        refused_gap: The gap when a start was refused last; None if none was refused.
        retry_for: For how long starts are sent although all are refused. Zero for a probe.
    """

    gap: timedelta = FIRST_GAP
    accepted: int = 0
    refused: int = 0
    refused_since: datetime | None = None
    refused_gap: timedelta | None = None
    retry_for: timedelta = RETRY_FOR

    def after_acceptance(self) -> Self:
        """Return the pace after Neptune had room for a start: faster, but only slightly near the limit."""
        accepted = self.accepted + 1
        if self.refused_gap is None or accepted > LONG_ROW:
            factor = MUCH_FASTER
        else:
            factor = SLIGHTLY_FASTER if self.gap < self.refused_gap * NEAR else FASTER
        gap = max(self.gap * factor, SHORTEST_GAP)
        return replace(self, gap=gap, accepted=accepted, refused=0, refused_since=None, retry_for=RETRY_FOR)

    def after_refusal(self, now: datetime) -> Self:
        """Return the pace after a 429 (too many requests): slower, and the next start comes later still."""
        since = self.refused_since or now
        gap = min(self.gap * (MUCH_SLOWER if self.accepted < FEW else SLOWER), LONGEST_WAIT)
        refused = self.refused + 1
        return replace(self, gap=gap, accepted=0, refused=refused, refused_since=since, refused_gap=self.gap)

    @property
    def wait(self) -> timedelta:
        """Return how long to wait after the last start before the next one is sent."""
        doublings: int = 2 ** max(min(self.refused, 10) - 1, 0)
        return min(self.gap * doublings, LONGEST_WAIT)

    def is_over(self, now: datetime) -> bool:
        """Return True if Neptune has refused all starts for so long that the next one has to wait for a probe.

        The time alone does not count: slow steps may have kept the drain from sending starts.
        """
        enough = self.refused >= FEWEST_REFUSALS or not self.retry_for
        return enough and self.refused_since is not None and now + self.wait >= self.refused_since + self.retry_for
