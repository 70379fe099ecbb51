"""The calls of `notify` and `emit` to SNS and EventBridge, with all parameters, and a refusal of each."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.stub import Stubber

import emit
import notify
from neptune_training.announce import status_file
from neptune_training.announce.changes import CannotBeAnnounced
from neptune_training.announce.email import email
from neptune_training.announce.message import message
from neptune_training.announce.status_file import NotWritten, S3Object
from tests.stubs import client, stubbed
from tests.test_entry_points import ANY, Context, logged

JOB = {"jobId": "fraud-1", "status": "STARTED", "model": "s3://m/fraud/"}
TOPIC = "arn:aws:sns:us-east-1:123456789012:training"


# --- notify -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def sns(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    with stubbed("sns") as stubber:
        monkeypatch.setattr(notify, "sns", lambda: stubber.client)
        monkeypatch.setenv("TRAINING_TOPIC_ARN", TOPIC)
        yield stubber


def test_a_message_is_published_for_each_protocol_with_attributes_to_filter_by(
    sns: Stubber, caplog: pytest.LogCaptureFixture
) -> None:
    job: dict[str, Any] = {**JOB, "model": "s3://é/" + "m" * 2_100, "waitingFor": {"a": "\x00"}, "arn": "arn:1"}
    values = {**JOB, "model": job["model"][:2_048], "waitingFor": '{"a": "\\u0000"}'}
    sent = {
        "TopicArn": TOPIC,
        "Subject": "Neptune ML training STARTED: fraud-1",
        "MessageStructure": "json",
        "Message": json.dumps({"default": message(job), "email": email(job)}, ensure_ascii=False),
        "MessageAttributes": {name: {"DataType": "String", "StringValue": value} for name, value in values.items()},
    }
    sns.add_response("publish", {"MessageId": "m-1"}, sent)
    notify.publish(job)
    fields = ("jobId", "status", "messageId")
    assert logged(caplog, *fields) == ["INFO", "announced", "fraud-1", "STARTED", "m-1"]


@pytest.mark.parametrize(
    ("code", "answer", "raised", "said"),
    [
        ("InvalidParameter", "Message too long", CannotBeAnnounced, "SNS does not accept the message"),
        ("InvalidParameter", "Invalid parameter: TopicArn", ClientError, "TopicArn"),
        ("Throttling", "no", ClientError, "Throttling"),
    ],
)
def test_only_a_message_that_sns_refuses_for_its_content_cannot_be_announced(
    sns: Stubber, code: str, answer: str, raised: type[Exception], said: str
) -> None:
    sns.add_client_error("publish", code, answer)
    with pytest.raises(raised, match=said):
        notify.publish(JOB)


def test_a_message_that_is_no_text_cannot_be_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notify, "sns", lambda: client("sns"))
    monkeypatch.setenv("TRAINING_TOPIC_ARN", TOPIC)
    monkeypatch.setattr(notify, "subject", lambda _: 7)
    with pytest.raises(CannotBeAnnounced, match="SNS does not accept the message"):
        notify.publish(JOB)


@pytest.mark.parametrize(
    ("job_id", "subject"),
    [("a\nb", "Neptune ML training STARTED: a?b"), ("é", "Neptune ML training STARTED: ?")],
)
def test_a_subject_is_one_line_of_ascii(job_id: str, subject: str) -> None:
    assert notify.subject({**JOB, "jobId": job_id}) == subject


def test_a_subject_has_at_most_99_characters() -> None:
    assert notify.subject({**JOB, "jobId": "j" * 200}) == "Neptune ML training STARTED: " + "j" * 70


# --- emit -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    with stubbed("events") as stubber:
        monkeypatch.setattr(emit, "events", lambda: stubber.client)
        monkeypatch.setenv("STATUS_EVENT_BUS", "mine")
        yield stubber


def test_an_event_has_the_message_as_its_detail(events: Stubber, caplog: pytest.LogCaptureFixture) -> None:
    entry = {
        "EventBusName": "mine",
        "Source": "neptune-ml-training",
        "DetailType": "Neptune ML Training Status Change",
        "Detail": message(JOB),
    }
    events.add_response("put_events", {"Entries": [{"EventId": "e-1"}]}, {"Entries": [entry]})
    emit.send_event(JOB)
    assert logged(caplog, "jobId", "status", "eventId") == ["INFO", "emitted", "fraud-1", "STARTED", "e-1"]


@pytest.mark.parametrize(
    ("code", "raised"), [("MalformedDetail", CannotBeAnnounced), ("ThrottlingException", emit.EventBridgeFailed)]
)
def test_an_entry_that_fails_says_why(events: Stubber, code: str, raised: type[Exception]) -> None:
    events.add_response("put_events", {"Entries": [{"ErrorCode": code, "ErrorMessage": "no"}]})
    with pytest.raises(raised) as error:
        emit.send_event(JOB)
    assert str(error.value) == f"EventBridge does not accept the event: {code}: no"


@pytest.mark.parametrize(
    ("code", "raised", "said"),
    [
        ("ValidationException", CannotBeAnnounced, "EventBridge does not accept the event"),
        ("ThrottlingException", ClientError, "ThrottlingException"),
    ],
)
def test_a_call_that_fails_is_given_up_only_for_its_content(
    events: Stubber, code: str, raised: type[Exception], said: str
) -> None:
    events.add_client_error("put_events", code)
    with pytest.raises(raised, match=said):
        emit.send_event(JOB)


def test_an_event_that_is_no_text_cannot_be_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emit, "events", lambda: client("events"))
    monkeypatch.setenv("STATUS_EVENT_BUS", "mine")
    monkeypatch.setattr(emit, "message", lambda _: 7)
    with pytest.raises(CannotBeAnnounced, match="EventBridge does not accept the event"):
        emit.send_event(JOB)


@pytest.mark.parametrize(
    ("error", "of_s3"),
    [
        (ClientError({"ResponseMetadata": {"HTTPStatusCode": 500}}, "PutObject"), True),  # type: ignore[typeddict-item]
        (ClientError({"ResponseMetadata": {"HTTPStatusCode": 499}}, "PutObject"), False),  # type: ignore[typeddict-item]
        (EndpointConnectionError(endpoint_url="https://s3.invalid"), True),
        (NotWritten("no"), False),
    ],
)
def test_s3_is_down_if_it_says_so_or_cannot_be_reached(error: Exception, of_s3: bool) -> None:
    assert emit.is_of_s3(error) is of_s3


class Files:
    """S3's part of `status_file.write`: what happens to each file, by its key."""

    def __init__(self, **happens: Any) -> None:
        self.happens, self.tried = happens, list[str]()

    def write(self, s3: Any, file: S3Object, job: Any) -> bool:
        assert [s3, job] == [ANY, {**JOB, "jobId": file.key}]
        self.tried.append(file.key)
        if isinstance(self.happens[file.key], Exception):
            raise self.happens[file.key]
        return bool(self.happens[file.key])


DOWN, REFUSED = EndpointConnectionError(endpoint_url="https://s3.invalid"), NotWritten("no")


@pytest.mark.parametrize(
    ("happens", "milliseconds", "outcome"),
    [
        ({"a": True, "b": False, "c": True}, 25_000, ("abc", 2, 0)),
        ({"a": REFUSED, "b": True, "c": REFUSED}, 25_000, ("abc", 1, 2)),
        ({"a": True, "b": DOWN, "c": True}, 25_000, ("ab", 1, 2)),
        ({"a": True, "b": True, "c": True}, 24_999, ("", 0, 3)),
    ],
)
def test_files_are_written_one_after_another_while_there_is_time_and_s3_is_not_down(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    happens: dict[str, Any],
    milliseconds: int,
    outcome: tuple[str, int, int],
) -> None:
    tried, written, left = outcome
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Test")
    monkeypatch.setattr(emit, "s3", lambda: ANY)
    files = Files(**happens)
    monkeypatch.setattr(status_file, "write", files.write)
    given = {S3Object("b", name): {**JOB, "jobId": name} for name in happens}
    assert emit.write_files(given, Context(milliseconds)) == (written, left)
    assert files.tried == list(tried)
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "CloudWatchMetrics" in line]
    metrics = [(each["StatusFilesNotWritten"], each["_aws"]["CloudWatchMetrics"][0]["Metrics"]) for each in printed]
    assert metrics == [([float(left)], [{"Name": "StatusFilesNotWritten", "Unit": "Count"}])] * bool(left)


@pytest.mark.parametrize(
    ("milliseconds", "fields"),
    [
        (25_000, {"jobId": "a", "key": "a"}),
        (24_999, {"reason": "there is no time left", "files": 1}),
    ],
)
def test_a_file_that_is_not_written_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, milliseconds: int, fields: dict[str, Any]
) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Test")
    monkeypatch.setattr(emit, "s3", lambda: ANY)
    monkeypatch.setattr(status_file, "write", Files(a=REFUSED).write)
    emit.write_files({S3Object("b", "a"): {**JOB, "jobId": "a"}}, Context(milliseconds))
    assert logged(caplog, *fields) == ["ERROR", "status file not written", *fields.values()]
