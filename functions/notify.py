"""`notify`: publish to SNS what changes in the table: a job's status, its ARN, what it waits for.

    TrainingJobs ──stream──► notify ──► TrainingTopic

Subscribers get JSON, e-mail subscribers a text: SNS chooses by the subscription's protocol (`MessageStructure`).

`notify` announces what the table's stream shows, and nothing else. After a temporary error, Lambda retries the same
records until SNS accepts them, for 24 hours at most: then the stream drops them. A message can therefore arrive twice.
Subscribers recognise a repeat by its `jobId`, `status`, `waitingFor` and `updatedAt`.

No single record can block the stream. If a record cannot be read, or SNS refuses its content, `notify` logs an error,
counts it in the metric `NotAnnounced`, and goes on with the next record. The application writes no such record, but a
person could.

`notify` runs outside the VPC and does not read the table. Before it announces that a job is COMPLETED or FAILED, it
adds `result` to the job's record: the best trial, or the last lines of the log. It changes nothing else. Which changes
are announced, and in which words, is in `neptune_training.announce`.
"""

import garbage_collection  # before all others, which it makes faster

# isort: split

import json
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
from neptune_training.announce.changes import REQUIRED_IN_RECORD, CannotBeAnnounced
from neptune_training.announce.email import email
from neptune_training.announce.message import message, printable, text
from result_wiring import result_finder

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

garbage_collection.resume()

logger = Logger()
copy_config_to_registered_loggers(logger, include={"neptune_training"})
MAX_SUBJECT = 99  # SNS: "must be less than 100 characters long" (API reference, Publish)
MAX_ATTRIBUTE = 2_048  # characters: a table's key has at most 2,048 bytes (DynamoDB guide, Quotas)
REFUSALS = {  # codes for a parameter that is not valid: API reference of SNS, Publish and Common Error Types
    "InvalidParameter",
    "ParameterValueInvalid",
    "InvalidParameterValue",
    "ValidationError",
    "ValidationException",
}


@cache
def sns() -> "SNSClient":
    """Return the client, which is made once for each execution environment."""
    return boto3.client("sns", config=Config(retries={"mode": "standard", "total_max_attempts": 4}))


@logger.inject_lambda_context
def handler(event: Any, _context: object) -> dict[str, int]:
    """Announce what a batch of stream records says; return `{"published": number of messages}`."""
    finder = result_finder(write_results=True)
    return {"published": announce_each(event.get("Records", []), lambda job: publish(finder.with_result(job)))}


def publish(job: Mapping[str, Any]) -> None:
    """Publish one message. Its attributes are for subscribers' filter policies.

    Raises:
        CannotBeAnnounced: SNS refuses the content of the message.
        ClientError, BotoCoreError: another error, which may be temporary.
    """
    attributes = {
        name: printable(text(job[name])[:MAX_ATTRIBUTE])
        for name in (*REQUIRED_IN_RECORD, "waitingFor")
        if job.get(name)
    }
    try:
        answer = sns().publish(
            TopicArn=os.environ["TRAINING_TOPIC_ARN"],
            Subject=subject(job),
            MessageStructure="json",
            Message=json.dumps({"default": message(job), "email": email(job)}, ensure_ascii=False),
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
            },
        )
    except ParamValidationError as error:
        raise CannotBeAnnounced("SNS does not accept the message") from error
    except ClientError as error:
        if is_about_the_message(error):
            raise CannotBeAnnounced("SNS does not accept the message") from error
        raise
    logger.info("announced", extra={"jobId": job["jobId"], "status": job["status"], "messageId": answer["MessageId"]})


def is_about_the_message(error: ClientError) -> bool:
    """Return True if SNS refuses the content of the message; False if the problem is the topic, which can be fixed."""
    return error.response["Error"]["Code"] in REFUSALS and "TopicArn" not in error.response["Error"]["Message"]


def subject(job: Mapping[str, Any]) -> str:
    """Return the subject of e-mails: SNS accepts one line of ASCII (API reference, Publish)."""
    line = printable(f"Neptune ML training {job['status']}: {job['jobId']}")
    return line.encode("ascii", errors="replace").decode()[:MAX_SUBJECT]
