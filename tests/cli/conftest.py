"""A stack as the commands see it, in moto; and the program as users call it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto import mock_aws

from cli.app import run
from tests.cli.account import Account
from tests.cli.stack_server import StackServer, serving
from tests.world.template import table

REGION = "eu-west-1"
ENVIRONMENT = (
    *("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ENDPOINT_URL", "STACK_NAME"),
    *("DEAD_LETTER_QUEUE_URL", "TRAINING_QUEUE_URL"),
)


@dataclass(frozen=True)
class Said:
    """What one call of the program said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test depends on what the developer's shell and home have set."""
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nowhere")


@pytest.fixture
def program(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Calls the program with arguments."""

    def call(*arguments: str) -> Said:
        code = run(arguments)
        return Said(code, *capsys.readouterr())

    return call


@pytest.fixture
def account() -> Iterator[Account]:
    """An account with a Neptune cluster in a VPC, in which a user works."""
    with mock_aws():
        made = Account()
        with made.as_the_users():
            yield made


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[boto3.Session]:
    """An account without a stack."""
    monkeypatch.setenv("AWS_REGION", REGION)
    with mock_aws():
        yield boto3.Session(region_name=REGION)


@pytest.fixture
def stack(aws: boto3.Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[StackServer]:
    """A deployed stack."""
    sqs = aws.client("sqs")
    aws.client("dynamodb").create_table(TableName="training-jobs", **table())
    for rule in ("tick", "sagemaker"):
        aws.client("events").put_rule(Name=rule, ScheduleExpression="rate(1 minute)")
    outputs = {
        "Version": "1.2.3",
        "ModelBucket": "my-models",
        "TrainingQueueUrl": sqs.create_queue(QueueName="training")["QueueUrl"],
        "DeadLetterQueueUrl": sqs.create_queue(QueueName="dead")["QueueUrl"],
        "TrainingJobsTable": "training-jobs",
        "EventBus": aws.client("events").create_event_bus(Name="training-bus")["EventBusArn"].rpartition("/")[2],
        "StartFunction": "start-function",
        "EmitFunction": "emit-function",
    }
    with serving(outputs, {"TrackFunctionTick": "tick", "SageMakerRule": "sagemaker"}) as server:
        for service in ("CLOUDFORMATION", "LAMBDA"):
            monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", server.url)
        yield server
