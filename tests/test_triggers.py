"""What arrives and what asked for it: kinds, identities, and what nobody can read."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neptune_training.checks import events
from neptune_training.checks.events import Unreadable
from neptune_training.model.new_jobs import derived_id

EVENTS = Path(__file__).parent.parent / "events"


def event(name: str) -> dict:
    return json.loads((EVENTS / f"{name}.json").read_text())


def read(body: object) -> events.Asked:
    return events.read(json.dumps(body), "message-1")


def refusal(body: object) -> Unreadable:
    with pytest.raises(Unreadable) as raised:
        read(body)
    return raised.value


def test_an_uploads_identity_is_bucket_key_and_sequencer() -> None:
    trigger = read(event("start-upload")).trigger
    assert (trigger.kind, trigger.bucket, trigger.key, trigger.sequencer) == (
        "upload",
        "example-bucket",
        "models/example/model-hpo-configuration.json",
        "006742A1F3C4D5E6F7",
    )


def test_a_second_delivery_of_an_upload_has_the_same_identity_whatever_its_event_id() -> None:
    once, again = event("start-upload"), {**event("start-upload"), "id": "another", "time": "2026-12-01T00:00:00Z"}
    assert read(once).trigger.identity == read(again).trigger.identity


def test_another_upload_of_the_same_key_has_another_identity() -> None:
    once, again = event("start-upload"), event("start-upload")
    again["detail"]["object"]["sequencer"] = "006742A1F3C4D5E6FF"
    assert read(once).trigger.identity != read(again).trigger.identity


@pytest.mark.parametrize("key", ["a b", "a+b", "a%20b", "ä/ß", "..a/.b", "line\u2028break", "[x]*?", "'\"", "x" * 900])
def test_a_key_from_eventbridge_is_taken_literally(key: str) -> None:
    upload = event("start-upload")
    upload["detail"]["object"]["key"] = f"models/{key}/model-hpo-configuration.json"
    assert read(upload).trigger.key == f"models/{key}/model-hpo-configuration.json"


def test_a_key_with_a_control_character_is_refused_by_name_since_no_request_could_name_its_directory() -> None:
    upload = event("start-upload")
    upload["detail"]["object"]["key"] = "models/line\nbreak/model-hpo-configuration.json"
    with pytest.raises(Unreadable) as raised:
        read(upload)
    assert [reason.field for reason in raised.value.problems] == ["detail.object.key"]


def test_a_schedule_that_names_an_id_is_refused_since_only_its_first_run_would_train() -> None:
    tick = event("start-schedule")
    tick["detail"]["id"] = "weekly"
    with pytest.raises(Unreadable) as raised:
        read(tick)
    assert [(reason.field, reason.value) for reason in raised.value.problems] == [("id", '"weekly"')]


def test_a_key_from_a_bucket_notification_is_decoded_once() -> None:
    upload = event("start-upload-notification")
    upload["Records"][0]["s3"]["object"]["key"] = "models/a+b%2520c/model-hpo-configuration.json"
    assert read(upload).trigger.key == "models/a b%20c/model-hpo-configuration.json"


@pytest.mark.parametrize(
    "key", ["models/x/model-HPO-configuration.json", "model-hpo-configuration.json", "models/x/y.py"]
)
def test_an_upload_that_is_no_models_configuration_is_unreadable_under_its_own_identity(key: str) -> None:
    upload = event("start-upload")
    upload["detail"]["object"]["key"] = key
    refused = refusal(upload)
    assert refused.trigger.identity.startswith("upload ")
    assert refused.problems[0].field == "detail.object.key"


def test_an_events_identity_is_its_id_and_its_parameters_are_its_detail() -> None:
    asked = read(event("start-event"))
    assert asked.trigger.identity == "event 7bf73129-1428-4cd3-a780-95db273d1602"
    assert asked.parameters == event("start-event")["detail"]


def test_a_schedules_identity_is_its_arn_and_the_scheduled_time_whatever_the_attempt() -> None:
    tick = event("start-schedule")
    once, again = {**tick, "id": "attempt-1"}, {**tick, "id": "attempt-2"}
    assert read(once).trigger.identity == read(again).trigger.identity
    assert read(tick).trigger.identity != read({**tick, "time": "2026-12-01T02:00:00Z"}).trigger.identity


@pytest.mark.parametrize(
    ("field", "value", "line"),
    [
        ("time", "<aws.scheduler.scheduled-time>", '"time": "<aws.scheduler.scheduled-time>"'),
        ("time", None, '"time": "<aws.scheduler.scheduled-time>"'),
        ("resources", ["<aws.scheduler.schedule-arn>"], '"resources": ["<aws.scheduler.schedule-arn>"]'),
        ("resources", [], '"resources": ["<aws.scheduler.schedule-arn>"]'),
    ],
)
def test_a_schedule_that_cannot_tell_its_runs_apart_is_unreadable_with_the_line_to_add(
    field: str, value: object, line: str
) -> None:
    assert line in refusal({**event("start-schedule"), field: value}).problems[0].remedy


@pytest.mark.parametrize("value", ["has space", "x" * 49, "", 7, ["a"]])
def test_an_explicit_id_that_is_none_is_unreadable_before_it_is_a_key(value: object) -> None:
    refused = refusal({**event("start-event"), "detail": {"id": value}})
    assert [(each.field, each.problem) for each in refused.problems] == [("id", "is not a valid id")]
    assert refused.trigger.identity.startswith("event ")


@pytest.mark.parametrize("name", ["fraud", "a" * 27])
def test_an_explicit_id_that_looks_derived_is_unreadable_and_the_remedys_id_is_accepted(name: str) -> None:
    refused = refusal({**event("start-event"), "detail": {"id": f"{name}-b1e336b353b5439ee2aa"}})
    assert refused.trigger.identity.startswith("event ")
    [problem] = refused.problems
    assert "looks like an id that the application derives" in problem.problem
    [better] = re.findall(r"such as (\S+):", problem.remedy)
    assert re.fullmatch(rf"{name}-\w+-next", better)
    assert events.read(json.dumps({**event("start-event"), "detail": {"id": better}})).parameters["id"] == better


@pytest.mark.parametrize(
    "body",
    ["", "not json", "[" * 100_000, "null", "[]", '"text"', "1e999", "{}", '{"detail-type": "Other"}', "x" * 1_100_000],
)
def test_what_nobody_can_read_has_the_messages_id_as_its_identity(body: str) -> None:
    with pytest.raises(Unreadable) as raised:
        events.read(body, "message-1")
    assert raised.value.trigger.identity == "message message-1"
    assert raised.value.problems


@given(st.text())
def test_any_text_is_read_or_unreadable(body: str) -> None:
    try:
        events.read(body)
    except Unreadable as unreadable:
        assert unreadable.problems


@given(st.text(max_size=300), st.text(max_size=300))
def test_a_derived_id_is_one_that_neptune_takes(name: str, identity: str) -> None:
    job_id = derived_id(name, identity.encode(errors="replace").decode())
    assert 1 <= len(job_id) <= 48
    assert job_id.replace("-", "a").isalnum()
    assert job_id.isascii()


def test_a_derived_id_is_the_readable_name_and_twenty_digits_of_the_identity() -> None:
    assert derived_id("Fraud & Abuse (v2)", "upload b k 1") == f"Fraud-Abuse-v2-{derived_id('', 'upload b k 1')[6:]}"


def test_what_the_scheduler_could_not_deliver_is_read_when_it_is_sent_back() -> None:
    wrapped = {
        "MessageBody": json.dumps(event("start-schedule")),
        "QueueUrl": "https://sqs.us-east-1.amazonaws.com/1/q",
    }
    assert read(wrapped).trigger == read(event("start-schedule")).trigger
