"""A job as the table stores it: its item, and the put that replaces only the version before it."""

from typing import Any

from neptune_training.aws.dynamodb_items import typed
from neptune_training.model.jobs import Ended, Job, type_of
from neptune_training.model.statuses import status_of

SAME_VERSION = "version = :seen"


def over_version(job: Job) -> dict[str, Any]:
    """Return the parameters of a PutItem that writes `job`, only if the record is the version before it."""
    return {
        "Item": item(job),
        "ConditionExpression": SAME_VERSION,
        "ExpressionAttributeValues": {":seen": {"N": str(job.version - 1)}},
    }


def item(job: Job) -> dict[str, Any]:
    """Return a job as DynamoDB stores it, without fields that are None: so the index has unfinished jobs only."""
    return typed({**job.later, **job.model_dump(mode="json", exclude_none=True)})


def job_of(stored: dict[str, Any]) -> Job:
    """Return the job of a record that was read. Fields that this release does not know are kept in `later`.

    Raises:
        ValidationError: it cannot be read, most likely because it was written by hand.
    """
    status = status_of(stored.get("status"))
    kind = type_of(status) if status else Ended  # `Ended` refuses an unknown status
    known = {name: value for name, value in stored.items() if name in kind.model_fields and name != "later"}
    return kind.model_validate({**known, "later": {name: stored[name] for name in stored.keys() - known.keys()}})
