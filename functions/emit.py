"""`emit`: announce what changes in the table to programs: an EventBridge event, and a file beside the uploaded model.

    TrainingJobs ──stream──► emit ─┬► the bus that StatusEventBus names
                                   └► training-job.status.json in the model's directory

    {"source": "neptune-ml-training", "detail-type": "Neptune ML Training Status Change",
     "detail": {"jobId": "fraud-b1e3…", "status": "COMPLETED", …}, …}

The detail is the message that `notify` publishes, for the same changes, and so is the file's content. Both find the
`result` of a job that has ended, each by itself: neither waits for the other. `emit` is a function of its own, with a
position of its own in the stream: an outage of SNS delays no event, and an outage of EventBridge delays no message.
After a temporary error, Lambda retries the same records, for 24 hours at most. An event can therefore come twice: its
`jobId`, `status`, `waitingFor` and `updatedAt` show a repeat.

An entry that EventBridge refuses for its content is logged as an error and counted in the metric `NotAnnounced`; the
next record follows. Files are written after all events of a batch are sent, and a file that cannot be written does not
make Lambda send the batch again: it is logged and counted in the metric `StatusFilesNotWritten`, and the next file
follows. `emit` runs outside the VPC, does not read the table and changes no job.

`neptune-training status-files` writes missing files again. It invokes `emit` with records in the stream's form, and
with `onlyFiles`, so that no event is repeated:

    {"Records": [{"dynamodb": {"NewImage": {"jobId": {"S": "fraud-b1e3…"}, …}}}], "onlyFiles": true}
"""

import garbage_collection  # before all others, which it makes faster

# isort: split

import os
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger, single_metric
from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers
from aws_lambda_powertools.metrics import MetricUnit
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from neptune_training.announce import status_file
from neptune_training.announce.batch import announce_each
from neptune_training.announce.changes import CannotBeAnnounced
from neptune_training.announce.message import message
from neptune_training.announce.status_file import NotWritten, S3Object
from result_wiring import result_finder

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client

garbage_collection.resume()

logger = Logger()
copy_config_to_registered_loggers(logger, include={"neptune_training"})
SOURCE = "neptune-ml-training"
DETAIL_TYPE = "Neptune ML Training Status Change"
# Codes for a content that is not valid: API reference of EventBridge, PutEventsResultEntry and Common Error Types.
REFUSALS = {"InvalidArgument", "MalformedDetail", "RedactionFailure", "ValidationError", "ValidationException"}
# A failing call takes about 10 s (two attempts of 5 s). HEAD and PUT together take less than TIME_FOR_A_FILE.
S3 = Config(connect_timeout=2, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 2})
TIME_FOR_A_FILE = 25_000  # milliseconds


class EventBridgeFailed(Exception):  # noqa: N818
    """Say that EventBridge did not take an event, for a reason that may pass: Lambda retries the batch."""


@cache
def events() -> "EventBridgeClient":
    """Return the client, which is made once for each execution environment."""
    return boto3.client("events", config=Config(retries={"mode": "standard", "total_max_attempts": 4}))


@cache
def s3() -> "S3Client":
    """Return the client, which is made once for each execution environment."""
    return boto3.client("s3", config=S3)


@logger.inject_lambda_context
def handler(event: Any, context: Any) -> dict[str, int]:
    """Send an event for each change in a batch of stream records, then write the files.

    Returns `{"emitted": number of changes, "files": number of files that were written, "filesNotWritten": 0}`.
    """
    files: dict[S3Object, Mapping[str, Any]] = {}
    finder = result_finder(write_results=False)

    def announce(changed: dict[str, Any]) -> None:
        job = finder.with_result(changed)
        if os.environ["STATUS_EVENT_BUS"] and not event.get("onlyFiles"):
            send_event(job)
        if os.environ["WRITE_STATUS_FILE"] == "true":
            file = status_file.location_of(job, os.environ["MODEL_BUCKET"], os.environ["MODEL_PREFIX"])
            if file:
                files[file] = max(files.get(file, job), job, key=status_file.rank_of)  # only the newest is written

    emitted = announce_each(event.get("Records", []), announce)
    written, left = write_files(files, context)
    return {"emitted": emitted, "files": written, "filesNotWritten": left}


def send_event(job: Mapping[str, Any]) -> None:
    """Send one event.

    Raises:
        CannotBeAnnounced: EventBridge refuses the content of the event.
        EventBridgeFailed, ClientError, BotoCoreError: another error, which may be temporary.
    """
    bus, detail = os.environ["STATUS_EVENT_BUS"], message(job)
    try:
        answer = events().put_events(
            Entries=[{"EventBusName": bus, "Source": SOURCE, "DetailType": DETAIL_TYPE, "Detail": detail}]
        )
    except ParamValidationError as error:
        raise CannotBeAnnounced("EventBridge does not accept the event") from error
    except ClientError as error:
        if error.response["Error"]["Code"] in REFUSALS:
            raise CannotBeAnnounced("EventBridge does not accept the event") from error
        raise
    [result] = answer["Entries"]
    if code := result.get("ErrorCode"):  # the call succeeds although its only entry has failed
        reason = f"EventBridge does not accept the event: {code}: {result.get('ErrorMessage')}"
        raise CannotBeAnnounced(reason) if code in REFUSALS else EventBridgeFailed(reason)
    logger.info("emitted", extra={"jobId": job["jobId"], "status": job["status"], "eventId": result["EventId"]})


def write_files(files: Mapping[S3Object, Mapping[str, Any]], context: Any) -> tuple[int, int]:
    """Write the status files; return how many, and how many failed. One that failed waits for its job's next status.

    While S3 cannot be reached, only one file is tried. So S3 cannot use up the time of the invocation: Lambda would
    give it the same batch again, and repeat its events.
    """
    written, left = 0, len(files)
    for file, job in files.items():
        if context.get_remaining_time_in_millis() < TIME_FOR_A_FILE:
            logger.error("status file not written", extra={"reason": "there is no time left", "files": left})
            break
        try:
            written += status_file.write(s3(), file, job)
            left -= 1
        except (NotWritten, ClientError, BotoCoreError) as error:
            logger.exception("status file not written", extra={"jobId": job["jobId"], "key": file.key})
            if is_of_s3(error):
                break
    if left:
        with single_metric(name="StatusFilesNotWritten", unit=MetricUnit.Count, value=left):
            pass
    return written, left


def is_of_s3(error: Exception) -> bool:
    """Return True if S3 is down or cannot be reached in time; False if the problem is one file."""
    if isinstance(error, ClientError):
        return error.response["ResponseMetadata"]["HTTPStatusCode"] >= HTTPStatus.INTERNAL_SERVER_ERROR
    return isinstance(error, BotoCoreError)
