"""Status events: one for each change that is announced, with the message's own content, and none lost to a failure."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

import emit
from neptune_training.announce.message import MAX_BYTES
from tests.test_notify import EVENT, Context, record
from tests.world import World

JOB = "example-31f0c3f8d1e04c1aa7b2"


class EventBridge:
    """EventBridge, which answers each entry with `code`, or takes it if there is none."""

    def __init__(self, code: str = "") -> None:
        self.code, self.taken = code, list[dict[str, str]]()

    def put_events(self, *, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803 - the API's own name
        if self.code:
            return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": self.code, "ErrorMessage": "no"}]}
        self.taken += Entries
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> EventBridge:
    made = EventBridge()
    monkeypatch.setenv("STATUS_EVENT_BUS", "mine")
    monkeypatch.setenv("WRITE_STATUS_FILE", "false")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "NeptuneMLTraining")
    monkeypatch.setattr(emit, "events", lambda: made)
    return made


def test_a_new_status_is_an_event_on_the_bus_that_is_named(bus: EventBridge) -> None:
    assert emit.handler(EVENT, Context()) == {"emitted": 1, "files": 0, "filesNotWritten": 0}
    [entry] = bus.taken
    detail = json.loads(entry.pop("Detail"))
    assert entry == {
        "Source": "neptune-ml-training",
        "DetailType": "Neptune ML Training Status Change",
        "EventBusName": "mine",
    }
    assert (detail["jobId"], detail["status"]) == (JOB, "STARTED")
    assert detail["arn"].endswith(f"/{JOB}")


def test_the_events_of_a_training_are_its_messages(world: World) -> None:
    world.queue.send(world.uploaded())
    world.until_quiet()
    assert [each["status"] for each in world.emitted()][-3:] == ["REQUESTED", "STARTED", "COMPLETED"]
    assert world.emitted() == world.announcements()


def test_what_is_no_news_is_no_event(bus: EventBridge) -> None:
    assert emit.handler({"Records": []}, Context()) == {"emitted": 0, "files": 0, "filesNotWritten": 0}
    arn = EVENT["Records"][0]["dynamodb"]["NewImage"]["arn"]
    assert emit.handler(record({}, {"status": {"S": "STARTED"}, "arn": arn}), Context()) == {
        "emitted": 0,
        "files": 0,
        "filesNotWritten": 0,
    }
    assert bus.taken == []


def test_an_event_too_large_keeps_what_matters(bus: EventBridge) -> None:
    emit.handler(record({"reasons": {"L": [{"M": {"field": {"S": "é" * 300_000}}}]}}, {}), Context())
    [entry] = bus.taken
    assert set(json.loads(entry["Detail"])) == {"messageVersion", "jobId", "status", "arn", "updatedAt"}
    assert len(entry["Detail"]) < MAX_BYTES


@pytest.mark.parametrize("code", ["InvalidArgument", "MalformedDetail", "RedactionFailure"])
def test_a_record_that_eventbridge_refuses_for_its_content_is_counted_and_does_not_hold_the_others(
    bus: EventBridge, capsys: pytest.CaptureFixture[str], code: str
) -> None:
    bus.code = code
    assert emit.handler(EVENT, Context()) == {"emitted": 0, "files": 0, "filesNotWritten": 0}
    assert '"NotAnnounced":[1.0]' in capsys.readouterr().out


@pytest.mark.parametrize(
    "code",
    [
        "InternalFailure",
        "InternalException",
        "ThrottlingException",
        "AccessDeniedException",
        "NotAuthorizedForSourceException",
        "NotAuthorizedForDetailTypeException",
        "InvalidAccountIdException",
        "SomethingNewException",
    ],
)
def test_an_entry_that_fails_for_a_reason_that_may_pass_fails_the_batch_so_that_it_comes_again(
    bus: EventBridge, code: str
) -> None:
    bus.code = code
    with pytest.raises(emit.EventBridgeFailed, match=code):
        emit.handler(EVENT, Context())
    bus.code = ""
    assert emit.handler(EVENT, Context()) == {"emitted": 1, "files": 0, "filesNotWritten": 0}
    assert [json.loads(entry["Detail"])["jobId"] for entry in bus.taken] == [JOB]


@pytest.mark.parametrize(("code", "raised"), [("ValidationException", False), ("ThrottlingException", True)])
def test_a_call_that_is_refused_for_its_content_is_passed_over_and_any_other_comes_again(
    bus: EventBridge, monkeypatch: pytest.MonkeyPatch, code: str, raised: bool
) -> None:
    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, "PutEvents")

    monkeypatch.setattr(bus, "put_events", refuse)
    if raised:
        with pytest.raises(ClientError, match=code):
            emit.handler(EVENT, Context())
    else:
        assert emit.handler(EVENT, Context()) == {"emitted": 0, "files": 0, "filesNotWritten": 0}


def test_an_item_that_nobody_can_read_does_not_hold_the_others(bus: EventBridge) -> None:
    broken = record({"jobId": {"N": "7"}}, {})["Records"]
    assert emit.handler({"Records": [*broken, *EVENT["Records"]]}, Context()) == {
        "emitted": 1,
        "files": 0,
        "filesNotWritten": 0,
    }


def test_a_batch_that_comes_again_repeats_its_events(bus: EventBridge) -> None:
    for _ in range(2):
        emit.handler(EVENT, Context())
    details = [json.loads(entry["Detail"]) for entry in bus.taken]
    assert len(details) == 2
    assert details[0] == details[1]
