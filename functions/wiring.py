"""Connect the library with Lambda: the environment, the clients and the clock.

`start` and `step` run in Neptune's VPC. They call only S3 and DynamoDB, through gateway endpoints, which are free, and
Neptune. `track` runs outside the VPC and calls DynamoDB and Lambda.
"""

import json
import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers
from botocore.config import Config

from neptune_training.aws.model_files import ModelFiles
from neptune_training.aws.neptune import Neptune
from neptune_training.aws.table import Table
from neptune_training.checks.model_directory import Preparation
from neptune_training.checks.readiness import Readiness
from neptune_training.flow.services import Services
from neptune_training.flow.tick import Tracker
from neptune_training.model.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_neptunedata import NeptuneDataClient

logger = Logger()
copy_config_to_registered_loggers(logger, include={"neptune_training"})

QUICK = Config(
    connect_timeout=3,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 4},
    s3={"us_east_1_regional_endpoint": "regional"},  # a gateway endpoint serves only regional host names
)
LOOK_IN_GROUP_SECONDS = 5


class Context(Protocol):
    """Describe the part of Lambda's context object that the functions use."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until Lambda ends the invocation."""


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


def deadline(context: Context) -> datetime:
    """Return when Lambda ends this invocation, even if it is still running."""
    return now() + timedelta(milliseconds=context.get_remaining_time_in_millis())


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
    sources = ModelFiles(boto3.client("s3", config=QUICK))
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
