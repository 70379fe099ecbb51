"""The stack that docs/pipelines.md shows, as it is written there: it gets an event when a training has completed."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local.stack import Stack
from tests.test_docs import DOCUMENTS, blocks

pytestmark = pytest.mark.e2e
NAME = "pipeline"


@pytest.fixture
def next_step(stack: Stack) -> Iterator[str]:
    """The URL of the queue of the next step."""
    cloudformation = stack.client("cloudformation")
    [template] = blocks(DOCUMENTS["docs/pipelines.md"], "yaml")
    cloudformation.create_stack(StackName=NAME, TemplateBody=template)
    until = time.monotonic() + 30
    while (made := cloudformation.describe_stacks(StackName=NAME)["Stacks"][0])["StackStatus"] != "CREATE_COMPLETE":
        assert "FAILED" not in made["StackStatus"], made
        assert "ROLLBACK" not in made["StackStatus"], made
        assert time.monotonic() < until, made
        time.sleep(0.05)
    yield made["Outputs"][0]["OutputValue"]
    cloudformation.delete_stack(StackName=NAME)


def received(stack: Stack, url: str, job_id: str) -> dict[str, Any]:
    """The event about a job. Events about jobs of other tests are passed over."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        batch = stack.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for each in batch.get("Messages", []):
            event: dict[str, Any] = json.loads(each["Body"])
            if event["detail"]["jobId"] == job_id:
                return event
    raise AssertionError(f"no event about {job_id}")


def test_the_documents_rule_starts_the_next_step_when_a_training_has_completed(
    stack: Stack,
    upload: Callable[..., str],
    example: dict[str, bytes],
    heard: Callable[..., dict[str, Any]],
    next_step: str,
) -> None:
    message = heard(upload("pipeline", example), "COMPLETED")
    event = received(stack, next_step, message["jobId"])
    assert (event["source"], event["detail-type"]) == ("neptune-ml-training", "Neptune ML Training Status Change")
    assert event["detail"] == message


def test_the_newest_status_lies_next_to_the_upload(
    stack: Stack, upload: Callable[..., str], example: dict[str, bytes], heard: Callable[..., dict[str, Any]]
) -> None:
    for files, status in (({"model-hpo-configuration.json": b"{"}, "REJECTED"), (example, "COMPLETED")):
        message = heard(model := upload("beside", files), status)
        bucket, _, directory = model.removeprefix("s3://").partition("/")
        assert beside(stack, bucket, f"{directory}training-job.status.json", message) == message


def beside(stack: Stack, bucket: str, key: str, message: dict[str, Any]) -> dict[str, Any] | None:
    """The status file, as soon as it is this message; after 30 seconds, whatever it is."""
    until, found = time.monotonic() + 30, None
    while found != message and time.monotonic() < until:
        try:
            found = json.loads(stack.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
        except stack.client("s3").exceptions.NoSuchKey:
            time.sleep(0.2)
    return found


def test_events_of_a_status_that_the_rule_does_not_name_do_not_reach_the_queue(
    stack: Stack, upload: Callable[..., str], heard: Callable[..., dict[str, Any]], next_step: str
) -> None:
    message = heard(upload("not-json", {"model-hpo-configuration.json": b"{"}), "REJECTED")
    time.sleep(2)
    batch = stack.client("sqs").receive_message(QueueUrl=next_step, MaxNumberOfMessages=10).get("Messages", [])
    assert [each for each in batch if message["jobId"] in each["Body"]] == []
