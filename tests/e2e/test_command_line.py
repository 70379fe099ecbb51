"""The command-line program against the local stack, as an operator runs it: a process with the variables to join."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.stack import Stack
from tests.e2e.test_triggers import put_event

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).parents[2]
Program = Callable[..., Any]


@pytest.fixture
def program(stack: Stack) -> Program:
    """Calls the program, and returns the JSON that it prints."""

    def call(*arguments: str) -> Any:
        environment = {**os.environ, **stack.environment, "PYTHONPATH": "functions:."}
        for name in ("DEAD_LETTER_QUEUE_URL", "TRAINING_QUEUE_URL"):  # the stack's outputs have them, too
            del environment[name]
        command = [sys.executable, "-m", "cli", *arguments, "--json"]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)

    return call


def test_the_application_is_switched_off_and_on_and_status_says_so(program: Program, stack: Stack) -> None:
    assert program("status")["switches"] == {"start": "Enabled", "track": "ENABLED"}
    try:
        program("off")
        assert program("status")["switches"] == {"start": "Disabled", "track": "DISABLED"}
    finally:
        program("on")
    said = program("status")
    assert said["switches"] == {"start": "Enabled", "track": "ENABLED"}
    assert said["version"] == stack.outputs["Version"] == program("outputs", "Version")["Version"]


def test_a_message_of_the_dead_letter_queue_is_shown_and_sent_back_and_its_job_is_found(
    program: Program, stack: Stack, heard: Callable[..., dict[str, Any]]
) -> None:
    event = {"source": "an.operator", "id": "redriven-1", "detail-type": "Neptune ML Training Requested", "detail": {}}
    stack.client("sqs").send_message(QueueUrl=stack.outputs["DeadLetterQueueUrl"], MessageBody=json.dumps(event))
    (message,) = program("redrive", "--dry-run")["messages"]
    assert json.loads(message["body"]) == event
    assert program("redrive")["moved"] == 1
    job_id = heard("an.operator", "COMPLETED")["jobId"]
    assert [each["jobId"] for each in program("jobs", "--trigger", "redriven-1")] == [job_id]
    assert program("show", job_id)["status"] == "COMPLETED"


def test_an_existing_bucket_keeps_its_notifications_and_is_changed_once(program: Program, stack: Stack) -> None:
    s3, queue = stack.client("s3"), stack.outputs["TrainingQueueArn"]
    s3.create_bucket(Bucket="has-a-queue")
    own = {"Id": "mine", "QueueArn": queue, "Events": ["s3:ObjectRemoved:*"]}
    s3.put_bucket_notification_configuration(
        Bucket="has-a-queue", NotificationConfiguration={"QueueConfigurations": [own]}, SkipDestinationValidation=True
    )
    assert [program("enable-events", "has-a-queue")["changed"] for _ in range(2)] == [True, False]
    found = s3.get_bucket_notification_configuration(Bucket="has-a-queue")
    assert found["EventBridgeConfiguration"] == {}
    assert [each["QueueArn"] for each in found["QueueConfigurations"]] == [queue]


def test_a_running_job_that_is_cancelled_is_stopped_in_neptune_and_announced(
    program: Program, stack: Stack, heard: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack.neptune, "stage_seconds", 5.0)
    put_event(stack, {"id": "to-be-cancelled"}, "com.example.cancelled")
    arn = heard("to-be-cancelled", "STARTED")["arn"]
    event = program("cancel", "to-be-cancelled")["eventId"]
    stopped = heard("to-be-cancelled", "STOPPED")
    assert [stopped["cancelledBy"], stopped["arn"]] == [f"event neptune-training {event}", arn]
    assert stopped["neptuneStatus"] == "Stopped"


def test_a_job_that_is_cancelled_before_its_request_arrives_is_stopped_and_never_started(
    program: Program, stack: Stack, heard: Callable[..., dict[str, Any]]
) -> None:
    event = program("cancel", "comes-later")["eventId"]
    kept = heard(event, "WAITING")
    put_event(stack, {"id": "comes-later"}, "com.example.later")
    assert heard("com.example.later", "STOPPED")["cancelledBy"] == f"event neptune-training {event}"
    assert heard(kept["jobId"], "SUPERSEDED")["supersededBy"] == "comes-later"
    assert "comes-later" not in stack.neptune.summary()["ids"]
