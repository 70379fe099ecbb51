"""The retries of a start within one invocation: after a 429 (too many requests), and once after a violated constraint.

Only a start that Neptune has surely refused is sent again here. `flow.requested` decides what follows the last refusal.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from tenacity import RetryCallState, Retrying, wait_random_exponential

from neptune_training.aws.neptune_errors import AtCapacity, ConstraintViolated


def retries(*, until: datetime, once: bool, now: Callable[[], datetime], sleep: Callable[[float], None]) -> Retrying:
    """Return the retries of one start. No attempt begins at `until` or later. With `once`, a 429 is not retried.

    The waits are random, at most 0.25, 0.5, 1, 2, then 4 seconds, so that several functions do not retry at once. After
    the last attempt its error is raised.
    """
    return Retrying(
        retry=lambda state: is_retried(error_of(state), state.attempt_number, probing=once),
        wait=wait_random_exponential(multiplier=0.25, max=4),
        stop=lambda state: now() + timedelta(seconds=state.upcoming_sleep) >= until,
        sleep=sleep,
        reraise=True,
    )


def is_retried(error: BaseException | None, attempts: int, *, probing: bool) -> bool:
    """Return True if the start is sent again after this error and so many `attempts`."""
    if isinstance(error, ConstraintViolated):
        return attempts < 2
    return isinstance(error, AtCapacity) and not probing


def error_of(state: RetryCallState) -> BaseException | None:
    """Return the error that the last attempt raised; None if it raised none."""
    return state.outcome.exception() if state.outcome else None
