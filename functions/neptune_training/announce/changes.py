"""Decide which changes of the table are announced: a new status or ARN, and for what else a job waits."""

from base64 import b64decode
from collections.abc import Mapping
from typing import Any, assert_never

from neptune_training.aws.dynamodb_items import plain
from neptune_training.model.statuses import Status, status_of

REQUIRED_IN_RECORD = ("jobId", "status", "model")


class CannotBeAnnounced(Exception):  # noqa: N818
    """Say that a record cannot be announced: a retry would not help."""


def job_to_announce(stream_record: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the job to announce, such as `{"jobId": "fraud-b1e3…", "status": "STARTED"}`; None if there is none.

    `stream_record` is one of the table's stream, as Lambda sends it.

    Raises:
        CannotBeAnnounced: the item cannot be read, or has no job id, status or model.
    """
    images = stream_record.get("dynamodb", {})
    try:
        new, old = read(images.get("NewImage")), read(images.get("OldImage"))
    except (TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise CannotBeAnnounced("the item cannot be read") from error
    if "status" not in new or not needs_announcement(new, old):
        return None
    if not all(isinstance(new.get(name), str) and new[name] for name in REQUIRED_IN_RECORD):
        raise CannotBeAnnounced(
            f"an item with a status has no {' or no '.join(REQUIRED_IN_RECORD)}, or one that is not text"
        )
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


def needs_announcement(new: Mapping[str, Any], old: Mapping[str, Any]) -> bool:
    """Return True for a new status or ARN, and for a WAITING job if it waits for something else than before.

    While the cluster is full, a start is tried each minute. Waiting again for the same thing sends no message.
    """
    changed = (new["status"], new.get("arn")) != (old.get("status"), old.get("arn"))
    status = status_of(new["status"])
    match status:
        case Status.WAITING:
            return bool(new.get("waitingFor") != (old.get("waitingFor") or old.get("waitedFor")))
        case Status.REQUESTED:
            return changed and new.get("attempts") == 1
        case Status.STARTED | Status.COMPLETED | Status.FAILED | Status.STOPPED | Status.REJECTED | Status.SUPERSEDED:
            return changed
        case None:  # a status that only a newer release knows
            return changed
    assert_never(status)
