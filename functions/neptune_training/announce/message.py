"""The message about a job, as JSON: the record without the fields that only this application needs."""

import json
from collections.abc import Mapping
from typing import Any

VERSION = 1  # of the message. New fields keep the version; a changed meaning or type raises it
ANNOUNCED = {  # the fields after `messageVersion`, and what the JSON Schema says of them
    "jobId": "The job's id: the same here and in Neptune",
    "status": "The job's new status",
    "arn": "The ARN of the Neptune ML training job",
    "creationTimeInMillis": "When Neptune created the job, in milliseconds since 1970, UTC",
    "model": "What is trained: a directory in S3, a schedule, or an event's source",
    "trigger": "The upload, event or schedule run that asked for the training",
    "waitingFor": "What a WAITING job waits for",
    "giveUpAt": "When the wait ends at the latest (UTC)",
    "reasons": "Why the job has this status: problems, each with what to do",
    "warnings": "What may be wrong although the training goes ahead",
    "stages": "The SageMaker jobs of the training, by processing, hpo and transform",
    "result": "What came of it: the best trial, or the log of what failed",
    "neptuneStatus": "The status as Neptune says it",
    "supersededBy": "The newer upload's job, or a description of that upload; for a cancellation, the job it names",
    "cancelledBy": "Who or what cancelled the job",
    "createdAt": "When the request was recorded (UTC)",
    "updatedAt": "When the job got this status (UTC)",
    "startedAt": "When the training was started (UTC)",
    "endedAt": "When the job ended (UTC)",
}
ALWAYS_IN_MESSAGE = ("jobId", "status")  # also if it was too large
MAX_BYTES = 200_000  # SNS accepts 256 KiB, with the attributes and the e-mail's text (API reference, Publish)
MAX_FIELD = 10_000  # characters of each field that is kept if the message is too large


def message(job: Mapping[str, Any]) -> str:
    """Return the message about a job.

    A message of more than `MAX_BYTES` keeps only the job's id, status, ARN and the time of the change. It is measured
    as SNS gets it: as a text in another JSON, which escapes its quotes.
    """
    version = {"messageVersion": VERSION}
    fields = {name: job[name] for name in ANNOUNCED if name in job}
    whole = text({**version, **fields})
    if len(json.dumps(whole)) <= MAX_BYTES:  # JSON escapes all that is not ASCII, so each character is one byte
        return whole
    kept = (*ALWAYS_IN_MESSAGE, "arn", "updatedAt")
    return text({**version, **{name: text(fields[name])[:MAX_FIELD] for name in kept if name in fields}})


def text(value: object) -> str:
    """Return text as it is, and anything else as JSON. JSON has no sets and bytes: these are written as in Python."""
    return value if isinstance(value, str) else json.dumps(value, default=repr)


def printable(text: str) -> str:
    """Return `text` with ? for each control character: S3 allows them in keys, but SNS refuses them."""
    return "".join(character if character.isprintable() else "?" for character in text)
