"""Ends are announced at once, by SageMaker's events, while the ticks would look a minute later at the earliest."""

import statistics
import time
from collections.abc import Callable, Iterator

import pytest

from local.model import EXAMPLE, upload
from local.neptune_ml import NeptuneML
from local.stack import Stack

pytestmark = pytest.mark.e2e
JOBS = 5
GOAL_SECONDS = 5.0


@pytest.fixture(scope="module")
def deployed() -> Iterator[Stack]:
    """A stack with the template's own StatusCheckSeconds."""
    with Stack({"StatusCheckSeconds": "60"}, NeptuneML(stage_seconds=2.0, any_data_processing=True)) as running:
        yield running


def test_half_of_all_ends_are_announced_within_five_seconds_although_a_job_is_looked_at_each_minute(
    deployed: Stack, record_property: Callable[[str, object], None]
) -> None:
    for number in range(JOBS):
        upload(deployed.client("s3"), EXAMPLE, deployed.outputs["ModelBucket"], f"models/hinted-{number}/")
    delays: dict[str, float] = {}
    until = time.monotonic() + 55
    while len(delays) < JOBS and time.monotonic() < until:
        for at, message in list(deployed.announcements):
            if message["status"] == "COMPLETED" and message["jobId"] not in delays:
                training = deployed.neptune.state.cluster.training[message["jobId"]]
                delays[message["jobId"]] = at - training.began - 3 * training.stage_seconds
        time.sleep(0.05)
    assert len(delays) == JOBS, deployed.records()
    record_property("median delay", statistics.median(delays.values()))
    assert statistics.median(delays.values()) < GOAL_SECONDS


def test_anothers_sagemaker_job_leads_to_no_question_to_neptune(deployed: Stack) -> None:
    asked = len(deployed.neptune.requests)
    put = deployed.client("events").put_events(
        Entries=[
            {
                "Source": "local.sagemaker",
                "DetailType": "SageMaker Training Job State Change",
                "Detail": '{"TrainingJobName": "other", "TrainingJobArn": "arn:1", "TrainingJobStatus": "Completed"}',
            }
        ]
    )
    assert put["FailedEntryCount"] == 0
    time.sleep(1)
    assert len(deployed.neptune.requests) == asked
