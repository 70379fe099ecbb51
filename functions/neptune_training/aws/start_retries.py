"""The retry of a start within one step: once, after a violated constraint.

A start that Neptune refuses with 429 (too many requests) is not repeated here: `flow.drain` sends it again, at a pace
that all jobs share.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from tenacity import Retrying, retry_if_exception_type, wait_random

from neptune_training.aws.neptune_errors import ConstraintViolated


def retries(*, until: datetime, now: Callable[[], datetime], sleep: Callable[[float], None]) -> Retrying:
    """Return the retries of one start. No attempt begins at `until` or later.

    After the last attempt its error is raised.
    """
    return Retrying(
        retry=retry_if_exception_type(ConstraintViolated),
        wait=wait_random(max=0.25),
        stop=lambda state: state.attempt_number >= 2 or now() + timedelta(seconds=state.upcoming_sleep) >= until,
        sleep=sleep,
        reraise=True,
    )
