"""Connect a tick with Lambda: what `track` acts on. It runs outside the VPC and calls DynamoDB and Lambda."""

import json
import os
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config

from neptune_training.aws.table import Table
from neptune_training.flow.tick import Tracker
from neptune_training.model.settings import Settings
from wiring import QUICK, now


def tracker(environment: Mapping[str, str] = os.environ) -> Tracker:
    """Make what a tick acts on from the function's environment."""
    settings = Settings.from_environment(environment)
    table = Table(boto3.client("dynamodb", config=QUICK), settings.training_jobs_table)
    hasty = Config(connect_timeout=2, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 2})
    lambda_ = boto3.client("lambda", config=hasty)

    def invoke(job_ids: tuple[str, ...], turns: tuple[str, ...]) -> None:
        event: dict[str, Any] = {"jobIds": job_ids, "turns": turns}
        lambda_.invoke(FunctionName=environment["STEP_FUNCTION"], InvocationType="Event", Payload=json.dumps(event))

    return Tracker(table, invoke, settings, now)
