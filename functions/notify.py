"""`notify`: publish to SNS what changes in the table: a job's status, its ARN, what it waits for.

    TrainingJobs ──stream──► notify ──► TrainingTopic

`notify` announces what the table's stream shows, and nothing else. After a temporary error, Lambda retries the same
records until SNS accepts them, for 24 hours at most: then the stream drops them. A message can therefore arrive twice.
Subscribers recognise a repeat by its `jobId`, `status` and `waitingFor`.

No single record can block the stream. If a record cannot be read, or SNS refuses its content, `notify` logs an error,
counts it in the metric `NotAnnounced`, and goes on with the next record. The application writes no such record, but a
person could.

`notify` runs outside the VPC and does not read the table. It changes no job.
"""

import json
import os
from base64 import b64decode
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, assert_never

import boto3
from aws_lambda_powertools import Logger, single_metric
from aws_lambda_powertools.metrics import MetricUnit
from botocore.config import Config
from botocore.exceptions import ClientError, ParamValidationError

from neptune_training.aws.dynamodb_items import plain
from neptune_training.model.statuses import Status

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

logger = Logger()
ANNOUNCED = [
    "jobId",
    "status",
    "arn",
    "creationTimeInMillis",
    "model",
    "trigger",
    "waitingFor",
    "giveUpAt",
    "reasons",
    "warnings",
    "stages",
    "neptuneStatus",
    "supersededBy",
    "createdAt",
    "updatedAt",
    "startedAt",
    "endedAt",
]
ATTRIBUTES = ("jobId", "status", "model")
MAX_SUBJECT = 99  # SNS: "must be less than 100 characters long" (API reference, Publish)
MAX_BYTES = 200_000  # SNS accepts 256 KiB, with the attributes (API reference, Publish)
MAX_ATTRIBUTE = 2_048  # characters: a table's key has at most 2,048 bytes (DynamoDB guide, Quotas)
MAX_FIELD = 10_000  # characters of each field that is kept if the message is too large
REFUSALS = {  # codes for a parameter that is not valid: API reference of SNS, Publish and Common Error Types
    "InvalidParameter",
    "ParameterValueInvalid",
    "InvalidParameterValue",
    "ValidationError",
    "ValidationException",
}


class NotAnnounced(Exception):  # noqa: N818
    """Say that a record cannot be announced: a retry would not help."""


@cache
def sns() -> "SNSClient":
    """Return the client, which is made once for each execution environment."""
    return boto3.client("sns", config=Config(retries={"mode": "standard", "total_max_attempts": 4}))


@logger.inject_lambda_context
def handler(event: Any, _context: object) -> dict[str, int]:
    """Announce what a batch of stream records says; return `{"published": number of messages}`."""
    return {"published": sum(map(announced, event.get("Records", [])))}


def announced(record: Mapping[str, Any]) -> bool:
    """Announce one record; return True if a message was published.

    Raises a temporary error of SNS as it is, so that Lambda retries the record.
    """
    try:
        job = change(record)
        if job:
            announce(job)
    except NotAnnounced as reason:
        keys = repr(record.get("dynamodb", {}).get("Keys"))
        logger.exception("not announced", extra={"reason": str(reason), "keys": keys[:MAX_SUBJECT]})
        with single_metric(name="NotAnnounced", unit=MetricUnit.Count, value=1):
            return False
    return bool(job)


def change(record: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the job to announce, such as `{"jobId": "fraud-b1e3…", "status": "STARTED"}`; None if there is none.

    Raises:
        NotAnnounced: the item cannot be read, or has no job id, status or model.
    """
    images = record.get("dynamodb", {})
    try:
        new, old = read(images.get("NewImage")), read(images.get("OldImage"))
    except (TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise NotAnnounced("the item cannot be read") from error
    if "status" not in new or not is_to_be_announced(new, old):
        return None
    if not all(isinstance(new.get(name), str) and new[name] for name in ATTRIBUTES):
        raise NotAnnounced(f"an item with a status has no {' or no '.join(ATTRIBUTES)}, or one that is not text")
    return new


def read(image: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return an image of a stream's record in Python's own types. Lambda sends binary values as base64."""
    return plain({name: with_bytes(value) for name, value in (image or {}).items()})


def with_bytes(value: Any) -> Any:
    """Return an attribute's value, such as `{"B": "AA=="}`, with bytes in place of base64."""
    match value:
        case {"B": str() as encoded}:
            return {"B": b64decode(encoded)}
        case {"BS": list() as each_encoded}:
            return {"BS": [*map(b64decode, each_encoded)]}
        case {"M": dict() as inner}:
            return {"M": {name: with_bytes(each) for name, each in inner.items()}}
        case {"L": list() as inner}:
            return {"L": [*map(with_bytes, inner)]}
    return value


def is_to_be_announced(new: Mapping[str, Any], old: Mapping[str, Any]) -> bool:
    """Return True for a new status or ARN, and for a WAITING job if it waits for something else than before.

    While the cluster is full, a start is tried each minute. Waiting again for the same thing sends no message.
    """
    changed = (new["status"], new.get("arn")) != (old.get("status"), old.get("arn"))
    status = Status(new["status"]) if new["status"] in tuple(Status) else None
    match status:
        case Status.WAITING:
            return bool(new.get("waitingFor") != (old.get("waitingFor") or old.get("waitedFor")))
        case Status.REQUESTED:
            return changed and new.get("attempts") == 1
        case Status.STARTED | Status.COMPLETED | Status.FAILED | Status.STOPPED | Status.REJECTED | Status.SUPERSEDED:
            return changed
        case None:  # a status that only a later version knows
            return changed
    assert_never(status)


def announce(job: dict[str, Any]) -> None:
    """Publish one message. Its attributes are for subscribers' filter policies.

    Raises:
        NotAnnounced: SNS refuses the content of the message.
        ClientError, BotoCoreError: another error, which may be temporary.
    """
    attributes = {
        name: printable(text(job[name])[:MAX_ATTRIBUTE]) for name in (*ATTRIBUTES, "waitingFor") if job.get(name)
    }
    try:
        answer = sns().publish(
            TopicArn=os.environ["TRAINING_TOPIC_ARN"],
            Subject=subject(job),
            Message=message(job),
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
            },
        )
    except ParamValidationError as error:
        raise NotAnnounced("SNS does not accept the message") from error
    except ClientError as error:
        if is_about_the_message(error):
            raise NotAnnounced("SNS does not accept the message") from error
        raise
    logger.info("announced", extra={"jobId": job["jobId"], "status": job["status"], "messageId": answer["MessageId"]})


def is_about_the_message(error: ClientError) -> bool:
    """Return True if SNS refuses the content of the message; False if the problem is the topic, which can be fixed."""
    return error.response["Error"]["Code"] in REFUSALS and "TopicArn" not in error.response["Error"]["Message"]


def subject(job: Mapping[str, Any]) -> str:
    """Return the subject of e-mails: SNS accepts one line of ASCII (API reference, Publish)."""
    line = printable(f"Neptune ML training {job['status']}: {job['jobId']}")
    return line.encode("ascii", errors="replace").decode()[:MAX_SUBJECT]


def message(job: Mapping[str, Any]) -> str:
    """Return the message as JSON: the record without the fields that only this application needs.

    A message that is too large for SNS keeps only the job's id, status, ARN and the time of the change.
    """
    fields = {name: job[name] for name in ANNOUNCED if name in job}
    whole = text(fields)
    if len(whole) <= MAX_BYTES:  # JSON escapes everything that is not ASCII, so each character is one byte
        return whole
    kept = ("jobId", "status", "arn", "updatedAt")
    return text({name: text(fields[name])[:MAX_FIELD] for name in kept if name in fields})


def text(value: object) -> str:
    """Return text as it is, and anything else as JSON. JSON has no sets and bytes: these are written as in Python."""
    return value if isinstance(value, str) else json.dumps(value, default=repr)


def printable(text: str) -> str:
    """Return `text` with ? for each control character: S3 allows them in keys, but SNS refuses them."""
    return "".join(character if character.isprintable() else "?" for character in text)
