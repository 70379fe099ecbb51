"""`emit`: put an event on an EventBridge bus for what changes in the table, so that a pipeline goes on from there.

    TrainingJobs ──stream──► emit ──► the bus that StatusEventBus names

    {"source": "neptune-ml-training", "detail-type": "Neptune ML Training Status Change",
     "detail": {"jobId": "fraud-b1e3…", "status": "COMPLETED", …}, …}

The detail is the message that `notify` publishes, for the same changes. `emit` is a function of its own, with a place
of its own in the stream: an outage of SNS delays no event, and an outage of EventBridge delays no message. After a
temporary error, Lambda retries the same records, for 24 hours at most. An event can therefore come twice: its `jobId`,
`status` and `waitingFor` say so.

An entry that EventBridge refuses for its content is logged as an error and counted in the metric `NotAnnounced`; the
next record follows. `emit` runs outside the VPC, does not read the table and changes no job.
"""

import os
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers
from botocore.config import Config
from botocore.exceptions import ClientError, ParamValidationError

from neptune_training.announce.batch import announce_each
from neptune_training.announce.changes import NotAnnounced
from neptune_training.announce.message import message

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

logger = Logger()
copy_config_to_registered_loggers(logger, include={"neptune_training"})
SOURCE = "neptune-ml-training"
DETAIL_TYPE = "Neptune ML Training Status Change"
# Codes for a content that is not valid: API reference of EventBridge, PutEventsResultEntry and Common Error Types.
REFUSALS = {"InvalidArgument", "MalformedDetail", "RedactionFailure", "ValidationError", "ValidationException"}


class NotPut(Exception):  # noqa: N818
    """Say that EventBridge did not take an event, for a reason that may pass: Lambda retries the batch."""


@cache
def events() -> "EventBridgeClient":
    """Return the client, which is made once for each execution environment."""
    return boto3.client("events", config=Config(retries={"mode": "standard", "total_max_attempts": 4}))


@logger.inject_lambda_context
def handler(event: Any, _context: object) -> dict[str, int]:
    """Put an event for each change in a batch of stream records; return `{"emitted": number of events}`."""
    return {"emitted": announce_each(event.get("Records", []), put_event)}


def put_event(job: Mapping[str, Any]) -> None:
    """Put one event.

    Raises:
        NotAnnounced: EventBridge refuses the content of the event.
        NotPut, ClientError, BotoCoreError: another error, which may be temporary.
    """
    bus, detail = os.environ["STATUS_EVENT_BUS"], message(job)
    try:
        answer = events().put_events(
            Entries=[{"EventBusName": bus, "Source": SOURCE, "DetailType": DETAIL_TYPE, "Detail": detail}]
        )
    except ParamValidationError as error:
        raise NotAnnounced("EventBridge does not accept the event") from error
    except ClientError as error:
        if error.response["Error"]["Code"] in REFUSALS:
            raise NotAnnounced("EventBridge does not accept the event") from error
        raise
    [result] = answer["Entries"]
    if code := result.get("ErrorCode"):  # the call succeeds although its only entry has failed
        reason = f"EventBridge does not accept the event: {code}: {result.get('ErrorMessage')}"
        raise NotAnnounced(reason) if code in REFUSALS else NotPut(reason)
    logger.info("emitted", extra={"jobId": job["jobId"], "status": job["status"], "eventId": result["EventId"]})
