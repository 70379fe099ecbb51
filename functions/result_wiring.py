"""Connect the finder of results with Lambda: the environment, and the clients, which are made when first used.

Apart from `wiring`, whose imports would triple the cold start of a function that only announces.
"""

import os
from functools import cache, partial
from typing import Any, Literal

import boto3
from botocore.config import Config

from neptune_training.announce.result import LogLines
from neptune_training.announce.result_finder import ResultFinder
from neptune_training.aws.cloudwatch_logs import CloudWatchLogs
from neptune_training.aws.result_field import write_result
from neptune_training.aws.sagemaker import SageMaker

HASTY = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 1})


@cache
def client(service: Literal["dynamodb", "logs", "sagemaker"]) -> Any:
    """Return the client of a service, which is made once for each execution environment."""
    return boto3.client(service, config=HASTY)


def write_to_record(job: dict[str, Any], found: dict[str, Any]) -> None:
    """Write a result to the job's record."""
    write_result(client("dynamodb"), os.environ["TRAINING_JOBS_TABLE"], job, found)


def result_finder(*, write_results: bool) -> ResultFinder:
    """Return what adds results to the jobs of one invocation, and with `write_results` writes them to the records."""
    lines = LogLines(os.environ.get("INCLUDE_LOG_LINES", LogLines.RECORD))
    write = write_to_record if write_results else None
    return ResultFinder(SageMaker(partial(client, "sagemaker")), CloudWatchLogs(partial(client, "logs")), lines, write)
