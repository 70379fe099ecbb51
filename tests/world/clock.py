"""Time that passes only when a test lets it."""

import threading
from datetime import UTC, datetime, timedelta

BEGINNING = datetime(2026, 11, 24, 2, tzinfo=UTC)


class Clock:
    """The one clock of a world. Sleeping is one way to let it pass.

    Time goes back to where an invocation began when that is over, since others run beside it. Where functions run side
    by side call by call, time is `shared`: it goes on for all of them, and never back.

    `skew` is how far the clock of this thread's invocation is wrong; `seen` is what that invocation takes for the time.
    """

    def __init__(self) -> None:
        self.time = BEGINNING
        self.shared = False
        self._own = threading.local()

    @property
    def skew(self) -> timedelta:
        return getattr(self._own, "skew", timedelta(0))

    @skew.setter
    def skew(self, skew: timedelta) -> None:
        self._own.skew = skew

    def go_back(self, time: datetime) -> None:
        """Be where an invocation began, unless time is shared."""
        if not self.shared:
            self.time = time

    def seen(self) -> datetime:
        """As the invocation that asks has it."""
        return self.time + self.skew

    def now(self) -> datetime:
        return self.time

    def naive(self) -> datetime:
        """As moto has it."""
        return self.time.replace(tzinfo=None)

    def epoch(self) -> float:
        """As local Neptune ML has it."""
        return self.time.timestamp()

    def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)
