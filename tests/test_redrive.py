"""What is in the dead-letter queue is sent back, once and to another queue."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from local import redrive

DEAD, LIVE = (
    "https://sqs.us-east-1.amazonaws.com/123456789012/dead",
    "https://sqs.us-east-1.amazonaws.com/123456789012/live",
)


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in (
        ("DEAD_LETTER_QUEUE_URL", DEAD),
        ("TRAINING_QUEUE_URL", LIVE),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(name, value)
    with mock_aws():
        client = boto3.client("sqs", "us-east-1")
        for url in (DEAD, LIVE):
            assert client.create_queue(QueueName=url.rpartition("/")[2])["QueueUrl"] == url
        yield client


def waiting(sqs: Any, url: str) -> int:
    name = "ApproximateNumberOfMessages"
    return int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])


def test_all_messages_are_moved_and_counted(sqs: Any, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(12):
        sqs.send_message(QueueUrl=DEAD, MessageBody=str(number))
    assert redrive.main() == 0
    assert "12 messages sent back" in capsys.readouterr().out
    assert (waiting(sqs, DEAD), waiting(sqs, LIVE)) == (0, 12)


@pytest.mark.parametrize("live", [DEAD, ""])
def test_one_queue_for_both_or_none_for_one_is_refused_and_moves_nothing(
    sqs: Any, monkeypatch: pytest.MonkeyPatch, live: str
) -> None:
    monkeypatch.setenv("TRAINING_QUEUE_URL", live)
    sqs.send_message(QueueUrl=DEAD, MessageBody="one")
    assert redrive.main() == 2
    assert waiting(sqs, DEAD) == 1
