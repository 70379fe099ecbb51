"""`notify`: announce on SNS what the table says: a job's new status, or its ARN.

    TrainingJobs ──stream──► notify ──► TrainingTopic

The stream is the outbox: what is recorded is announced, and nothing else is. An error keeps the stream at its place,
and Lambda comes back with the same records until SNS takes them, for the stream's 24 hours. So a message can come
twice: subscribers tell repeats by `jobId` and `status`.

It runs outside the VPC, reads no table and decides nothing.
"""

import json
import os
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger
from botocore.config import Config

from neptune_training.aws.dynamodb_items import plain

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
MAX_SUBJECT = 100
MAX_BYTES = 200_000  # SNS takes 256 KiB, attributes and all


@cache
def sns() -> "SNSClient":
    """The client, made once for each execution environment."""
    return boto3.client("sns", config=Config(retries={"mode": "standard", "total_max_attempts": 4}))


@logger.inject_lambda_context
def handler(event: Any, _context: object) -> dict[str, int]:
    """Announce what a batch of stream records, or one `{"jobId", "status", …}` record given by itself, says."""
    published = [announce(job) for job in map(change, event.get("Records", [])) if job]
    return {"published": len(published)}


def change(record: Mapping[str, Any]) -> dict[str, Any] | None:
    """The job as the record says it now, if that is news."""
    images = record.get("dynamodb", {})
    new, old = plain(images.get("NewImage")), plain(images.get("OldImage"))
    if "status" not in new or not is_news(new, old):
        return None
    if not all(isinstance(new.get(name), str) and new[name] for name in ATTRIBUTES):
        logger.error("no job", extra={"item": repr(new)[:MAX_SUBJECT]})
        return None  # somebody wrote it by hand: it must not stop the others
    return new


def is_news(new: Mapping[str, Any], old: Mapping[str, Any]) -> bool:
    """A new status or ARN. For a job that asks a full cluster each minute: what it waits for, if that is new."""
    if new["status"] == "WAITING":
        return bool(new.get("waitingFor") != (old.get("waitingFor") or old.get("waitedFor")))
    if new["status"] == "REQUESTED" and new.get("attempts") != 1:
        return False
    return (new["status"], new.get("arn")) != (old.get("status"), old.get("arn"))


def announce(job: dict[str, Any]) -> str:
    """Publish one message. Its attributes are for subscribers' filter policies."""
    answer = sns().publish(
        TopicArn=os.environ["TRAINING_TOPIC_ARN"],
        Subject=subject(job),
        Message=message(job),
        MessageAttributes={
            name: {"DataType": "String", "StringValue": printable(str(job[name]))}
            for name in (*ATTRIBUTES, "waitingFor")
            if job.get(name)
        },
    )
    logger.info("announced", extra={"jobId": job["jobId"], "status": job["status"], "messageId": answer["MessageId"]})
    return answer["MessageId"]


def subject(job: Mapping[str, Any]) -> str:
    """An e-mail's subject: SNS takes one line of ASCII."""
    text = printable(f"Neptune ML training {job['status']}: {job['jobId']}")
    return text.encode("ascii", errors="replace").decode()[:MAX_SUBJECT]


def message(job: Mapping[str, Any]) -> str:
    """The message: the record without what only this application needs."""
    told = {name: job[name] for name in ANNOUNCED if name in job}
    text = json.dumps(told, default=repr)
    if len(text) > MAX_BYTES:  # JSON escapes what is not ASCII: characters are bytes
        text = json.dumps({name: told[name] for name in ("jobId", "status", "arn", "updatedAt") if name in told})
    return text


def printable(text: str) -> str:
    """SNS refuses control characters in attributes, and S3 allows them in the keys that models are named by."""
    return "".join(character if character.isprintable() else "?" for character in text)
