"""The step of a STARTED job: ask Neptune for its status, until it has ended.

found ──► ended: COMPLETED, FAILED or STOPPED        absent ──► for MissingSeconds: FAILED
├─► somebody else's job: REJECTED               unknown ──► looked at again later; `track` ends it after
└─► runs: looked at again later, or after a hint (`hints`)  DoubtSeconds (see `bounds`)
"""

import logging
from typing import assert_never

from neptune_training.aws.neptune import Absent, Found, Unknown, ended_stages
from neptune_training.checks.readiness import id_taken
from neptune_training.flow import bounds, messages, outcomes
from neptune_training.flow.requested import output_of, role_of
from neptune_training.flow.services import Services
from neptune_training.model.jobs import Job, Started
from neptune_training.model.statuses import Status

log = logging.getLogger(__name__)


def step(services: Services, job: Started) -> Job:
    """Get the job's status from Neptune and record it.

    Raises:
        LookFailed: the look failed, and an operator may have to act. The record has been written.
    """
    look = services.neptune.training(job.jobId, role_of(job))
    now, settings = services.now(), services.settings
    match look:
        case Found():
            return found(services, job, look)
        case Absent():
            missing_since = job.missingSince or now
            if now - missing_since >= settings.missing_seconds:
                return outcomes.end(services, job, Status.FAILED, (messages.unknown_to_neptune(job),))
            followed = job.followed(
                now,
                look_again=bounds.next_look(job.startedAt or now, job.stages, job.closeLooksUntil, settings, now),
                missing_since=missing_since,
                adopted=job.adopted,
                close_looks_until=job.closeLooksUntil,
            )
            outcomes.save(services, followed)
            return followed
        case Unknown(failure):
            log.warning("status unknown", extra={"jobId": job.jobId, "failure": str(failure)})
            followed = job.followed(
                now,
                look_again=bounds.retry_at(job.failedSteps, settings, now),
                missing_since=job.missingSince,
                unknown_since=job.unknownSince or now,
                failed_steps=0 if failure.will_pass else job.failedSteps,
                adopted=job.adopted,
                close_looks_until=job.closeLooksUntil,
            )
            outcomes.save(services, followed)
            if not failure.will_pass:
                raise failure
            return followed
        case _:
            assert_never(look)


def found(services: Services, job: Started, look: Found) -> Job:
    """Record the status that Neptune gives."""
    ours = look.writes_to(output_of(job)) if job.adopted else True
    if ours is False:
        return outcomes.end(services, job, Status.REJECTED, (id_taken(job.jobId),))
    if look.end:
        return outcomes.end(
            services, job, look.end, messages.failures(look), neptune_status=look.status, stages=look.stages
        )
    if not look.runs:
        log.warning(
            "unknown status from Neptune, taken as running", extra={"jobId": job.jobId, "neptuneStatus": look.status}
        )
    now, settings = services.now(), services.settings
    doubt = messages.maybe_not_ours(job)
    shows_an_end = ended_stages(look.stages) > ended_stages(job.stages)
    close_looks_until = None if shows_an_end else job.closeLooksUntil
    followed = job.followed(
        now,
        look_again=bounds.next_look(job.startedAt or now, look.stages, close_looks_until, settings, now),
        neptune_status=look.status,
        stages=look.stages,
        adopted=ours is None,
        warnings=tuple(each for each in job.warnings if each != doubt) if ours else None,
        close_looks_until=close_looks_until,
    )
    outcomes.save(services, followed)
    return followed
