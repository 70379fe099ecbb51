"""The step of a STARTED job: ask Neptune for its status, until it has ended.

found ──► ended: COMPLETED, FAILED or STOPPED        absent ──► for MissingSeconds: FAILED
├─► somebody else's job: REJECTED               unknown ──► looked at again later; `track` ends it after
└─► runs: looked at again later, or after a hint           DoubtSeconds (see `time_bounds`)

A cancelled job is first cancelled in Neptune. Once it has ended, it is STOPPED.
"""

import logging
from datetime import datetime
from typing import assert_never

from neptune_training.aws.neptune import Absent, Found, Unknown
from neptune_training.aws.neptune_errors import ACCESS, CancelFailed
from neptune_training.checks.readiness import id_taken
from neptune_training.flow import job_problems, next_look, outcomes
from neptune_training.flow.requested import output_of, role_of
from neptune_training.flow.services import Services
from neptune_training.model.jobs import Job, Started
from neptune_training.model.stages import Stages, ended_stages
from neptune_training.model.statuses import Status

log = logging.getLogger(__name__)


def step(services: Services, job: Started) -> Job:
    """Get the job's status from Neptune and record it.

    Raises:
        LookFailed: the look failed, and an operator may have to act. The record has been written.
    """
    job = cancel_in_neptune(services, job)
    look = services.neptune.training(job.jobId, role_of(job))
    now, settings = services.now(), services.settings
    match look:
        case Found():
            return found(services, job, look)
        case Absent():
            missing_since = job.missingSince or now
            if now - missing_since >= settings.missing_seconds:
                return outcomes.end(services, job, Status.FAILED, (job_problems.unknown_to_neptune(job),))
            look_again = look_again_at(services, job, job.stages, job.lookOftenUntil)
            missing = job.missing(now, look_again=look_again, since=missing_since)
            outcomes.save(services, missing)
            return missing
        case Unknown(failure):
            log.warning("status unknown", extra={"jobId": job.jobId, "failure": str(failure)})
            unknown = job.unknown(
                now,
                look_again=next_look.retry_at(job.failedSteps, settings, now),
                since=job.unknownSince or now,
                failed_steps=0 if failure.will_pass else job.failedSteps,
            )
            outcomes.save(services, unknown)
            if not failure.will_pass:
                raise failure
            return unknown
        case _:
            assert_never(look)


def cancel_in_neptune(services: Services, job: Started) -> Started:
    """Send the cancellation of a cancelled job, unless Neptune stops it already.

    Return the job, with a warning if Neptune did not take the cancellation.
    A job that could be another request's is not cancelled before Neptune has shown that it is not. While steps fail,
    only every second one sends the cancellation, and the others only look: the cancellation may be what kills them.
    """
    # `step.begin` has counted this step already: failedSteps is 1 after a success, 2 after one failure.
    only_look = job.adopted or job.failedSteps % 2 == 0
    if not job.cancelledBy or only_look or (job.neptuneStatus or "").lower() == "stopping":
        return job
    clean = job.cancelClean and services.settings.allow_cancel_clean  # it may no longer be allowed
    failure = services.neptune.send_cancellation(job.jobId, role_of(job), clean=clean)
    warnings = tuple(each for each in job.warnings if each.field != CancelFailed.operation)
    if failure:
        log.warning("not cancelled", extra={"jobId": job.jobId, "failure": str(failure)})
        warnings += (failure.problem,)
    return job.warned(warnings)


def cancellation_denied(job: Job | None) -> bool:
    """Return True if the job runs on because access was denied when its cancellation was sent."""
    if not isinstance(job, Started):
        return False
    refusals = (each.value or "" for each in job.warnings if each.field == CancelFailed.operation)
    return any(refusal.partition(",")[0] in ACCESS for refusal in refusals)


def look_again_at(
    services: Services, job: Started, stages: Stages | None, look_often_until: datetime | None
) -> datetime:
    """Return when to look again at a job that runs. A cancelled one ends soon: it is looked at each minute."""
    now, settings = services.now(), services.settings
    if job.cancelledBy:
        return now + settings.status_check_seconds
    return next_look.while_running(job.startedAt or now, stages, look_often_until, settings, now)


def found(services: Services, job: Started, look: Found) -> Job:
    """Record the status that Neptune gives."""
    ours = look.writes_to(output_of(job)) if job.adopted else True
    if ours is False:
        return outcomes.end(services, job, Status.REJECTED, (id_taken(job.jobId),))
    if look.end:
        return outcomes.end(
            services, job, look.end, job_problems.failures(look), neptune_status=look.status, stages=look.stages
        )
    if not look.runs:
        log.warning(
            "unknown status from Neptune, taken as running", extra={"jobId": job.jobId, "neptuneStatus": look.status}
        )
    now = services.now()
    doubt = job_problems.maybe_not_ours(job)
    shows_an_end = ended_stages(look.stages) > ended_stages(job.stages)
    often = job.lookOftenUntil is not None and now < job.lookOftenUntil and not shows_an_end
    look_often_until = job.lookOftenUntil if often else None
    running = job.looked_at(
        now,
        look_again=look_again_at(services, job, look.stages, look_often_until),
        neptune_status=look.status,
        stages=look.stages,
        adopted=ours is None,
        warnings=tuple(each for each in job.warnings if each != doubt) if ours else job.warnings,
        look_often_until=look_often_until,
    )
    outcomes.save(services, running)
    return running
