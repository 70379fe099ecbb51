"""Connect the finder of results with Lambda: the environment, and the clients, which are made when first used.

This is not in `step_wiring`: its imports would triple the cold start of a function that only announces.
"""

import os
from functools import cache, partial
from typing import Any, Literal

import boto3
from botocore.config import Config

from neptune_training.announce.result import LogLines
from neptune_training.announce.result_finder import ResultFinder, WriteToRecord
from neptune_training.aws.cloudwatch_logs import CloudWatchLogs
from neptune_training.aws.result_field import write_result
from neptune_training.aws.sagemaker import SageMaker

HASTY = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 1})


@cache
def client(service: Literal["dynamodb", "logs", "sagemaker"]) -> Any:
    """Return the client of a service, which is made once for each execution environment."""
    return boto3.client(service, config=HASTY)


def writer() -> WriteToRecord:
    """Return what writes a result to a job's record."""
    return partial(write_result, client("dynamodb"), os.environ["TRAINING_JOBS_TABLE"])


def result_finder(*, write_results: bool) -> ResultFinder:
    """Return what adds results to the jobs of one invocation, and with `write_results` writes them to the records."""
    return ResultFinder(
        lambda: SageMaker(client("sagemaker")),
        lambda: CloudWatchLogs(client("logs")),
        LogLines(os.environ.get("INCLUDE_LOG_LINES", LogLines.RECORD)),
        writer if write_results else None,
    )
