"""One step of one job. `start` takes a job's first step, `step` all others.

A job is postponed before its step. So a step that hangs or kills its process does not delay other jobs, and the next
step of that job gets an invocation of its own. Each write is conditional on the version that the step has read, so
several invocations can take the same step at the same time: only one of them changes the record.
"""

import logging
from contextlib import suppress
from datetime import datetime, timedelta
from typing import assert_never

from pydantic import ValidationError

from neptune_training.aws.neptune_errors import LookFailed
from neptune_training.aws.writes import RecordChanged
from neptune_training.flow import cancellation, job_problems, next_look, outcomes, requested, started, waiting
from neptune_training.flow.pause import Pause
from neptune_training.flow.services import Services
from neptune_training.model.jobs import Ended, Job, Requested, Started, UnfinishedJob, Waiting
from neptune_training.model.statuses import Status, WaitingFor
from neptune_training.model.triggers import TriggerKind

log = logging.getLogger(__name__)

UNREADABLE_RETRY = timedelta(hours=1)


def first(services: Services, job: Waiting, deadline: datetime, pause: Pause) -> Job:
    """Take the first step of a new job, or of a cancellation. It never passes jobs that wait in the queue."""
    if job.trigger.kind is TriggerKind.CANCELLATION:
        return take_cancellation(services, job, deadline)
    with suppress(RecordChanged):
        arrived_before = cancellation.kept_for(services, job)
        if not arrived_before:
            return waiting.step(services, job, deadline, pause, has_turn=False)
        for kept in arrived_before:
            apply_kept(services, kept, deadline)
    return services.table.get(job.jobId) or job


def take(services: Services, job_id: str, deadline: datetime, pause: Pause, *, has_turn: bool = False) -> Job | None:
    """Take the next step of a job if it is due, and return the job. None if there is no such job.

    Raises:
        LookFailed: the look at the job failed. The record has been written.
        Exception: the step failed. The record has the error, if it could be written.
    """
    try:
        job = services.table.get(job_id)
        if job is None or isinstance(job, Ended) or not due(job, services.now()):
            return job
        begun = begin(services, job, deadline)
    except RecordChanged:
        return changed_by_another(services, job_id, job)
    except Exception as error:
        later = UNREADABLE_RETRY if isinstance(error, ValidationError) else next_look.SLOWEST_RETRY
        services.table.postpone(job_id, services.now() + later)
        raise
    try:
        return next_of(services, begun, deadline, pause, has_turn=has_turn)
    except RecordChanged:
        return services.table.get(job_id)


def changed_by_another(services: Services, job_id: str, seen: Job | None) -> Job | None:
    """Return the job that another invocation has changed since it was read. After a hint or a cancellation, it is due.

    If it is the same as `seen`, no invocation has changed it, perhaps because its `version` is not a number. Postpone
    it, so that it does not stay first in the queue.
    """
    job = services.table.get(job_id)
    if job == seen:
        services.table.postpone(job_id, services.now() + UNREADABLE_RETRY)
    return job


def take_cancellation(services: Services, arrived: Waiting, deadline: datetime) -> Job:
    """Apply a cancellation that has just arrived. Return its job, or its own record if there is no such job."""
    if cancellation.must_not_clean(services, arrived):
        return cancellation.refuse_clean(services, arrived)
    job = cancellation.mark_job(services, arrived)
    return step_now(services, job, deadline) if job else cancellation.keep(services, arrived)


def apply_kept(services: Services, kept: Waiting, deadline: datetime) -> Job:
    """Take the step of a kept cancellation: apply it if its job has a record now. Return the cancellation."""
    if cancellation.must_not_clean(services, kept):
        return outcomes.end(services, kept, Status.REJECTED, (job_problems.clean_not_allowed(),))
    job = cancellation.mark_job(services, kept)
    if job is None:
        return cancellation.wait(services, kept)
    ended = cancellation.end(services, kept, job)
    step_now(services, job, deadline)
    return ended


def step_now(services: Services, job: Job, deadline: datetime) -> Job:
    """Take the step of a cancelled job that runs, if there is time. If that fails, `track` takes it again."""
    if not isinstance(job, Started) or not services.time_to_start(deadline):
        return job
    try:
        return take(services, job.jobId, deadline, Pause()) or job
    except Exception:
        log.exception("step of a cancelled job failed", extra={"jobId": job.jobId})
        return job


def due(job: UnfinishedJob, now: datetime) -> bool:
    """Return True if it is time for the job's next step. It never is while another invocation has the lease."""
    return job.nextAttemptAt <= now and not (isinstance(job, Requested) and now < job.leaseUntil)


def begin(services: Services, job: UnfinishedJob, deadline: datetime) -> UnfinishedJob:
    """Postpone the job: until its step has ended, it is due again only after this invocation."""
    now, settings = services.now(), services.settings
    again_at = max(deadline, next_look.retry_at(job.failedSteps + 1, settings, now))
    begun = job.step_begun(now, until=deadline, again_at=again_at)
    outcomes.save(services, begun)
    return begun


def next_of(services: Services, job: UnfinishedJob, deadline: datetime, pause: Pause, *, has_turn: bool) -> Job:
    """Take the step; if it fails, record the error and raise it."""
    try:
        match job:
            case Waiting() if job.trigger.kind is TriggerKind.CANCELLATION:
                return apply_kept(services, job, deadline)
            case Waiting():
                return waiting.step(services, job, deadline, pause, has_turn=has_turn)
            case Requested():
                return requested.look_up(services, job)
            case Started():
                return started.step(services, job)
            case _:
                assert_never(job)
    except (RecordChanged, LookFailed):
        raise
    except Exception as error:
        with suppress(Exception):  # the cause of the error may also prevent this write
            failed(services, job, error)
        raise


def failed(services: Services, job: UnfinishedJob, error: Exception) -> None:
    """Record that the step failed. Raises RecordChanged if the step had already changed the record."""
    if isinstance(job, Waiting):
        outcomes.wait(services, job, WaitingFor.ERROR, (job_problems.error(error),), failed=True)
    else:
        now = services.now()
        again_at = next_look.retry_at(job.failedSteps, services.settings, now)
        outcomes.save(services, job.step_over(now, again_at=again_at))
