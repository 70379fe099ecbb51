"""Hold the ends that each trigger can have, and find its record."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from neptune_training.model.statuses import Status

FINAL = frozenset(status for status in Status if status.final)
TRAINED = frozenset({"COMPLETED"})
REFUSED = frozenset({"REJECTED"})
IN_DOUBT = frozenset({"FAILED"})  # Neptune has the job and never says how it is
REPLACED = frozenset({"COMPLETED", "SUPERSEDED"})  # by a newer upload of the same file, before or after its start


@dataclass(frozen=True)
class Promise:
    """One trigger that was accepted. `identity` is what its sender knows of it; it may end in any of `ends`."""

    identity: str
    kind: str
    ends: frozenset[str]


def identity(trigger: Mapping[str, Any]) -> str:
    """Return the identity of the trigger of a record or an announcement."""
    match trigger:
        case {"kind": "upload", "key": key, "etag": etag}:
            return upload_identity(key, etag)
        case {"kind": "schedule", "source": schedule, "time": time}:
            return f"{schedule} {time}"
    return str(trigger.get("eventId"))  # EventBridge's id of the event, or SQS's of the message


def upload_identity(key: str, etag: str) -> str:
    """Return the identity of an upload from key and content, which its sender knows: here no two are the same."""
    return f"{key} {etag.strip(chr(34))}"
