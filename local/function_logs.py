"""Read the logs of the local stack's functions, a line for each entry."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

GROUPS = "/aws/cloudformation/neptune-ml-training/"
LATE_MILLISECONDS = 5_000  # an entry may come after others that are newer
FRAME = ("START RequestId:", "END RequestId:", "REPORT RequestId:")  # Lambda's own lines around each invocation
# What each entry has, and what says nothing about the job.
COMMON = frozenset(
    ("level", "location", "message", "timestamp", "service", "name", "cold_start", "xray_trace_id", "exception_name")
)


class Entry(NamedTuple):
    """Hold one entry: its time (epoch milliseconds), the function's name, the level, and the text."""

    at: int
    function: str
    level: str
    text: str

    def __str__(self) -> str:
        """Return the entry as a line; a traceback makes more of it."""
        time = datetime.fromtimestamp(self.at / 1000).astimezone().strftime("%H:%M:%S.%f")[:-3]
        return f"{time}  {self.function:<6}  {self.level:<7}  {self.text}"


class Reader:
    """Read the logs of all functions, each entry once."""

    def __init__(self, logs: Any) -> None:
        self._logs = logs
        self._newest = 0
        self._seen: set[tuple[str, str, int, str]] = set()

    def entries(self) -> list[Entry]:
        """Return the entries that are new since the last call, in order."""
        since = max(0, self._newest - LATE_MILLISECONDS)
        groups = self._logs.describe_log_groups(logGroupNamePrefix=GROUPS)["logGroups"]
        found = [entry for group in groups for entry in self._of_group(group["logGroupName"], since)]
        return sorted(found, key=lambda entry: entry.at)

    def _of_group(self, group: str, since: int) -> Iterator[Entry]:
        function = group.removeprefix(GROUPS).removesuffix("Logs").lower()
        for event in self._logs.filter_log_events(logGroupName=group, startTime=since)["events"]:
            at, message = event["timestamp"], event["message"]
            key = (group, event["logStreamName"], at, message)
            if key not in self._seen:
                self._seen.add(key)
                self._newest = max(self._newest, at)
                if read := said(message):
                    yield Entry(at, function, *read)


def said(message: str) -> tuple[str, str] | None:
    """Return the level and the text of what a function has printed; None for metrics and Lambda's own lines."""
    if message.startswith(FRAME) or not message.strip():
        return None
    try:
        entry = json.loads(message)
    except ValueError:
        return "", message.rstrip()
    if not isinstance(entry, dict) or "_aws" in entry:
        return None
    about = {key: value for key, value in entry.items() if key not in COMMON and not key.startswith("function_")}
    traceback = about.pop("exception", None)
    words = [str(entry.get("message", "")), *(f"{key}={value}" for key, value in about.items())]
    return str(entry.get("level", "")), "\n".join(filter(None, ["  ".join(words), traceback]))
