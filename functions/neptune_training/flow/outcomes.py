"""Write the outcome of a step to the record: the job waits, or it has ended.

If a job gives back its slot, the same transaction writes its new status.
"""

import logging
from datetime import datetime
from typing import Any

from neptune_training.flow import job_problems, next_look, time_bounds
from neptune_training.flow.services import Services
from neptune_training.model.jobs import Ended, Requested, UnfinishedJob, Waiting
from neptune_training.model.problems import Problem
from neptune_training.model.statuses import FinalStatus, Status, WaitingFor

log = logging.getLogger(__name__)


def save(services: Services, job: UnfinishedJob) -> None:
    """Write an unfinished job with its bound. It keeps its slot, if it has one."""
    end_by = time_bounds.end_by(job, services.settings, services.now())
    services.table.save(job.bounded(end_by))


def end(
    services: Services,
    job: UnfinishedJob,
    status: FinalStatus,
    reasons: tuple[Problem, ...],
    *,
    superseded_by: str | None = None,
    neptune_status: str | None = None,
    stages: dict[str, dict[str, Any]] | None = None,
) -> Ended:
    """Write a final status.

    A cancelled job is STOPPED, whatever else `status` says, and the reasons say who cancelled it.

    Raises:
        RecordChanged: the record is not the version before `job`: another invocation took a step.
    """
    if job.cancelledBy:
        status, reasons = Status.STOPPED, (job_problems.cancelled(job), *reasons)
    ended = job.ended(
        status,
        services.now(),
        reasons,
        superseded_by=superseded_by,
        neptune_status=neptune_status,
        stages=stages,
    )
    if isinstance(job, Waiting):
        services.table.save(ended)
    else:
        services.table.release(ended)
    log.info("ended", extra={"jobId": job.jobId, "status": status, "reasons": [*map(str, reasons)]})
    return ended


def stop(services: Services, job: Waiting | Requested, reasons: tuple[Problem, ...] = (), *, unanswered: bool) -> Ended:
    """End a cancelled job that Neptune does not have. If `unanswered`, an earlier start may still reach Neptune."""
    doubt = (job_problems.in_doubt(job, "a start of this job was sent to Neptune and never answered"),)
    return end(services, job, Status.STOPPED, (*reasons, *(doubt if unanswered else ())))


def give_up(
    services: Services,
    job: Waiting | Requested,
    waited_for: WaitingFor,
    reasons: tuple[Problem, ...],
    *,
    unanswered: bool = False,
) -> Ended:
    """End a job that Neptune does not have and that must not be started after its bound.

    If `unanswered`, its last start was not answered: the reasons say that, instead of what it waited for.
    """
    now = services.now()
    limit = time_bounds.parameter_of(job, waited_for, services.settings, now)
    gave_up = job_problems.gave_up(job, waited_for, reasons or job.reasons, now, unanswered=unanswered, limit=limit)
    return end(services, job, Status.REJECTED, gave_up)


def wait(
    services: Services,
    job: Waiting,
    waiting_for: WaitingFor,
    reasons: tuple[Problem, ...] = (),
    *,
    next_attempt: datetime | None = None,
    failed: bool = False,
) -> Waiting | Ended:
    """Let a job wait, or end it if it has waited long enough.

    A job in the queue has its place as the time of its next step, so that the index has the order of the queue.
    If `failed`, the step failed: the next one is taken later, in an invocation of its own.
    """
    now, settings = services.now(), services.settings
    give_up_at = time_bounds.wait_ends_at(job, waiting_for, settings, now)
    if now >= give_up_at:
        return give_up(services, job, waiting_for, reasons, unanswered=job.unanswered)
    if next_attempt is None and waiting_for.in_queue:
        next_attempt = job.place
    elif next_attempt is None and failed:
        next_attempt = next_look.retry_at(job.failedSteps, settings, now)
    elif next_attempt is None:
        since = job.waitingSince if job.waitingFor is waiting_for else None
        next_attempt = now + next_look.patience(since or now, settings, now)
    waits = job.still_waits(
        waiting_for,
        now,
        next_attempt=next_attempt,
        give_up=give_up_at,
        reasons=reasons,
        failed_steps=job.failedSteps if failed else 0,
    )
    save(services, waits)
    return waits


def wait_again(
    services: Services,
    job: Requested,
    waiting_for: WaitingFor,
    reasons: tuple[Problem, ...],
    *,
    tried: bool,
    unanswered: bool = False,
    pause_until: datetime | None = None,
) -> Waiting | Ended:
    """Let a claimed job that Neptune does not have wait again, and give its slot back.

    With `tried`, it goes to the end of the queue. With `pause_until`, the pause of all starts begins, unless
    they are paused. A cancelled job does not wait: it has ended.
    """
    if job.cancelledBy:
        return stop(services, job, reasons, unanswered=unanswered)
    now, settings = services.now(), services.settings
    give_up_at = time_bounds.wait_ends_at(job, waiting_for, settings, now)
    if now >= give_up_at and not pause_until:
        return give_up(services, job, waiting_for, reasons, unanswered=unanswered)
    queued_at = now if tried else job.queuedAt
    place = queued_at or job.createdAt
    patience = next_look.patience(now, settings, now)
    next_attempt = place if waiting_for.in_queue else now if waiting_for is WaitingFor.TURN else now + patience
    waits = job.not_started(
        waiting_for,
        now,
        next_attempt=next_attempt,
        give_up=give_up_at,
        queued_at=queued_at,
        reasons=reasons,
        unanswered=unanswered,
    )
    services.table.release(waits.bounded(give_up_at), pause_until=pause_until)
    return waits
