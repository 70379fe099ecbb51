"""Connect the library with Lambda: the environment, the clients and the clock.

This is what `start`, `step` and `track` have in common. `step_wiring` has what a step needs, `track_wiring` what a tick
needs: so `track` imports no check of a model, which would make each of its cold starts longer.
"""

from datetime import UTC, datetime, timedelta
from typing import Protocol

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers
from botocore.config import Config

logger = Logger()
copy_config_to_registered_loggers(logger, include={"neptune_training"})

QUICK = Config(
    connect_timeout=3,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 4},
    s3={"us_east_1_regional_endpoint": "regional"},  # a gateway endpoint serves only regional host names
)


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
