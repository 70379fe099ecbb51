"""The TrainingJobs table: jobs, slots, the pause, and the newest upload of each configuration.

Three kinds of items share the table, so that one transaction can hold a rule over all of them:

- a job, under its `jobId`;
- `#capacity`: `slots` (the ids of the jobs that Neptune has or may have), `pausedUntil`, what it is `pausedFor`, and
  the `refusals` in a row;
- `#newest s3://bucket/key`: the highest `sequencer` uploaded under that key and the job that it made.

A job is written whole, and only over the version that its writer has seen: whoever loses that race gets `Changed`,
reads again and finds what the winner did. `#` occurs in no job id.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from neptune_training.aws.dynamodb_items import plain, typed
from neptune_training.model.capacity import Capacity, Due, capacity_of, due_of
from neptune_training.model.jobs import Job, Status, Trigger
from neptune_training.model.times import to_text

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CAPACITY = "#capacity"
NEXT_ATTEMPT_INDEX = "nextAttempt"
MODEL_INDEX = "model"
RESUME = "REMOVE pausedUntil, pausedFor, refusals"
SAME_VERSION = "version = :seen"
NEW = "attribute_not_exists(jobId)"


class Changed(Exception):  # noqa: N818 - it is no error: someone else took the step
    """The record is not what the writer has seen."""


class Contended(Exception):  # noqa: N818 - it is no error: the same again will do
    """Another transaction held one of the items."""


class Table:
    """All reads and writes of the table; reads that decide something are consistent."""

    def __init__(self, client: "DynamoDBClient", name: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client, self._name = client, name
        self._again = Retrying(
            retry=retry_if_exception_type(Contended),
            wait=wait_random_exponential(multiplier=0.02, max=1),
            stop=stop_after_attempt(10),
            sleep=sleep,
            reraise=True,
        )

    # --- jobs ---------------------------------------------------------------------------------------------------------

    def create(self, job: Job) -> bool:
        """Write a new job down; False where its id has a record already."""
        try:
            self._write(self._client.put_item, Item=item(job), ConditionExpression=NEW)
        except Changed:
            return False
        return True

    def get(self, job_id: str) -> Job | None:
        """The record as it is now."""
        found = self._get(job_id)
        return job_of(found) if found else None

    def save(self, job: Job, *, resume: bool = False) -> None:
        """Replace the version before `job`; with it end the pause. Raises `Changed` or `Contended`."""
        if resume:
            self._transact({"Put": self._on(over_version(job))}, {"Update": self._on(update_of(CAPACITY, RESUME))})
        else:
            self._write(self._client.put_item, **over_version(job))

    def due(self, status: Status, now: datetime) -> Iterator[Due]:
        """The jobs in `status` whose next attempt is due, the one that is due longest first."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._name,
            IndexName=NEXT_ATTEMPT_INDEX,
            KeyConditionExpression="#status = :status AND nextAttemptAt <= :now",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":status": {"S": status}, ":now": {"S": to_text(now)}},
        )
        found = (due_of(plain(each)) for page in pages for each in page["Items"])
        return (due for due in found if due)

    def newest_completed(self, model: str) -> str | None:
        """The id of the job of `model` that was asked for last among those COMPLETED."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._name,
            IndexName=MODEL_INDEX,
            KeyConditionExpression="model = :model",
            FilterExpression="#status = :completed",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":model": {"S": model}, ":completed": {"S": Status.COMPLETED}},
            ScanIndexForward=False,
        )
        return next((each["jobId"]["S"] for page in pages for each in page["Items"]), None)

    # --- slots and the pause ------------------------------------------------------------------------------------------

    def capacity(self) -> Capacity:
        """The control item as it is now."""
        return capacity_of(self._get(CAPACITY) or {})

    def claim(self, job: Job, seen: Capacity, *, most: int, now: datetime, probe_until: datetime) -> None:
        """REQUESTED, with a slot, in one transaction: only while there is one, no pause, and no newer upload.

        After a pause the claim is a probe: it moves `pausedUntil` on to `probe_until`, so that nobody else passes
        before its answer is known. Raises `Changed` (any of that is not so any more: look again) or `Contended`.
        """
        values: dict[str, Any] = {
            ":slot": {"SS": [job.jobId]},
            ":job": {"S": job.jobId},
            ":most": {"N": str(most)},
            ":now": {"S": to_text(now)},
        }
        room = "(attribute_not_exists(slots) OR size(slots) < :most OR contains(slots, :job))"
        if seen.paused_until:
            condition = f"{room} AND pausedUntil = :seen AND pausedUntil <= :now"
            update = "ADD slots :slot SET pausedUntil = :until"
            values |= {":seen": {"S": to_text(seen.paused_until)}, ":until": {"S": to_text(probe_until)}}
        else:
            condition, update = f"{room} AND attribute_not_exists(pausedUntil)", "ADD slots :slot"
            del values[":now"]
        self._transact(
            {"Put": self._on(over_version(job))},
            {"Update": self._on(update_of(CAPACITY, update, values, ConditionExpression=condition))},
            *([self._still_newest(job.trigger)] if job.trigger.sequencer else []),
        )

    def release(self, job: Job, *, pause_until: datetime | None = None, resume: bool = False) -> None:
        """Save `job` and give its slot back, in one transaction; with it begin or lengthen the pause, or end it.

        Raises `Changed` or `Contended`.
        """
        update = "DELETE slots :slot"
        values: dict[str, Any] = {":slot": {"SS": [job.jobId]}}
        if pause_until:
            update += " SET pausedUntil = :until, pausedFor = :for ADD refusals :one"
            said = {":until": {"S": to_text(pause_until)}, ":for": {"S": str(job.waitingFor)}, ":one": {"N": "1"}}
            values |= said
        elif resume:
            update += f" {RESUME}"
        self._transact({"Put": self._on(over_version(job))}, {"Update": self._on(update_of(CAPACITY, update, values))})

    def forget_slots(self, job_ids: Iterable[str]) -> None:
        """Give back slots whose jobs have ended."""
        values = {":slots": {"SS": sorted(job_ids)}}
        self._write(self._client.update_item, **update_of(CAPACITY, "DELETE slots :slots", values))

    # --- the newest upload --------------------------------------------------------------------------------------------

    def note_upload(self, trigger: Trigger, job_id: str) -> None:
        """Remember the upload, unless a newer one of the same key is known."""
        newer = update_of(
            newest_key(trigger),
            "SET sequencer = :sequencer, newestJobId = :job",
            {":sequencer": {"S": padded(trigger)}, ":job": {"S": job_id}},
            ConditionExpression="attribute_not_exists(sequencer) OR sequencer < :sequencer",
        )
        with suppress(Changed):
            self._write(self._client.update_item, **newer)

    def newer_upload(self, trigger: Trigger) -> str | None:
        """The job of a newer upload of the same key, if there was one."""
        found = self._get(newest_key(trigger)) or {}
        return found["newestJobId"] if found.get("sequencer", "") > padded(trigger) else None

    def _still_newest(self, trigger: Trigger) -> Any:
        check = {
            "Key": {"jobId": {"S": newest_key(trigger)}},
            "ConditionExpression": "sequencer = :sequencer",
            "ExpressionAttributeValues": {":sequencer": {"S": padded(trigger)}},
        }
        return {"ConditionCheck": self._on(check)}

    # --- DynamoDB -----------------------------------------------------------------------------------------------------

    def _get(self, key: str) -> dict[str, Any] | None:
        answer = self._client.get_item(TableName=self._name, Key={"jobId": {"S": key}}, ConsistentRead=True)
        return plain(answer["Item"]) if "Item" in answer else None

    def _on(self, what: dict[str, Any]) -> dict[str, Any]:
        return {"TableName": self._name, **what}

    def _transact(self, *writes: Any) -> None:
        self._again(self._try, self._client.transact_write_items, {"TransactItems": list(writes)})

    def _write(self, write: Callable[..., Any], **what: Any) -> None:
        self._again(self._try, write, self._on(what))

    def _try(self, write: Callable[..., Any], parameters: dict[str, Any]) -> None:
        try:
            write(**parameters)
        except self._client.exceptions.TransactionCanceledException as error:
            raise verdict(error) from error
        except self._client.exceptions.ConditionalCheckFailedException as error:
            raise Changed("condition") from error
        except self._client.exceptions.TransactionConflictException as error:
            raise Contended("TransactionConflict") from error


def verdict(error: ClientError) -> Exception:
    """Read why a transaction was cancelled, item by item: a conflict is no verdict on any condition."""
    reasons: Any = error.response.get("CancellationReasons", [])
    codes = {reason.get("Code") for reason in reasons} - {"None", None}
    if codes == {"ConditionalCheckFailed"}:
        return Changed("condition")
    if codes <= {"ConditionalCheckFailed", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}:
        return Contended(", ".join(sorted(codes)))
    return error


def over_version(job: Job) -> dict[str, Any]:
    """A put of `job` that only the version before it lets through."""
    return {
        "Item": item(job),
        "ConditionExpression": SAME_VERSION,
        "ExpressionAttributeValues": {":seen": {"N": str(job.version - 1)}},
    }


def update_of(key: str, update: str, values: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """An update of the item `key`."""
    if values:
        more["ExpressionAttributeValues"] = values
    return {"Key": {"jobId": {"S": key}}, "UpdateExpression": update, **more}


def newest_key(trigger: Trigger) -> str:
    """Where the newest upload of this configuration is remembered."""
    return f"#newest s3://{trigger.bucket}/{trigger.key}"


def padded(trigger: Trigger) -> str:
    """The sequencer as S3 says to compare it: padded with zeros on the right, then as text."""
    return (trigger.sequencer or "").upper().ljust(64, "0")


def item(job: Job) -> dict[str, Any]:
    """A job as DynamoDB stores it; what is None is not there, so that the index over unfinished jobs stays sparse."""
    return typed(job.model_dump(mode="json", exclude_none=True))


def job_of(stored: dict[str, Any]) -> Job:
    """A record read back."""
    return Job.model_validate(stored)
