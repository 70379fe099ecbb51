"""Connect the look-up of results with Lambda: the environment, and the clients, which are made when first used.

Apart from `wiring`, whose imports would triple the cold start of a function that only announces.
"""

import os
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from neptune_training.announce.lookup import Results
from neptune_training.announce.result import LogLines
from neptune_training.aws.result_write import add_result
from neptune_training.aws.sagemaker import SageMaker

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

HASTY = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 1})


@cache
def sagemaker() -> Any:
    """Return the client, which is made once for each execution environment, as the others here."""
    return boto3.client("sagemaker", config=HASTY)


@cache
def logs() -> Any:
    """Return the client of CloudWatch Logs."""
    return boto3.client("logs", config=HASTY)


@cache
def dynamodb() -> "DynamoDBClient":
    """Return the client of the table."""
    return boto3.client("dynamodb", config=HASTY)


def keep(job: dict[str, Any], result: dict[str, Any]) -> None:
    """Write a result to the job's record."""
    add_result(dynamodb(), os.environ["TRAINING_JOBS_TABLE"], job, result)


def results(*, kept: bool) -> Results:
    """Return what adds results to the jobs of one invocation. `kept` says if they are also written to the records."""
    lines = LogLines(os.environ.get("INCLUDE_LOG_LINES", LogLines.RECORD))
    return Results(SageMaker(sagemaker, logs), lines, keep if kept else None)
