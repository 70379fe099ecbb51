"""From what arrives to what asked for it: S3, EventBridge and EventBridge Scheduler, with SQS around them or without.

Identity is what makes a second delivery a repeat. An upload is bucket, key and sequencer: a duplicate of one event
carries the same sequencer. An event is its `id`. A schedule's tick is the schedule's ARN and the scheduled time,
since the execution id differs from attempt to attempt.

What cannot be read raises `Unreadable`, with the trigger as far as it is known, so that it can be recorded as REJECTED.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

from neptune_training.checks import json_documents
from neptune_training.model import s3_places
from neptune_training.model.jobs import Trigger
from neptune_training.model.problems import Invalid, Problem, shown

DETAIL_TYPE = "Neptune ML Training Requested"
CONFIGURATION = "model-hpo-configuration.json"
JOB_ID = re.compile(r"[A-Za-z0-9-]{1,48}")
DERIVED = re.compile(r"-[0-9a-f]{20}$")
MAX_TEXT_CHARACTERS = 1024
CONTROL = re.compile(r"[\x00-\x1f]")
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
MAX_BYTES = 65_536  # of an event: a record holds 400 KB, and whatever comes must fit into one, several times over


class Asked(NamedTuple):
    """A trigger and the parameters that came with it, not yet judged."""

    trigger: Trigger
    parameters: dict[str, Any]


class Unreadable(Invalid):
    """Nobody can train this; `trigger` says what is known of where it came from."""

    def __init__(self, trigger: Trigger, reasons: tuple[Problem, ...]) -> None:
        super().__init__(reasons)
        self.trigger = trigger


def read(body: str, message_id: str | None = None) -> Asked:
    """Read one event. `message_id` is SQS's, the identity of last resort; without it the body itself is."""
    last_resort = message_id or hashlib.sha256(body.encode(errors="surrogatepass")).hexdigest()
    unknown = Trigger(kind="unknown", identity=f"message {last_resort}", eventId=message_id)
    try:
        event: Any = json_documents.read(body.encode(errors="surrogatepass"), "event", MAX_BYTES)
        return of_event(event, unknown)
    except Unreadable:
        raise
    except Invalid as invalid:
        raise Unreadable(unknown, invalid.reasons) from invalid


def of_event(event: Any, unknown: Trigger) -> Asked:
    """Tell the kinds of event apart by the fields that each is documented to have."""
    match event:
        case {
            "Records": [
                {"eventSource": "aws:s3", "s3": {"bucket": {"name": str(bucket)}, "object": dict(found)}} as record
            ]
        }:
            key = unquote_plus(str(found.get("key", "")))  # notifications encode keys; EventBridge's events do not
            return upload(bucket, {**found, "key": key, "etag": found.get("eTag")}, record.get("eventTime"), unknown)
        case {"source": "aws.s3", "detail": {"bucket": {"name": str(bucket)}, "object": dict(found)}}:
            return upload(bucket, found, event.get("time"), unknown, event.get("id"))
        case {"MessageBody": str(body), "QueueUrl": str()}:  # how EventBridge Scheduler wraps what it could not deliver
            return of_event(json_documents.read(body.encode(errors="surrogatepass"), "MessageBody", MAX_BYTES), unknown)
        case {"source": "aws.scheduler", "detail": dict(detail)}:
            return schedule(event, detail, unknown)
        case {"detail-type": "Neptune ML Training Requested", "id": str(event_id), "detail": dict(detail)} if event_id:
            source = text(event.get("source"))
            trigger = Trigger(
                kind="event",
                identity=f"event {event_id}",
                eventId=event_id,
                source=source,
                time=text(event.get("time")),
            )
            return asked(trigger, detail)
    problem = "is not an event that starts a training"
    remedy = f'Send an EventBridge event with an id, detail-type "{DETAIL_TYPE}" and the parameters in detail'
    raise Invalid((Problem(field="event", value=shown(event), problem=problem, remedy=remedy),))


def upload(bucket: str, found: Mapping[str, Any], time: object, unknown: Trigger, event_id: object = None) -> Asked:
    """An upload of a model's configuration. Keys are taken literally, whatever is in them."""
    key, sequencer = found.get("key"), found.get("sequencer")
    if not BUCKET.fullmatch(bucket):
        problem, remedy = "is not a bucket's name", "Send S3's own Object Created event, unchanged"
        raise Unreadable(
            unknown, (Problem(field="detail.bucket.name", value=shown(bucket), problem=problem, remedy=remedy),)
        )
    if not isinstance(key, str) or not isinstance(sequencer, str) or not sequencer or len(sequencer) > 64:
        problem, remedy = "names no object key and sequencer", "Send S3's own Object Created event, unchanged"
        raise Unreadable(
            unknown, (Problem(field="detail.object", value=shown(dict(found)), problem=problem, remedy=remedy),)
        )
    trigger = Trigger(
        kind="upload",
        identity=f"upload {bucket} {key} {sequencer}",
        source="aws.s3",
        eventId=text(event_id),
        time=text(time),
        bucket=bucket,
        key=key,
        etag=(text(found.get("etag")) or "").strip('"') or None,
        versionId=text(found.get("version-id") or found.get("versionId")),
        sequencer=sequencer,
    )
    if CONTROL.search(key):
        problem, remedy = "has a control character, which Neptune takes in no place", "Upload it under a key without"
        raise Unreadable(
            trigger, (Problem(field="detail.object.key", value=shown(key), problem=problem, remedy=remedy),)
        )
    if not key.endswith(f"/{CONFIGURATION}") or len(key.encode(errors="surrogatepass")) > s3_places.MAX_KEY_BYTES:
        problem, remedy = "is not a model's configuration", f"Upload {CONFIGURATION} into the model's directory"
        raise Unreadable(
            trigger, (Problem(field="detail.object.key", value=shown(key), problem=problem, remedy=remedy),)
        )
    if wrong := s3_places.problem(key.rpartition("/")[0]):
        problem, remedy = wrong[0], "Upload the model's directory to a key without these, such as models/fraud/"
        raise Unreadable(
            trigger, (Problem(field="detail.object.key", value=shown(key), problem=problem, remedy=remedy),)
        )
    return Asked(trigger, {})


def schedule(event: Mapping[str, Any], detail: dict[str, Any], unknown: Trigger) -> Asked:
    """A tick of a schedule, as the schedule's input says it with EventBridge Scheduler's context attributes."""
    resources = event.get("resources")
    arn = resources[0] if isinstance(resources, list) and resources else None
    time = event.get("time")
    if not isinstance(arn, str) or not arn.startswith("arn:"):
        raise Unreadable(unknown, (placeholder("resources", resources, '["<aws.scheduler.schedule-arn>"]'),))
    if not is_time(time):
        raise Unreadable(unknown, (placeholder("time", time, '"<aws.scheduler.scheduled-time>"'),))
    trigger = Trigger(kind="schedule", identity=f"schedule {arn} {time}", source=arn, time=text(time))
    if detail.get("id") is not None:
        problem, remedy = "would train on the schedule's first run only", "Leave it out: each run gets an id of its own"
        raise Unreadable(trigger, (Problem(field="id", value=shown(detail["id"]), problem=problem, remedy=remedy),))
    return asked(trigger, detail)


def placeholder(field: str, value: object, line: str) -> Problem:
    """A schedule that cannot tell its nights apart would train on the first one only."""
    remedy = f'Add this line to the schedule\'s input: "{field}": {line}'
    return Problem(field=field, value=shown(value), problem="does not identify this run of the schedule", remedy=remedy)


def asked(trigger: Trigger, detail: dict[str, Any]) -> Asked:
    """A request with an explicit `id`: that id becomes the job's, so it must be one before it is stored under it.

    One of the form that derived ids have could take the place of another trigger's job.
    """
    job_id = detail.get("id")
    if job_id is not None and (not isinstance(job_id, str) or not JOB_ID.fullmatch(job_id) or DERIVED.search(job_id)):
        problem = "is not valid, or has the form of the ids that are made here"
        remedy = "Set it to 1 to 48 letters, digits and hyphens that do not end with a hyphen and 20 hexadecimal digits"
        raise Unreadable(trigger, (Problem(field="id", value=shown(job_id), problem=problem, remedy=remedy),))
    return Asked(trigger, detail)


def is_time(value: object) -> bool:
    """Whether `value` is an ISO 8601 time, as `<aws.scheduler.scheduled-time>` becomes."""
    try:
        return isinstance(value, str) and bool(datetime.fromisoformat(value))
    except ValueError:
        return False


def text(value: object) -> str | None:
    """A short string, or nothing: these fields inform people, and never decide."""
    return value[:MAX_TEXT_CHARACTERS] if isinstance(value, str) else None
