"""Connect a step with Lambda: what `start` and `step` act on.

They run in Neptune's VPC. They call only S3 and DynamoDB, through gateway endpoints, which are free, and Neptune.
"""

import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from neptune_training.aws.model_files import ModelFiles
from neptune_training.aws.neptune import Neptune
from neptune_training.aws.table import Table
from neptune_training.checks.model_directory import Preparation
from neptune_training.checks.readiness import Readiness
from neptune_training.flow.services import Services
from neptune_training.model.settings import Settings
from wiring import QUICK, now

if TYPE_CHECKING:
    from mypy_boto3_neptunedata import NeptuneDataClient

LOOK_IN_GROUP_SECONDS = 5


def services(*, in_group: bool = False, environment: Mapping[str, str] = os.environ) -> Services:
    """Make what a step acts on from the function's environment.

    Set `in_group` if the invocation has more than one job: a look at Neptune then times out after five seconds, so that
    one slow answer does not delay the other jobs.

    Raises:
        ValidationError: a variable is missing or not valid.
        ValueError: the stack's default for a parameter is not valid.
    """
    settings = Settings.from_environment(environment)
    starts = neptune_client(settings, settings.neptune_read_timeout_seconds)
    looks = neptune_client(settings, LOOK_IN_GROUP_SECONDS) if in_group else starts
    table = Table(boto3.client("dynamodb", config=QUICK), settings.training_jobs_table)
    neptune = Neptune(starts, looks=looks, now=now, sleep=time.sleep)
    sources = ModelFiles(lambda: boto3.client("s3", config=QUICK))
    readiness = Readiness(table, neptune, sources, Preparation(sources, settings), settings)
    return Services(table, neptune, readiness, settings, now, time.sleep)


def neptune_client(settings: Settings, read_timeout: int) -> "NeptuneDataClient":
    """Make a client that sends each call only once, because a start that is sent again could be a second job.

    `read_timeout` is in seconds.
    """
    once = Config(
        connect_timeout=3,
        read_timeout=min(read_timeout, settings.neptune_read_timeout_seconds),
        retries={"mode": "standard", "total_max_attempts": 1},
    )
    return boto3.client("neptunedata", endpoint_url=settings.neptune_endpoint_url, config=once)
