"""The TrainingJobs table: jobs, slots, the pause, and the newest upload of each configuration.

Three kinds of items share the table, so that one transaction can check and change all of them:

- a job, under its `jobId`;
- `#capacity`: `slots` (the ids of the jobs that Neptune has or may have), `pausedUntil`, what it is `pausedFor`, and
  the `refusals` in a row;
- `#newest s3://bucket/key`: the highest `sequencer` uploaded under that key and the job that it made.

A job is written as a whole, and only over the version that its writer has read. If another invocation has written in
the meantime, the write raises `RecordChanged`: read the record again. Job ids never contain `#`.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from neptune_training.aws import slots
from neptune_training.aws.dynamodb_items import plain
from neptune_training.aws.records import item, job_of, over_version
from neptune_training.aws.writes import Kind, RecordChanged, Writes, update_of
from neptune_training.model.capacity import Capacity, capacity_of
from neptune_training.model.jobs import Job, Requested, Waiting
from neptune_training.model.statuses import UNFINISHED, Status, WaitingFor
from neptune_training.model.times import to_text
from neptune_training.model.triggers import Trigger
from neptune_training.model.unfinished import Entry, entry_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

UNFINISHED_INDEX = "unfinished"
MODEL_INDEX = "model"
NEW = "attribute_not_exists(jobId)"


class Table:
    """Read and write the table. Reads of one item are consistent. Reads of an index may lag behind it by a moment."""

    def __init__(self, client: "DynamoDBClient", name: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client, self._name, self._writes = client, name, Writes(client, name, sleep)

    # --- jobs ---------------------------------------------------------------------------------------------------------

    def create(self, job: Job) -> bool:
        """Write the record of a new job. Return False if its id has a record already."""
        try:
            self._writes.put({"Item": item(job), "ConditionExpression": NEW})
        except RecordChanged:
            return False
        return True

    def get(self, job_id: str) -> Job | None:
        """Return the record as it is now; None if there is none. Raises ValidationError if it cannot be read."""
        found = self._get(job_id)
        return job_of(found) if found else None

    def save(self, job: Job) -> None:
        """Replace the version before `job`.

        Raises:
            RecordChanged: the record is not the version before `job`.
            Contended: another transaction held an item: the same call may succeed.
        """
        self._writes.put(over_version(job))

    def unfinished(self) -> list[Entry]:
        """Return all unfinished jobs as the index has them: by status, then the one that has been due longest first.

        The index may lag behind the table by a moment: read a job before acting on it.
        """
        return [entry for status in UNFINISHED for entry in self._unfinished(status)]

    def queue_length(self, at_most: int, *, besides: str) -> int:
        """Return how many jobs wait in the queue, without the job `besides`; `at_most` if there are more."""
        queued = (each for each in self._unfinished(Status.WAITING) if each.in_queue and each.job_id != besides)
        return len(list(islice(queued, at_most)))

    def started(self) -> list[Entry]:
        """Return the STARTED jobs, as the index has them."""
        return list(self._unfinished(Status.STARTED))

    def running(self, model: str) -> int:
        """Return how many jobs of this model are STARTED or REQUESTED."""
        held = (each for status in (Status.STARTED, Status.REQUESTED) for each in self._unfinished(status))
        return sum(each.model == model for each in held)

    def _unfinished(self, status: Status) -> Iterator[Entry]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._name,
            IndexName=UNFINISHED_INDEX,
            KeyConditionExpression="#status = :status",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":status": {"S": status}},
        )
        found = (entry_of(plain(each)) for page in pages for each in page["Items"])
        return (entry for entry in found if entry)

    def postpone(self, job_id: str, until: datetime) -> None:
        """Make a job due at `until` whose record cannot be read or replaced, so that it does not delay other jobs."""
        values = {":until": {"S": to_text(until)}}
        unfinished = "attribute_exists(nextAttemptAt)"
        later = update_of(job_id, "SET nextAttemptAt = :until", values, ConditionExpression=unfinished)
        with suppress(RecordChanged):
            self._writes.update(later)

    def newest_completed(self, model: str) -> str | None:
        """Return the id of the COMPLETED job of `model` that was requested last; None if there is none."""
        return next(self._of_model(model, Status.COMPLETED), None)

    def waiting(self, model: str) -> list[str]:
        """Return the ids of the WAITING jobs of `model`, the newest first. The index may lag behind the table."""
        return list(self._of_model(model, Status.WAITING))

    def _of_model(self, model: str, status: Status) -> Iterator[str]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._name,
            IndexName=MODEL_INDEX,
            KeyConditionExpression="model = :model",
            FilterExpression="#status = :status",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":model": {"S": model}, ":status": {"S": status}},
            ScanIndexForward=False,
        )
        return (each["jobId"]["S"] for page in pages for each in page["Items"])

    # --- slots and the pause ------------------------------------------------------------------------------------------

    def capacity(self) -> Capacity:
        """Return the control item as it is now."""
        return capacity_of(self._get(slots.CAPACITY) or {})

    def claim(
        self, job: Requested, seen: Capacity, *, limit: int, now: datetime, pause_until: datetime | None, holds: bool
    ) -> None:
        """Save the claimed `job` and take a slot for it, in one transaction.

        Succeeds only while fewer than `limit` slots are taken, starts are not paused, and no newer upload of the same
        file is known. If the invocation `holds` the pause, or if the pause is over, give `pause_until`: the claim moves
        `pausedUntil` there, so that no other invocation starts a job before the answer to this start.

        Raises:
            RecordChanged: one of these is no longer true, or the record is not the version before `job`: read again.
            Contended: another transaction held an item: the same call may succeed.
        """
        taken = slots.taken(job.jobId, seen, limit=limit, now=now, pause_until=pause_until, holds=holds)
        self._writes.together(
            ("Put", over_version(job)),
            ("Update", taken),
            *([self._still_newest(job.trigger)] if job.trigger.sequencer else []),
        )

    def release(self, job: Job, *, pause_until: datetime | None = None) -> None:
        """Save `job` and free its slot, in one transaction.

        With `pause_until`, also begin the pause of all starts, unless they are paused.

        Raises:
            RecordChanged: the record is not the version before `job`.
            Contended: another transaction held an item: the same call may succeed.
        """
        paused_for = job.waitingFor if isinstance(job, Waiting) else WaitingFor.CAPACITY
        freed = slots.freed(job.jobId, paused_for, pause_until=pause_until)
        self._writes.together(("Put", over_version(job)), ("Update", freed))

    def shorten_pause(self, seen: Capacity, until: datetime) -> None:
        """Let the pause end at `until`, unless the pause has changed since `seen` was read."""
        with suppress(RecordChanged):
            self._writes.update(slots.shorter_pause(seen, until))

    def set_next_probe(self, seen: Capacity, until: datetime, paused_for: WaitingFor, *, refusals: int) -> None:
        """Set when the next probe can be sent, unless the pause has changed since `seen` was read.

        `refusals` is how many probes in a row were refused.
        """
        with suppress(RecordChanged):
            self._writes.update(slots.next_probe(seen, until, paused_for, refusals=refusals))

    def end_pause(self, seen: Capacity) -> None:
        """End the pause of all starts, unless the pause has changed since `seen` was read."""
        with suppress(RecordChanged):
            self._writes.update(slots.no_pause(seen))

    def add_slots(self, job_ids: Iterable[str]) -> None:
        """Take slots for jobs that run without one."""
        self._writes.update(slots.added(job_ids))

    def forget_slots(self, job_ids: Iterable[str]) -> None:
        """Give back slots whose jobs have ended."""
        self._writes.update(slots.forgotten(job_ids))

    # --- the newest upload --------------------------------------------------------------------------------------------

    def note_upload(self, trigger: Trigger, job_id: str) -> None:
        """Record the upload as the newest of its key, unless a newer one is known."""
        newer = update_of(
            newest_key(trigger),
            "SET sequencer = :sequencer, newestJobId = :job",
            {":sequencer": {"S": padded(trigger)}, ":job": {"S": job_id}},
            ConditionExpression="attribute_not_exists(sequencer) OR sequencer < :sequencer",
        )
        with suppress(RecordChanged):
            self._writes.update(newer)

    def newer_upload(self, trigger: Trigger) -> str | None:
        """Return the id of the job of a newer upload of the same key, None if there is none."""
        found = self._get(newest_key(trigger)) or {}
        return found["newestJobId"] if found.get("sequencer", "") > padded(trigger) else None

    @staticmethod
    def _still_newest(trigger: Trigger) -> tuple[Kind, dict[str, Any]]:
        check: dict[str, Any] = {
            "Key": {"jobId": {"S": newest_key(trigger)}},
            "ConditionExpression": "sequencer = :sequencer",
            "ExpressionAttributeValues": {":sequencer": {"S": padded(trigger)}},
        }
        return "ConditionCheck", check

    # --- DynamoDB -----------------------------------------------------------------------------------------------------

    def _get(self, key: str) -> dict[str, Any] | None:
        answer = self._client.get_item(TableName=self._name, Key={"jobId": {"S": key}}, ConsistentRead=True)
        return plain(answer["Item"]) if "Item" in answer else None


def newest_key(trigger: Trigger) -> str:
    """Return the key of the item that holds the newest upload of this file: `#newest s3://my-models/models/fraud/…`."""
    return f"#newest s3://{trigger.bucket}/{trigger.key}"


def padded(trigger: Trigger) -> str:
    """Return the sequencer padded with zeros on the right, to compare as text (S3 guide, Event message structure)."""
    return (trigger.sequencer or "").upper().ljust(64, "0")
