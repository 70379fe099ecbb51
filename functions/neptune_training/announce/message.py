"""The message about a job, as JSON: the record without the fields that only this application needs."""

import json
from collections.abc import Mapping
from typing import Any

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
    "result",
    "neptuneStatus",
    "supersededBy",
    "cancelledBy",
    "createdAt",
    "updatedAt",
    "startedAt",
    "endedAt",
]
MAX_BYTES = 200_000  # SNS accepts 256 KiB, with the attributes (API reference, Publish)
MAX_FIELD = 10_000  # characters of each field that is kept if the message is too large


def message(job: Mapping[str, Any]) -> str:
    """Return the message about a job.

    A message of more than `MAX_BYTES` keeps only the job's id, status, ARN and the time of the change.
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
