"""The three triggers, from what a user does to what a subscriber hears."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from local.stack import Stack

pytestmark = pytest.mark.e2e
Heard = Callable[..., dict[str, Any]]


def put_event(stack: Stack, detail: dict[str, Any], source: str) -> str:
    entry = {
        "EventBusName": stack.outputs["EventBus"],
        "Source": source,
        "DetailType": "Neptune ML Training Requested",
        "Detail": json.dumps(detail),
    }
    return stack.client("events").put_events(Entries=[entry])["Entries"][0]["EventId"]


def test_an_uploaded_model_is_trained_and_announced_with_its_arn_and_its_end(
    stack: Stack, upload: Callable[..., str], example: dict[str, bytes], heard: Heard
) -> None:
    model = upload("uploaded", example)
    started, completed = heard(model, "STARTED"), heard(model, "COMPLETED")
    assert started["arn"].endswith(f"/{started['jobId']}")
    assert completed["arn"] == started["arn"]
    assert completed["stages"]["transform"]["status"] == "Completed"
    assert [post.parameters["id"] for post in posts(stack, started["jobId"])] == [started["jobId"]]


def test_an_uploads_request_holds_the_stacks_defaults_and_training_job_json(
    stack: Stack, upload: Callable[..., str], example: dict[str, bytes], heard: Heard
) -> None:
    model = upload("parameters", example)
    job = heard(model, "STARTED")["jobId"]
    (post,) = posts(stack, job)
    assert post.parameters == {
        "id": job,
        "dataProcessingJobId": "local-data-processing",
        "trainModelS3Location": f"s3://trained-models/neptune-ml/{job}",
        "trainingInstanceType": "ml.m5.xlarge",
        "trainingInstanceVolumeSizeInGB": 0,
        "trainingTimeOutInSeconds": 86400,
        "maxHPONumberOfTrainingJobs": 10,
        "maxHPOParallelTrainingJobs": 2,
        "enableManagedSpotTraining": False,
        "customModelTrainingParameters": {"sourceS3DirectoryPath": model},
    }


def test_an_event_on_the_stacks_bus_is_trained(stack: Stack, heard: Heard) -> None:
    event = put_event(stack, {"trainingInstanceType": "ml.g5.xlarge"}, "com.example.event")
    completed = heard(event, "COMPLETED")
    (post,) = posts(stack, completed["jobId"])
    assert post.parameters["trainingInstanceType"] == "ml.g5.xlarge"


def test_an_explicit_id_is_the_jobs_id_verbatim(stack: Stack, heard: Heard) -> None:
    event = put_event(stack, {"id": "my-own-ID-1"}, "com.example.id")
    assert heard(event, "STARTED")["jobId"] == "my-own-ID-1"


def test_a_tick_of_the_schedule_is_trained_once_from_two_attempts(stack: Stack, heard: Heard) -> None:
    scheduler, sqs = stack.client("scheduler"), stack.client("sqs")
    group = stack.outputs["ScheduleGroup"]
    (name,) = (each["Name"] for each in scheduler.list_schedules(GroupName=group)["Schedules"])
    target = scheduler.get_schedule(GroupName=group, Name=name)["Target"]["Input"]
    arn = f"arn:aws:scheduler:us-east-1:000000000000:schedule/{group}/{name}"
    body = target.replace("<aws.scheduler.schedule-arn>", arn)
    body = body.replace(
        "<aws.scheduler.scheduled-time>", "2026-11-24T02:00:00Z"
    )  # the emulator leaves both as they are
    for _attempt in range(2):
        sqs.send_message(QueueUrl=stack.outputs["TrainingQueueUrl"], MessageBody=body)
    completed = heard(arn, "COMPLETED")
    (post,) = posts(stack, completed["jobId"])
    assert post.parameters["maxHPONumberOfTrainingJobs"] == 11


def test_a_schedule_without_its_placeholders_replaced_is_rejected_with_the_line_to_add(
    stack: Stack, heard: Heard
) -> None:
    body = {
        "source": "aws.scheduler",
        "detail-type": "Neptune ML Training Requested",
        "resources": ["arn:aws:scheduler:us-east-1:000000000000:schedule/default/unreplaced"],
        "time": "<scheduled-time>",
        "detail": {},
    }
    sent = stack.client("sqs").send_message(QueueUrl=stack.outputs["TrainingQueueUrl"], MessageBody=json.dumps(body))
    rejected = heard(sent["MessageId"], "REJECTED")
    assert '"time": "<aws.scheduler.scheduled-time>"' in rejected["reasons"][0]["remedy"]


@pytest.mark.parametrize(
    "key", ["other/elsewhere/model-hpo-configuration.json", "models/x/model-HPO-configuration.json"]
)
def test_an_upload_of_another_name_or_elsewhere_starts_nothing(stack: Stack, key: str) -> None:
    stack.client("s3").put_object(Bucket=stack.outputs["ModelBucket"], Key=key, Body=b"{}")
    time.sleep(1.5)
    assert not [job for job in stack.records() if key in json.dumps(job)]


def posts(stack: Stack, job: str) -> list[Any]:
    return [each for each in stack.neptune.requests if each.id == job and each.accepted is not None]
