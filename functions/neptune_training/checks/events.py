"""Read the events that ask for a training, or cancel one: from S3, EventBridge and EventBridge Scheduler.

A repeat is recognised by the trigger's identity. For an upload, this is bucket, key and sequencer: duplicates of one S3
event have the same sequencer. For an event, it is its `id`. For a run of a
schedule, it is the schedule's ARN and the scheduled time, because each attempt has another execution id.

An event that cannot be read raises `Unreadable`, with what is known of the trigger, so that it is recorded as REJECTED.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

from pydantic import ValidationError

from neptune_training.checks import json_documents
from neptune_training.checks.pydantic_errors import Format, problems_from
from neptune_training.model import parameters, s3_places
from neptune_training.model.parameters import CancellationRequest
from neptune_training.model.problems import Invalid, Problem, shown
from neptune_training.model.triggers import Trigger, TriggerKind

DETAIL_TYPE = "Neptune ML Training Requested"
CANCELLATION = "Neptune ML Training Cancellation Requested"
CANCELLATION_FORMAT = Format(CancellationRequest, default="send no such event")
CONFIGURATION = "model-hpo-configuration.json"
JOB_ID = re.compile(parameters.JOB_ID)
DERIVED = re.compile(r"-[0-9a-f]{20}$")
MAX_TEXT_CHARACTERS = 1024
CONTROL = re.compile(r"[\x00-\x1f]")
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
MAX_BYTES = 65_536  # of an event: its record, 400 KB at most, holds it more than once


class Asked(NamedTuple):
    """Hold a trigger and the parameters that came with it, which are not checked yet."""

    trigger: Trigger
    parameters: dict[str, Any]


class Unreadable(Invalid):
    """Say that an event cannot be read. `trigger` has what is known of its origin."""

    def __init__(self, trigger: Trigger, problems: tuple[Problem, ...]) -> None:
        super().__init__(problems)
        self.trigger = trigger


def read(body: str, message_id: str | None = None) -> Asked:
    """Return the trigger and the parameters of one event, given as JSON text. Raises `Unreadable`.

    If the event has no identity, the SQS `message_id` identifies it; without that, a hash of the body does.
    """
    last_resort = message_id or hashlib.sha256(body.encode(errors="surrogatepass")).hexdigest()
    unknown = Trigger(kind=TriggerKind.UNKNOWN, identity=f"message {last_resort}", eventId=message_id)
    try:
        event: Any = json_documents.read(body.encode(errors="surrogatepass"), "event", MAX_BYTES)
        return of_event(event, unknown)
    except Unreadable:
        raise
    except Invalid as invalid:
        raise Unreadable(unknown, invalid.problems) from invalid


def of_event(event: Any, unknown: Trigger) -> Asked:
    """Return the trigger and the parameters of an event, whose fields show its kind. Raises `Invalid`."""
    match event:
        case {
            "Records": [
                {"eventSource": "aws:s3", "s3": {"bucket": {"name": str(bucket)}, "object": dict(found)}} as record
            ]
        }:
            key = unquote_plus(str(found.get("key", "")))  # S3's notifications encode keys, EventBridge's events do not
            return upload(bucket, {**found, "key": key, "etag": found.get("eTag")}, record.get("eventTime"), unknown)
        case {"source": "aws.s3", "detail": {"bucket": {"name": str(bucket)}, "object": dict(found)}}:
            return upload(bucket, found, event.get("time"), unknown, event.get("id"))
        case {"MessageBody": str(body), "QueueUrl": str()}:  # EventBridge Scheduler's dead letter, sent again
            return of_event(json_documents.read(body.encode(), "MessageBody"), unknown)
        case {"source": "aws.scheduler", "detail": dict(detail)}:
            return schedule(event, detail, unknown)
        case {"detail-type": str(name), "id": str(event_id), "detail": dict(detail)} if event_id and name in READERS:
            kind, reader = READERS[name]
            return reader(sent(event, event_id, kind), detail)
    problem = "is not an event that can start a training"
    remedy = f'Send an EventBridge event with an id, detail-type "{DETAIL_TYPE}" and the parameters in detail'
    raise Invalid((Problem(field="event", value=shown(event), problem=problem, remedy=remedy),))


def sent(event: Mapping[str, Any], event_id: str, kind: TriggerKind) -> Trigger:
    """Return the trigger of an event on the stack's bus."""
    identity, source = f"{kind} {event_id}", text(event.get("source"))
    return Trigger(kind=kind, identity=identity, eventId=event_id, source=source, time=text(event.get("time")))


def upload(bucket: str, found: Mapping[str, Any], time: object, unknown: Trigger, event_id: object = None) -> Asked:
    """Return what an upload of a model's configuration asks for. Raises `Unreadable`."""
    key, sequencer = found.get("key"), found.get("sequencer")
    if not BUCKET.fullmatch(bucket):
        problem, remedy = "is not a valid bucket name", "Send S3's own Object Created event, unchanged"
        raise Unreadable(
            unknown, (Problem(field="detail.bucket.name", value=shown(bucket), problem=problem, remedy=remedy),)
        )
    if not isinstance(key, str) or not isinstance(sequencer, str) or not sequencer or len(sequencer) > 64:
        problem, remedy = "has no object key or no sequencer", "Send S3's own Object Created event, unchanged"
        raise Unreadable(
            unknown, (Problem(field="detail.object", value=shown(dict(found)), problem=problem, remedy=remedy),)
        )
    trigger = Trigger(
        kind=TriggerKind.UPLOAD,
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
        problem, remedy = "has a control character, which Neptune does not accept", "Upload it under a key without one"
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
    """Return what a run of a schedule asks for. The placeholders in its input identify the run."""
    resources = event.get("resources")
    arn = resources[0] if isinstance(resources, list) and resources else None
    time = event.get("time")
    if not isinstance(arn, str) or not arn.startswith("arn:"):
        raise Unreadable(unknown, (placeholder("resources", resources, '["<aws.scheduler.schedule-arn>"]'),))
    if not is_time(time):
        raise Unreadable(unknown, (placeholder("time", time, '"<aws.scheduler.scheduled-time>"'),))
    trigger = Trigger(kind=TriggerKind.SCHEDULE, identity=f"schedule {arn} {time}", source=arn, time=text(time))
    if event.get("detail-type") == CANCELLATION:
        problem, remedy = "cannot be sent by a schedule", "Send the event to the stack's bus"
        raise Unreadable(trigger, (Problem(field="detail-type", value=CANCELLATION, problem=problem, remedy=remedy),))
    if detail.get("id") is not None:
        problem = "must not be set by a schedule: only its first run would train"
        remedy = "Remove it: each run gets its own id"
        raise Unreadable(trigger, (Problem(field="id", value=shown(detail["id"]), problem=problem, remedy=remedy),))
    return asked(trigger, detail)


def placeholder(field: str, value: object, line: str) -> Problem:
    """Return the problem of a schedule whose input lacks a placeholder: only its first run would train."""
    remedy = f'Add this line to the schedule\'s input: "{field}": {line}'
    return Problem(field=field, value=shown(value), problem="does not identify this run of the schedule", remedy=remedy)


def asked(trigger: Trigger, detail: dict[str, Any]) -> Asked:
    """Return a request's trigger and parameters. An explicit `id` is checked first: the record is stored under it.

    An id that looks like a derived one is not allowed: it could be that of another trigger's job. Raises `Unreadable`.
    """
    job_id = detail.get("id")
    if job_id is not None and (not isinstance(job_id, str) or not JOB_ID.fullmatch(job_id)):
        problem, remedy = "is not a valid id", "Set it to 1 to 48 letters, digits and hyphens"
        raise Unreadable(trigger, (Problem(field="id", value=shown(job_id), problem=problem, remedy=remedy),))
    if job_id is not None and DERIVED.search(job_id):
        problem = "looks like an id that the application derives: it ends with a hyphen and 20 hexadecimal digits"
        remedy = f"Add something after it, such as {job_id[:43]}-next: 48 characters at most"
        raise Unreadable(trigger, (Problem(field="id", value=shown(job_id), problem=problem, remedy=remedy),))
    return Asked(trigger, detail)


def cancellation(trigger: Trigger, detail: dict[str, Any]) -> Asked:
    """Return which job a cancellation names, as in `{"id": "weekly-43", "clean": False}`. Raises `Unreadable`."""
    try:
        return Asked(trigger, CancellationRequest.model_validate(detail).model_dump())
    except ValidationError as error:
        raise Unreadable(trigger, tuple(problems_from(error, CANCELLATION_FORMAT))) from error


def is_time(value: object) -> bool:
    """Return True for an ISO 8601 time, which is what `<aws.scheduler.scheduled-time>` becomes."""
    try:
        return isinstance(value, str) and bool(datetime.fromisoformat(value))
    except ValueError:
        return False


def text(value: object) -> str | None:
    """Return a string, shortened, or None. The fields read with it are only shown to people."""
    return value[:MAX_TEXT_CHARACTERS] if isinstance(value, str) else None


# The events on the stack's bus, by detail type.
READERS = {DETAIL_TYPE: (TriggerKind.EVENT, asked), CANCELLATION: (TriggerKind.CANCELLATION, cancellation)}
