"""When a job gets its next step: after a failed step, while it waits, and while it runs.

These are pure functions: they do no I/O. A bound on the whole wait is in `time_bounds`.
"""

from datetime import datetime, timedelta

from neptune_training.model.settings import Settings
from neptune_training.model.stages import Stages, current_arn

SLOWEST_RETRY = timedelta(minutes=5)


def retry_at(failed_steps: int, settings: Settings, now: datetime) -> datetime:
    """Return when a job is due again after `failed_steps` failed steps in a row: after 1, 2, 4, then 5 minutes."""
    doublings = min(max(failed_steps - 1, 0), 10)
    delay: timedelta = settings.status_check_seconds * 2**doublings
    return now + min(delay, max(SLOWEST_RETRY, settings.status_check_seconds))


def patience(since: datetime, settings: Settings, now: datetime) -> timedelta:
    """Return how long to wait before the next look: a tenth of the time waited so far, between one and five minutes."""
    least = settings.status_check_seconds
    return max(least, min((now - since) / 10, 5 * least))


def while_running(
    since: datetime, stages: Stages | None, look_often_until: datetime | None, settings: Settings, now: datetime
) -> datetime:
    """Return when a job that has run since `since` is looked at again: after a quarter of that time.

    The time until then is between StatusCheckSeconds and fifteen times that: an event announces the end of the stage
    that runs. It is StatusCheckSeconds in two cases: the current stage's ARN is not known, so no event can be matched
    to it; or an event has announced an end that Neptune does not show yet.
    """
    least = settings.status_check_seconds
    if current_arn(stages) is None or (look_often_until and now < look_often_until):
        return now + least
    return now + max(least, min((now - since) / 4, 15 * least))
