"""Times as the record holds them: UTC, ISO 8601, milliseconds. All texts have one length, so they sort by time."""

from datetime import UTC, datetime, timedelta

UNITS = (("days", 86_400), ("hours", 3600), ("minutes", 60), ("seconds", 1))


def to_milliseconds(time: datetime) -> datetime:
    """Return `time` in UTC, cut to milliseconds, so that a job read back equals the job written."""
    time = time.astimezone(UTC)
    return time.replace(microsecond=time.microsecond // 1000 * 1000)


def to_text(time: datetime) -> str:
    """Return the text of a time: `2026-11-24T02:00:00.000Z`."""
    return to_milliseconds(time).strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03d}Z"


def from_text(text: str) -> datetime:
    """Return the time of a text that `to_text` has made. Raises ValueError."""
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)  # somebody wrote it by hand


def duration(time: timedelta) -> str:
    """Return a length of time for people, such as `24 hours`: in the largest unit of which it has at least two."""
    seconds = max(0, round(time.total_seconds()))
    name, length = next(((name, length) for name, length in UNITS if seconds >= 2 * length), UNITS[-1])
    return f"{seconds // length} {name}"
