"""What a user hears when something is wrong, and what becomes of a job while Neptune is away."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from local.stack import Stack

pytestmark = pytest.mark.e2e
Heard = Callable[..., dict[str, Any]]


def test_a_configuration_that_is_not_json_is_rejected_with_line_and_column(
    upload: Callable[..., str], example: dict[str, bytes], heard: Heard
) -> None:
    model = upload("half-a-configuration", {**example, "model-hpo-configuration.json": b'{\n  "models": [}'})
    reasons = heard(model, "REJECTED")["reasons"]
    assert [each["field"] for each in reasons] == ["model-hpo-configuration.json"], reasons
    (reason,) = reasons
    assert "line 2" in reason["problem"]
    assert reason["remedy"]


def test_a_missing_training_script_is_rejected_with_the_field_to_set(
    upload: Callable[..., str], example: dict[str, bytes], heard: Heard
) -> None:
    files = {("train.py" if name == "training.py" else name): content for name, content in example.items()}
    model = upload("train-py", files)
    reasons = heard(model, "REJECTED")["reasons"]
    assert reasons[0]["field"] == "customModelTrainingParameters.trainingEntryPointScript"
    assert 'trainingEntryPointScript to "train.py"' in reasons[0]["remedy"]


def test_all_that_is_wrong_is_reported_at_once(
    upload: Callable[..., str], example: dict[str, bytes], heard: Heard
) -> None:
    settings = (
        b'{"sagemakerIamRoleArn": "x", "trainingInstanceTyp": "ml.g5.xlarge", "maxHPONumberOfTrainingJobs": 5000}'
    )
    model = upload(
        "all-wrong",
        {**example, "training-job.json": settings},
    )
    reasons = heard(model, "REJECTED")["reasons"]
    by_field = {reason["field"]: reason for reason in reasons}
    assert "must not be set by an upload" in by_field["sagemakerIamRoleArn"]["problem"]
    assert '"trainingInstanceType"?' in by_field["trainingInstanceTyp"]["remedy"]
    assert "MaxHPONumberOfTrainingJobsLimit" in by_field["maxHPONumberOfTrainingJobs"]["remedy"]


def test_while_neptune_is_away_a_job_waits_and_starts_when_it_is_back(
    stack: Stack, upload: Callable[..., str], example: dict[str, bytes], heard: Heard
) -> None:
    stack.neptune.fail("*", "TooManyRequestsException", share=1.0)
    model = upload("patient", example)
    waiting = heard(model, "WAITING")
    time.sleep(13)  # longer than a start tries by itself
    stack.neptune.clear_faults()
    assert heard(model, "COMPLETED")["jobId"] == waiting["jobId"]
    assert stack.neptune.summary()["ids"][waiting["jobId"]]["accepted"] == 1


def test_the_dead_letter_queue_is_empty(stack: Stack) -> None:
    attributes = stack.client("sqs").get_queue_attributes(
        QueueUrl=stack.outputs["DeadLetterQueueUrl"], AttributeNames=["ApproximateNumberOfMessages"]
    )
    assert attributes["Attributes"]["ApproximateNumberOfMessages"] == "0"
