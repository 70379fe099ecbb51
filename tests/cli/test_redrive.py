"""What is in the dead-letter queue is shown, or sent back: once and to another queue."""

from collections.abc import Callable
from typing import Any

import boto3
import pytest

from tests.cli.conftest import Said
from tests.cli.stack_server import StackServer

Program = Callable[..., Said]


@pytest.fixture
def dead(stack: StackServer) -> str:
    return stack.outputs["DeadLetterQueueUrl"]


@pytest.fixture
def live(stack: StackServer) -> str:
    return stack.outputs["TrainingQueueUrl"]


@pytest.fixture
def sqs(aws: boto3.Session) -> Any:
    return aws.client("sqs")


def waiting(sqs: Any, url: str) -> int:
    name = "ApproximateNumberOfMessages"
    return int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])


def test_all_messages_of_the_stacks_dead_letter_queue_are_moved_to_its_queue_and_counted(
    program: Program, sqs: Any, dead: str, live: str
) -> None:
    for number in range(12):
        sqs.send_message(QueueUrl=dead, MessageBody=str(number))
    done = program("redrive")
    assert (done.code, done.out) == (0, "12 messages sent back\n")
    assert (waiting(sqs, dead), waiting(sqs, live)) == (0, 12)
    assert program("redrive", "--json").json == {"from": dead, "to": live, "moved": 0}


def test_a_dry_run_shows_each_message_and_why_it_is_there_and_leaves_it(
    program: Program, sqs: Any, dead: str, live: str
) -> None:
    codes = {"ERROR_CODE": "NO_PERMISSIONS", "ERROR_MESSAGE": "not authorized"}
    attributes = {name: {"DataType": "String", "StringValue": text} for name, text in codes.items()}
    sqs.send_message(QueueUrl=dead, MessageBody='{"source": "aws.scheduler"}', MessageAttributes=attributes)
    sqs.send_message(QueueUrl=dead, MessageBody="[/red]\x1b[2J")
    shown = program("redrive", "--dry-run")
    assert "not delivered: NO_PERMISSIONS not authorized" in shown.out
    assert "start failed on it" in shown.out
    assert "[/red]\\u001b[2J" in shown.out
    assert "2 messages in" in shown.out
    assert (waiting(sqs, dead), waiting(sqs, live)) == (2, 0)
    said = program("redrive", "--dry-run", "--json").json
    assert {each["body"] for each in said["messages"]} == {'{"source": "aws.scheduler"}', "[/red]\x1b[2J"}


def test_queues_that_are_named_by_variables_or_options_come_before_the_stacks(
    program: Program, monkeypatch: pytest.MonkeyPatch, sqs: Any, dead: str, live: str
) -> None:
    old, other = (sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("old", "other"))
    for body in ("one", "two"):
        sqs.send_message(QueueUrl=old, MessageBody=body)
    assert program("redrive", "--from", old).out == "2 messages sent back\n"
    assert waiting(sqs, live) == 2
    monkeypatch.setenv("DEAD_LETTER_QUEUE_URL", live)
    monkeypatch.setenv("TRAINING_QUEUE_URL", other)
    assert program("redrive", "--stack-name", "none-is-asked").out == "2 messages sent back\n"
    assert waiting(sqs, other) == 2


def test_one_queue_for_both_is_refused_and_moves_nothing(
    program: Program, monkeypatch: pytest.MonkeyPatch, sqs: Any, dead: str
) -> None:
    monkeypatch.setenv("TRAINING_QUEUE_URL", dead)
    sqs.send_message(QueueUrl=dead, MessageBody="one")
    done = program("redrive")
    assert done.code == 2
    assert "name the same queue" in done.err
    assert waiting(sqs, dead) == 1
