"""What is announced of a stream's records: each new status and each ARN, once for each delivery, and nothing else."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

import notify

EVENT = json.loads((Path(__file__).parent.parent / "events" / "notify-record.json").read_text())


class Context:
    function_name = memory_limit_in_mb = invoked_function_arn = aws_request_id = "test"


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A queue that is subscribed to the topic."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        topic = boto3.client("sns").create_topic(Name="training")["TopicArn"]
        queue = boto3.resource("sqs").create_queue(QueueName="subscriber")
        boto3.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.attributes["QueueArn"])
        monkeypatch.setenv("TRAINING_TOPIC_ARN", topic)
        notify.sns.cache_clear()
        yield queue


def record(new: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
    base = EVENT["Records"][0]["dynamodb"]
    return {
        "Records": [{"dynamodb": {"NewImage": {**base["NewImage"], **new}, "OldImage": {**base["OldImage"], **old}}}]
    }


def heard(queue: Any) -> list[dict[str, Any]]:
    return [json.loads(each.body) for each in queue.receive_messages(MaxNumberOfMessages=10)]


def test_a_new_status_is_announced_with_its_arn_subject_and_attributes(queue: Any) -> None:
    assert notify.handler(EVENT, Context()) == {"published": 1}
    (envelope,) = heard(queue)
    message = json.loads(envelope["Message"])
    assert envelope["Subject"] == "Neptune ML training STARTED: example-31f0c3f8d1e04c1aa7b2"
    assert message["arn"].endswith("/example-31f0c3f8d1e04c1aa7b2")
    assert message["creationTimeInMillis"] == 1795485661000
    assert {name: each["Value"] for name, each in envelope["MessageAttributes"].items()} == {
        "jobId": "example-31f0c3f8d1e04c1aa7b2",
        "status": "STARTED",
        "model": "s3://example-bucket/models/example/",
    }


def test_an_arn_that_comes_later_is_announced(queue: Any) -> None:
    assert notify.handler(record({}, {"status": {"S": "STARTED"}}), Context()) == {"published": 1}


@pytest.mark.parametrize(
    "event",
    [
        record({}, {"status": {"S": "STARTED"}, "arn": EVENT["Records"][0]["dynamodb"]["NewImage"]["arn"]}),
        {"Records": [{"dynamodb": {"NewImage": {"jobId": {"S": "#capacity"}, "slots": {"SS": ["a"]}}}}]},
        {"Records": [{"dynamodb": {"OldImage": EVENT["Records"][0]["dynamodb"]["OldImage"]}}]},
        {"Records": []},
    ],
    ids=["same status and ARN", "control item", "deleted", "nothing"],
)
def test_what_is_no_news_is_not_announced(queue: Any, event: dict[str, Any]) -> None:
    assert notify.handler(event, Context()) == {"published": 0}


def test_a_model_named_with_control_characters_is_announced_with_printable_attributes(queue: Any) -> None:
    model = "s3://example-bucket/models/a\nSubject: b\x00\u2028/"
    notify.handler(record({"model": {"S": model}}, {}), Context())
    (envelope,) = heard(queue)
    assert json.loads(envelope["Message"])["model"] == model
    assert envelope["MessageAttributes"]["model"]["Value"] == "s3://example-bucket/models/a?Subject: b??/"
    assert "\n" not in envelope["Subject"]


def test_a_message_too_large_for_sns_keeps_what_matters(queue: Any) -> None:
    reasons = {"L": [{"M": {"field": {"S": "x" * 300_000}}}]}
    notify.handler(record({"reasons": reasons}, {}), Context())
    (envelope,) = heard(queue)
    assert set(json.loads(envelope["Message"])) == {"messageVersion", "jobId", "status", "arn", "updatedAt"}


def test_a_topic_that_refuses_fails_the_batch_so_that_it_comes_again(
    queue: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRAINING_TOPIC_ARN", "arn:aws:sns:us-east-1:123456789012:nowhere")
    with pytest.raises(ClientError):
        notify.handler(EVENT, Context())


def became(status: str, **fields: str) -> dict[str, Any]:
    """A record's state, as far as it decides what is news."""
    number = {"attempts": {"N": fields.pop("attempts", "1")}}
    return {"status": {"S": status}, **number, **{name: {"S": value} for name, value in fields.items()}}


@pytest.mark.parametrize(
    ("old", "new", "published"),
    [
        (became("WAITING", waitingFor="its turn"), became("REQUESTED", waitedFor="its turn"), 1),
        (became("REQUESTED", waitedFor="its turn"), became("WAITING", waitingFor="capacity"), 1),
        (became("WAITING", waitingFor="its turn"), became("WAITING", waitingFor="access"), 1),
        (became("WAITING", waitingFor="access"), became("WAITING", waitingFor="access"), 0),
        (became("WAITING", waitingFor="capacity"), became("REQUESTED", attempts="2", waitedFor="capacity"), 0),
        (became("REQUESTED", waitedFor="capacity"), became("WAITING", attempts="2", waitingFor="capacity"), 0),
        (became("REQUESTED", waitedFor="capacity"), became("WAITING", attempts="2", waitingFor="access"), 1),
        (became("REQUESTED", waitedFor="capacity"), became("STARTED", attempts="60"), 1),
    ],
)
def test_what_a_job_waits_for_is_announced_when_it_changes_and_not_with_each_attempt(
    queue: Any, old: dict[str, Any], new: dict[str, Any], published: int
) -> None:
    assert notify.handler(record(new, old), Context()) == {"published": published}


def test_a_waiting_job_is_announced_with_what_it_waits_for_as_an_attribute(queue: Any) -> None:
    notify.handler(record(became("WAITING", waitingFor="access"), became("WAITING", waitingFor="its turn")), Context())
    (envelope,) = heard(queue)
    assert envelope["MessageAttributes"]["waitingFor"]["Value"] == "access"


class Refusing:
    """SNS, which answers each message with an error until it is told otherwise."""

    def __init__(self, code: str, message: str) -> None:
        self.error: ClientError | None = ClientError({"Error": {"Code": code, "Message": message}}, "Publish")

    def publish(self, **_: Any) -> dict[str, str]:
        if self.error:
            raise self.error
        return {"MessageId": "1"}


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("InvalidParameter", "Invalid parameter: Message too long"),
        ("ParameterValueInvalid", "The message attribute 'model' has an invalid value"),
        ("ValidationException", "Invalid subject"),
    ],
)
def test_a_record_that_sns_refuses_for_what_it_says_does_not_hold_the_others(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], code: str, message: str
) -> None:
    monkeypatch.setenv("TRAINING_TOPIC_ARN", "arn:aws:sns:us-east-1:123456789012:training")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "NeptuneMLTraining")
    monkeypatch.setattr(notify, "sns", lambda: Refusing(code, message))
    assert notify.handler(EVENT, Context()) == {"published": 0}
    assert '"NotAnnounced":[1.0]' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("Throttling", "Rate exceeded"),
        ("ThrottledException", "Rate exceeded"),
        ("AuthorizationError", "is not authorized to perform: SNS:Publish"),
        ("KMSAccessDenied", "The ciphertext refers to a key that you may not use"),
        ("KMSDisabled", "The key is disabled"),
        ("NotFound", "Topic does not exist"),
        ("InternalError", "Something went wrong"),
        ("ServiceUnavailable", "Try again"),
        ("InvalidParameter", "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1"),
    ],
)
def test_a_refusal_that_may_pass_fails_the_batch_so_that_it_comes_again(
    monkeypatch: pytest.MonkeyPatch, code: str, message: str
) -> None:
    monkeypatch.setenv("TRAINING_TOPIC_ARN", "arn:aws:sns:us-east-1:123456789012:training")
    topic = Refusing(code, message)
    monkeypatch.setattr(notify, "sns", lambda: topic)
    with pytest.raises(ClientError, match=code):
        notify.handler(EVENT, Context())
    topic.error = None
    assert notify.handler(EVENT, Context()) == {"published": 1}


def test_a_subject_is_shorter_than_sns_allows(queue: Any) -> None:
    notify.handler(record({"jobId": {"S": "j" * 300}}, {}), Context())
    (envelope,) = heard(queue)
    assert len(envelope["Subject"]) < 100


def test_sns_sends_the_text_by_email_and_the_json_to_all_others(queue) -> None:
    notify.handler(EVENT, Context())
    [received] = queue.receive_messages()
    assert json.loads(json.loads(received.body)["Message"])["status"] == "STARTED"
