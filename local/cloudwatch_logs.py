"""Write the logs of trainings that failed into CloudWatch Logs, as SageMaker does."""

import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError


def write_log(logs: Any, group: str, stream: str, lines: Sequence[str]) -> None:
    """Write lines with `logs`, a client. What cannot be written is left out."""
    events = [{"timestamp": int(time.time() * 1000), "message": line} for line in lines]
    with suppress(BotoCoreError, ClientError):
        with suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_group(logGroupName=group)
        with suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_stream(logGroupName=group, logStreamName=stream)
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
