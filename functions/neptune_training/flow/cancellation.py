"""Cancel a job: write into its record who has cancelled it. Its steps do the rest.

    WAITING ──► STOPPED: it never starts
    REQUESTED ► the mark is written: after its start, or the look-up, it is cancelled, or STOPPED without a start
    STARTED ──► the mark is written: `started` sends the cancellation, and looks until the job has ended
    ended, or cancelled before ► nothing
    no record ► the cancellation is kept as a record of its own: SQS may deliver it before its request

Each write is conditional on the version that was read, and repeated if another invocation has changed the record.
"""

import logging
from typing import assert_never

from neptune_training.aws.writes import retried
from neptune_training.flow import intake, job_problems, outcomes, time_bounds
from neptune_training.flow.services import Services
from neptune_training.model import new_jobs
from neptune_training.model.jobs import Ended, Job, Requested, Started, Waiting
from neptune_training.model.statuses import Status, WaitingFor

log = logging.getLogger(__name__)


def mark_job(services: Services, cancellation: Waiting) -> Job | None:
    """Cancel the job that `cancellation` names, and return it as it is then. None if it has no record.

    Raises:
        RecordChanged: at each try, the record was changed between the read and the write.
    """

    def read_and_mark() -> Job | None:
        job = services.table.get(cancellation.asked["id"])
        return job and write_mark(services, job, cancellation)

    return retried(read_and_mark)


def write_mark(services: Services, job: Job, cancellation: Waiting) -> Job:
    """Write the mark, and return the job as it is then. Raises RecordChanged."""
    by = " ".join(filter(None, ("event", cancellation.trigger.source, cancellation.trigger.eventId)))
    if isinstance(job, Ended) or job.cancelledBy:
        why = {"status": job.status, "cancelledBy": job.cancelledBy, "by": by}
        log.info("not cancelled: it has ended, or was cancelled before", extra={"jobId": job.jobId, **why})
        return job
    now, cancelled = services.now(), job.cancelled(by, clean=cancellation.asked["clean"])
    match cancelled:
        case Waiting():  # this logs who has cancelled it, too
            return outcomes.stop(services, cancelled, unanswered=cancelled.unanswered)
        case Requested():  # the invocation that holds the lease goes on, see `requested.start`
            cancelled = cancelled.next_unchanged(now)
        case Started():
            cancelled = cancelled.step_next(now)
        case _:
            assert_never(cancelled)
    outcomes.save(services, cancelled)
    log.info("cancelled", extra={"jobId": job.jobId, "status": job.status, "by": by})
    return cancelled


def keep(services: Services, cancellation: Waiting) -> Job:
    """Store a new cancellation whose job has no record. Its steps look for the job."""
    now = services.now()
    kept = cancellation.still_waits(
        WaitingFor.TURN,
        now,
        next_attempt=now + services.settings.status_check_seconds,
        give_up=cancellation.giveUpAt,
        reasons=(job_problems.not_known_yet(cancellation),),
    )
    return intake.store(services.table, kept.bounded(time_bounds.end_by(kept, services.settings, now)))[0]


def wait(services: Services, cancellation: Waiting) -> Job:
    """Keep the cancellation for a while, or end it: six hours after it arrived, it is REJECTED."""
    return outcomes.wait(services, cancellation, WaitingFor.TURN, (job_problems.not_known_yet(cancellation),))


def end(services: Services, cancellation: Waiting, job: Job) -> Ended:
    """End a kept cancellation: it was applied to `job`."""
    reasons = (job_problems.cancellation_applied(cancellation),)
    return outcomes.end(services, cancellation, Status.SUPERSEDED, reasons, superseded_by=job.jobId)


def must_not_clean(services: Services, cancellation: Waiting) -> bool:
    """Return True if the cancellation would delete results, and the operator does not allow that now."""
    return bool(cancellation.asked["clean"]) and not services.settings.allow_cancel_clean


def refuse_clean(services: Services, cancellation: Waiting) -> Job:
    """Store a new cancellation as REJECTED: it would delete results, and the operator does not allow that."""
    rejected = new_jobs.rejected(
        cancellation.trigger,
        (job_problems.clean_not_allowed(),),
        services.now(),
        model=cancellation.model,
        asked=cancellation.asked,
    )
    return intake.store(services.table, rejected)[0]


def kept_for(services: Services, job: Waiting) -> list[Waiting]:
    """Return the kept cancellations of a new job. Only an explicit id can be known before its request arrives."""
    if not job.asked.get("id"):
        return []
    ids = services.table.waiting(new_jobs.cancellation_of(job.jobId))
    return [kept for each in ids if isinstance(kept := services.table.get(each), Waiting)]
