"""The fields that are read from each event, and the messages about an event that cannot be read, word for word."""

import hashlib
import json
from typing import Any

import pytest

from neptune_training.checks import events
from neptune_training.checks.events import Unreadable
from neptune_training.model.triggers import Trigger
from tests.test_triggers import event, read, refusal

CONFIGURATION = "model-hpo-configuration.json"
UPLOAD = {
    "kind": "upload",
    "identity": f"upload example-bucket models/example/{CONFIGURATION} 006742A1F3C4D5E6F7",
    "source": "aws.s3",
    "eventId": "3c2d5a0e-0c7e-4c6b-9a43-0f9e0b8f6a51",
    "time": "2026-11-24T02:00:00Z",
    "bucket": "example-bucket",
    "key": f"models/example/{CONFIGURATION}",
    "etag": "302ea87f13e455cfb7e844a487846d4b",
    "sequencer": "006742A1F3C4D5E6F7",
}
ARN = "arn:aws:scheduler:us-east-1:123456789012:schedule/default/weekly-training"
RUN = {
    "kind": "schedule",
    "identity": f"schedule {ARN} 2026-11-24T02:00:00Z",
    "source": ARN,
    "time": "2026-11-24T02:00:00Z",
}
SENT = {
    "source": "com.example.features",
    "eventId": "7bf73129-1428-4cd3-a780-95db273d1602",
    "time": "2026-11-24T02:00:00Z",
}
EVENT = {"kind": "event", "identity": f"event {SENT['eventId']}", **SENT}
CANCELLATION = {"kind": "cancellation", "identity": f"cancellation {SENT['eventId']}", **SENT}
UNKNOWN = {"kind": "unknown", "identity": "message message-1", "eventId": "message-1"}


def fields(trigger: Trigger) -> dict[str, Any]:
    return trigger.model_dump(exclude_none=True)


def upload(**found: Any) -> dict[str, Any]:
    changed = event("start-upload")
    changed["detail"]["object"].update(found)
    return changed


def in_bucket(name: str) -> dict[str, Any]:
    changed = event("start-upload")
    changed["detail"]["bucket"]["name"] = name
    return changed


def schedule(**changed: Any) -> dict[str, Any]:
    return {**event("start-schedule"), **changed}


def cancellation(**detail: Any) -> dict[str, Any]:
    return {**event("start-event"), "detail-type": events.CANCELLATION, "detail": detail}


def test_an_upload_is_read_field_by_field() -> None:
    assert fields(read(upload(**{"version-id": "7"})).trigger) == {**UPLOAD, "versionId": "7"}
    assert fields(read(upload(versionId="7")).trigger) == {**UPLOAD, "versionId": "7"}
    assert read(upload()).parameters == {}


@pytest.mark.parametrize("etag", ["", '""', None, 7])
def test_an_upload_without_an_etag_is_read_without_one(etag: object) -> None:
    assert read(upload(etag=etag)).trigger.etag is None


def test_an_etag_is_read_without_its_quotes_only() -> None:
    assert read(upload(etag='"X1X"')).trigger.etag == "X1X"


def test_an_upload_from_a_bucket_notification_is_read_field_by_field() -> None:
    notification = event("start-upload-notification")
    found = notification["Records"][0]["s3"]["object"]
    found["eTag"] = f'"{found["eTag"]}"'
    sequencer = "006742A1F3C4D5E6F6"
    expected = UPLOAD | {
        "identity": f"upload example-bucket models/example/{CONFIGURATION} {sequencer}",
        "time": "2026-11-24T02:00:00.000Z",
        "sequencer": sequencer,
    }
    del expected["eventId"]
    assert fields(read(notification).trigger) == expected


def test_a_run_of_a_schedule_an_event_and_a_cancellation_are_read_field_by_field() -> None:
    asked = [read(each) for each in (schedule(), event("start-event"), cancellation(id="a"))]
    assert [fields(each.trigger) for each in asked] == [RUN, EVENT, CANCELLATION]
    assert asked[2].parameters == {"id": "a", "clean": False}


def test_an_event_without_any_identity_is_identified_by_the_hash_of_its_text() -> None:
    with pytest.raises(Unreadable) as raised:
        events.read("{\ud800", None)
    digest = hashlib.sha256("{\ud800".encode(errors="surrogatepass")).hexdigest()
    assert fields(raised.value.trigger) == {"kind": "unknown", "identity": f"message {digest}"}


def test_a_text_that_is_only_shown_is_cut_to_1024_characters() -> None:
    sent = {**event("start-event"), "source": "s" * 1025, "time": "t" * 1024}
    trigger = read(sent).trigger
    assert [trigger.source, trigger.time] == ["s" * 1024, "t" * 1024]


def test_the_longest_sequencer_key_and_id_are_read() -> None:
    longest = "models/" + "k" * (1024 - len(f"models//{CONFIGURATION}")) + f"/{CONFIGURATION}"
    trigger = read(upload(sequencer="A" * 64, key=longest)).trigger
    assert [trigger.sequencer, trigger.key] == ["A" * 64, longest]
    assert read({**event("start-event"), "detail": {"id": "i" * 48}}).parameters == {"id": "i" * 48}


UNCHANGED = "Send S3's own Object Created event, unchanged"
IN_DIRECTORY = f"Upload {CONFIGURATION} into the model's directory"
KEY = "detail.object.key"


@pytest.mark.parametrize(
    ("body", "trigger", "said"),
    [
        (in_bucket("No"), UNKNOWN, f'detail.bucket.name: is not a valid bucket name (value: "No"). {UNCHANGED}'),
        (
            {**upload(), "detail": {"bucket": {"name": "bucket"}, "object": {"key": "k", "sequencer": "A" * 65}}},
            UNKNOWN,
            (
                "detail.object: has no object key or no sequencer"
                f' (value: {{"key": "k", "sequencer": "{"A" * 65}"}}). {UNCHANGED}'
            ),
        ),
        (
            {**upload(), "detail": {"bucket": {"name": "bucket"}, "object": {"key": 7, "sequencer": "A"}}},
            UNKNOWN,
            f'detail.object: has no object key or no sequencer (value: {{"key": 7, "sequencer": "A"}}). {UNCHANGED}',
        ),
        (
            upload(key=f"models/a\nb/{CONFIGURATION}"),
            UPLOAD,
            (
                f"{KEY}: has a control character, which Neptune does not accept"
                f' (value: "models/a\\nb/{CONFIGURATION}"). Upload it under a key without one'
            ),
        ),
        (
            upload(key="models/x/y.py"),
            UPLOAD,
            f'{KEY}: is not a model\'s configuration (value: "models/x/y.py"). {IN_DIRECTORY}',
        ),
        (
            upload(key=f"models//{CONFIGURATION}"),
            UPLOAD,
            (
                f"{KEY}: has an empty folder name (//), or a folder named . or .."
                f' (value: "models//{CONFIGURATION}").'
                " Upload the model's directory to a key without these, such as models/fraud/"
            ),
        ),
        (
            schedule(time="soon"),
            UNKNOWN,
            (
                'time: does not identify this run of the schedule (value: "soon").'
                ' Add this line to the schedule\'s input: "time": "<aws.scheduler.scheduled-time>"'
            ),
        ),
        (
            schedule(resources=["x"]),
            UNKNOWN,
            (
                'resources: does not identify this run of the schedule (value: ["x"]).'
                ' Add this line to the schedule\'s input: "resources": ["<aws.scheduler.schedule-arn>"]'
            ),
        ),
        (
            schedule(**{"detail-type": events.CANCELLATION}),
            RUN,
            (
                "detail-type: cannot be sent by a schedule (value: Neptune ML Training Cancellation Requested)."
                " Send the event to the stack's bus"
            ),
        ),
        (
            schedule(detail={"id": "weekly"}),
            RUN,
            (
                'id: must not be set by a schedule: only its first run would train (value: "weekly").'
                " Remove it: each run gets its own id"
            ),
        ),
        (
            {**event("start-event"), "detail": {"id": "i" * 49}},
            EVENT,
            f'id: is not a valid id (value: "{"i" * 49}"). Set it to 1 to 48 letters, digits and hyphens',
        ),
        (
            {**event("start-event"), "detail": {"id": "x" * 27 + "-" + "0" * 20}},
            EVENT,
            (
                "id: looks like an id that the application derives: it ends with a hyphen and 20 hexadecimal digits"
                f' (value: "{"x" * 27}-{"0" * 20}").'
                f" Add something after it, such as {'x' * 27}-{'0' * 15}-next: 48 characters at most"
            ),
        ),
        (
            cancellation(),
            CANCELLATION,
            (
                "id: is missing, and has no default. Set it to the id of the job to cancel,"
                " as its messages and its record have it, or send no such event"
            ),
        ),
        (
            cancellation(id="a", clean="yes"),
            CANCELLATION,
            (
                'clean: should be a valid boolean (value: "yes").'
                " Set it to true or false; true also deletes what the job has written"
            ),
        ),
        (
            {"x": 1},
            UNKNOWN,
            (
                'event: is not an event that can start a training (value: {"x": 1}).'
                ' Send an EventBridge event with an id, detail-type "Neptune ML Training Requested"'
                " and the parameters in detail"
            ),
        ),
    ],
)
def test_what_is_wrong_with_an_event_is_said_with_value_and_remedy_under_what_is_known_of_its_trigger(
    body: object, trigger: dict[str, str], said: str
) -> None:
    refused = refusal(body)
    found = {**trigger, "key": refused.trigger.key, "identity": refused.trigger.identity}
    assert fields(refused.trigger) == (found if trigger is UPLOAD else trigger)
    assert [str(each) for each in refused.problems] == [said]


def test_a_key_of_1025_bytes_is_not_a_models_configuration() -> None:
    too_long = "models/" + "k" * (1025 - len(f"models//{CONFIGURATION}")) + f"/{CONFIGURATION}"
    [problem] = refusal(upload(key=too_long)).problems
    assert [problem.field, problem.problem] == [KEY, "is not a model's configuration"]


@pytest.mark.parametrize("sequencer", ["", None, 7, ["A"]])
def test_an_upload_without_a_sequencer_that_is_text_is_unreadable(sequencer: object) -> None:
    [problem] = refusal(upload(sequencer=sequencer)).problems
    assert [problem.field, problem.problem] == ["detail.object", "has no object key or no sequencer"]


@pytest.mark.parametrize(
    ("changed", "field"), [({"detail-type": "Another"}, "event"), ({"id": ""}, "event"), ({"id": None}, "event")]
)
def test_an_event_of_another_type_or_without_an_id_is_unreadable(changed: dict[str, object], field: str) -> None:
    [problem] = refusal({**event("start-event"), **changed}).problems
    assert [problem.field, problem.problem] == [field, "is not an event that can start a training"]


def test_a_bucket_notification_without_a_key_is_no_models_configuration() -> None:
    notification = event("start-upload-notification")
    del notification["Records"][0]["s3"]["object"]["key"]
    [problem] = refusal(notification).problems
    assert [problem.field, problem.value, problem.problem] == [KEY, '""', "is not a model's configuration"]


LONGEST = 65_536
HUGE = {"x": "x" * (LONGEST - len('{"x": ""}'))}


@pytest.mark.parametrize("text", ["{", '"\ud800', "\ud800"])
def test_a_text_that_is_no_json_is_unreadable_in_the_field_that_has_it(text: str) -> None:
    letter = {"MessageBody": text, "QueueUrl": "https://queue"}
    with pytest.raises(Unreadable) as raised:
        events.read(text, "message-1")
    assert [each.field for each in raised.value.problems] == ["event"]
    assert [each.field for each in refusal(letter).problems] == ["MessageBody"]


def test_an_event_of_65537_bytes_is_unreadable() -> None:
    longer = {"x": HUGE["x"] + "x"}
    assert [len(json.dumps(HUGE)), len(json.dumps(longer))] == [LONGEST, LONGEST + 1]
    said = [each.problem for body in (HUGE, longer) for each in refusal(body).problems]
    assert said == ["is not an event that can start a training", "is larger than 65536 bytes"]
