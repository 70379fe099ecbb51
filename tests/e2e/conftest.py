"""One local stack for all of these tests: the project's own template on ministack, with local Neptune ML.

It is gone before any other test runs: moto would answer its clients in this process too.
"""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.neptune_ml import NeptuneML
from local.stack import Stack

WITHIN = 45.0


@pytest.fixture(scope="package")
def stack() -> Iterator[Stack]:
    parameters = {"ScheduleExpression": "cron(0 2 ? * SUN *)", "ScheduledRequest": '{"maxHPONumberOfTrainingJobs": 11}'}
    with Stack(parameters, NeptuneML(stage_seconds=0.3)) as running:
        yield running


@pytest.fixture
def heard(stack: Stack) -> Callable[..., dict[str, Any]]:
    """Wait until the topic's subscriber has heard of a job that `about` tells of, in one of `statuses`."""

    def wait(about: str, *statuses: str) -> dict[str, Any]:
        until = time.monotonic() + WITHIN
        while time.monotonic() < until:
            for _, message in list(stack.announcements):
                if about in json.dumps(message) and message["status"] in statuses:
                    return message
            time.sleep(0.05)
        raise AssertionError(
            f"no {statuses} about {about}; heard {[(m['jobId'], m['status']) for _, m in stack.announcements]}"
        )

    return wait


@pytest.fixture
def upload(stack: Stack) -> Callable[..., str]:
    """Upload a model's files, the configuration last, and return the model's URI, by which messages name it."""

    def put(name: str, files: dict[str, bytes]) -> str:
        for path, content in files.items():
            key = f"{stack.outputs['ModelPrefix']}{name}/{path}"
            stack.client("s3").put_object(Bucket=stack.outputs["ModelBucket"], Key=key, Body=content)
        return f"s3://{stack.outputs['ModelBucket']}/{stack.outputs['ModelPrefix']}{name}/"

    return put


@pytest.fixture(scope="session")
def example() -> dict[str, bytes]:
    """The example model's files, its configuration last."""
    directory = Path(__file__).parents[2] / "cli" / "example-model"
    last = "model-hpo-configuration.json"
    return {path.name: path.read_bytes() for path in sorted(directory.iterdir(), key=lambda path: path.name == last)}
