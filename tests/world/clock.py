"""Time that passes only when it is told to."""

from datetime import UTC, datetime, timedelta

BEGINNING = datetime(2026, 11, 24, 2, tzinfo=UTC)


class Clock:
    """The one clock of a world. Sleeping is one way to let it pass."""

    def __init__(self) -> None:
        self.time = BEGINNING

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
