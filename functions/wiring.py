"""Where the library meets Lambda: the environment, the clients and the clock. `start` and `track` share it.

Only S3, DynamoDB and Neptune: the two run in Neptune's VPC, where gateway endpoints reach the first two for nothing.
"""

import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Protocol

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers
from botocore.config import Config

from neptune_training.aws.model_files import Sources
from neptune_training.aws.neptune import Neptune
from neptune_training.aws.table import Table
from neptune_training.checks.model_directory import Preparation
from neptune_training.checks.readiness import Readiness
from neptune_training.flow.step import Steps
from neptune_training.model.settings import Settings

logger = Logger()
copy_config_to_registered_loggers(logger, include={"neptune_training"})


class Context(Protocol):
    """What Lambda's context object is asked for."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends the invocation."""


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def deadline(context: Context) -> datetime:
    """When Lambda ends this invocation, whatever it is doing."""
    return now() + timedelta(milliseconds=context.get_remaining_time_in_millis())


def steps(environment: Mapping[str, str] = os.environ) -> Steps:
    """Make the state machine out of the function's environment."""
    settings = Settings.from_environment(environment)
    quick = Config(
        connect_timeout=3,
        read_timeout=10,
        retries={"mode": "standard", "total_max_attempts": 4},
        s3={"us_east_1_regional_endpoint": "regional"},  # what a gateway endpoint serves; the SDK's default is global
    )
    once = Config(  # the id is Neptune's only idempotency key: a POST that the SDK sent again would be a second start
        connect_timeout=3,
        read_timeout=settings.neptune_read_timeout_seconds,
        retries={"mode": "standard", "total_max_attempts": 1},
    )
    table = Table(boto3.client("dynamodb", config=quick), settings.training_jobs_table)
    neptune = Neptune(boto3.client("neptunedata", endpoint_url=settings.neptune_endpoint_url, config=once))
    sources = Sources(boto3.client("s3", config=quick))
    readiness = Readiness(table, neptune, sources, Preparation(sources, settings), settings)
    return Steps(table, neptune, readiness, settings, now, time.sleep)
