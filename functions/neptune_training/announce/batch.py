"""Go through the stream's records that one invocation got."""

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from aws_lambda_powertools import single_metric
from aws_lambda_powertools.metrics import MetricUnit

from neptune_training.announce.changes import CannotBeAnnounced, job_to_announce

logger = logging.getLogger(__name__)
MAX_KEYS = 99  # characters of a record's keys that are logged

Send = Callable[[dict[str, Any]], None]


def announce_each(stream_records: Iterable[Mapping[str, Any]], send: Send) -> int:
    """Send each change that is to be announced; return how many were sent.

    `send(job)` sends one announcement. If it raises `CannotBeAnnounced`, that record is logged as an error and counted
    in the metric `NotAnnounced`, and the next record follows: no single record can block the stream. Any other error is
    raised as it is, so that Lambda sends the batch again.
    """
    return sum(announced(each, send) for each in stream_records)


def announced(stream_record: Mapping[str, Any], send: Send) -> bool:
    """Announce one record; return True if something was sent."""
    try:
        job = job_to_announce(stream_record)
        if job:
            send(job)
    except CannotBeAnnounced as reason:
        keys = repr(stream_record["dynamodb"].get("Keys"))
        logger.exception("not announced", extra={"reason": str(reason), "keys": keys[:MAX_KEYS]})
        with single_metric(name="NotAnnounced", unit=MetricUnit.Count, value=1):
            return False
    return bool(job)
