"""Ask CloudWatch Logs for the last lines of a job's log."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

PAGES = 2  # of 50 streams: most tuning jobs have fewer trials


class CloudWatchLogs:
    """Read logs."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def last_lines(self, group: str, prefix: str, most: int) -> tuple[str, list[str]] | None:
        """Return the name and the last lines of the stream that was written last, of those that begin with `prefix`.

        None if there is no such stream. Streams cannot be sorted by time if there is a prefix (API reference,
        DescribeLogStreams), so the last trials' streams are read, which are the last by name.
        """
        newest = max(self._streams(group, prefix), key=lambda each: each.get("lastEventTimestamp", 0), default=None)
        if newest is None:
            return None
        stream = newest["logStreamName"]
        answer = self._client.get_log_events(logGroupName=group, logStreamName=stream, limit=most, startFromHead=False)
        return stream, [each["message"] for each in answer["events"]]

    def _streams(self, group: str, prefix: str) -> Iterator[Any]:
        pages = self._client.get_paginator("describe_log_streams").paginate(
            logGroupName=group, logStreamNamePrefix=prefix, orderBy="LogStreamName", descending=True
        )
        return (each for page in islice(pages, PAGES) for each in page["logStreams"])
