"""The steps of a REQUESTED job: send its start while the lease lasts; after that, look if Neptune has the job.

    start ──► accepted: STARTED                    look up ──► found: STARTED (adopted), or somebody else's: REJECTED
          ├─► refused for now: WAITING                     ├─► absent: WAITING, behind all that wait now
          ├─► refused permanently: REJECTED                └─► unknown: REQUESTED, looked up again later
          └─► no answer: REQUESTED until the lease is over

A start without an answer is sent again only after the lease is over and a look has shown that the job is absent.
"""

import logging
from datetime import datetime
from typing import assert_never

from neptune_training.aws.neptune import Absent, Accepted, Found, Unknown
from neptune_training.aws.neptune_errors import IdInUse, PermanentFailure, Refused, StartFailure, Unanswered
from neptune_training.aws.writes import RecordChanged
from neptune_training.checks.readiness import id_taken
from neptune_training.flow import job_problems, next_look, outcomes, time_bounds
from neptune_training.flow.pause import Pause
from neptune_training.flow.services import Services
from neptune_training.model.jobs import Job, Requested, Started
from neptune_training.model.problems import Problem
from neptune_training.model.statuses import Status, WaitingFor

log = logging.getLogger(__name__)


def start(services: Services, job: Requested, deadline: datetime, pause: Pause) -> Job:
    """Send the start, and record the outcome. No start is sent after `giveUpAt`."""
    now = services.now()
    until = min(services.last_start(deadline), time_bounds.give_up_at(job, services.settings, now))
    pause.sends(now)
    try:
        answer: Accepted | StartFailure = services.neptune.start(job.request or {}, until=until)
    except (IdInUse, PermanentFailure, Refused, Unanswered) as failure:
        answer = failure
    note(pause, job, answer, services.now())
    try:
        return answered(services, job, answer, pause)
    except RecordChanged:
        return answered(services, cancelled_meanwhile(services, job), answer, pause)


def note(pause: Pause, job: Requested, answer: Accepted | StartFailure, now: datetime) -> None:
    """Note if Neptune had room for the start. A refusal for another reason than capacity shows that it had."""
    match answer:
        case Unanswered():
            return
        case Refused(waiting_for=reason) if reason.in_queue:
            pause.refused(job.jobId, reason, now)
        case _:
            pause.accepted()


def cancelled_meanwhile(services: Services, job: Requested) -> Requested:
    """Return the job as it is now, if nothing but its cancellation was written since `job`. Raises RecordChanged."""
    current = services.table.get(job.jobId)
    if isinstance(current, Requested) and current.cancelledBy and current.version == job.version + 1:
        return current
    raise RecordChanged("condition")


def answered(services: Services, job: Requested, answer: Accepted | StartFailure, pause: Pause) -> Job:
    """Record what Neptune has answered to the start."""
    match answer:
        case Accepted():
            return started(services, job, answer)
        case IdInUse():
            return id_in_use(services, job, answer.problem)
        case PermanentFailure():
            return outcomes.end(services, job, Status.REJECTED, (answer.problem,))
        case Refused():
            return refused_for_now(services, job, answer, pause)
        case Unanswered():
            log.warning("no answer to the start", extra={"jobId": job.jobId, "failure": str(answer)})
            reasons, now = (answer.problem,), services.now()
            doubtful = job.in_doubt(now, next_attempt=job.leaseUntil, reasons=reasons, failed_steps=0)
            outcomes.save(services, doubtful)
            return doubtful
        case _:
            assert_never(answer)


def refused_for_now(services: Services, job: Requested, refused: Refused, pause: Pause) -> Job:
    """Let the job wait, and free its slot. If the cluster has no room for it, begin the pause of all starts."""
    in_queue = refused.waiting_for.in_queue
    return outcomes.wait_again(
        services,
        job,
        refused.waiting_for,
        (refused.problem,),
        tried=in_queue,
        unanswered=job.unanswered,
        pause_until=pause.until(services.now() + time_bounds.hold(services.settings)) if in_queue else None,
    )


def id_in_use(services: Services, job: Requested, problem: Problem) -> Job:
    """Find out if the job with this id is ours. Only an explicit id can be another request's."""
    if not job.asked.get("id"):
        return started(services, job, None)
    look = services.neptune.training(job.jobId, role_of(job))
    if isinstance(look, Found):
        ours = look.writes_to(output_of(job))
        if ours or (ours is None and job.unanswered):
            return started(services, job, None, look=look)
        return outcomes.end(services, job, Status.REJECTED, (id_taken(job.jobId),))
    doubtful = job.in_doubt(services.now(), next_attempt=job.leaseUntil, reasons=(problem,), failed_steps=0)
    outcomes.save(services, doubtful)
    return doubtful


def look_up(services: Services, job: Requested) -> Job:
    """Find out whether the job was started, now that its lease is over.

    Raises:
        LookFailed: the look failed, and an operator may have to act. The record has been written.
    """
    look = services.neptune.training(job.jobId, role_of(job))
    match look:
        case Found():
            return found(services, job, look)
        case Absent():
            now = services.now()
            if now >= time_bounds.give_up_at(job, services.settings, now):
                return outcomes.give_up(services, job, WaitingFor.TURN, job.reasons, unanswered=True)
            return outcomes.wait_again(services, job, WaitingFor.TURN, job.reasons, tried=True, unanswered=True)
        case Unknown(failure):
            log.warning(
                "it is not known if Neptune has the job",
                extra={"jobId": job.jobId, "failure": str(failure)},
            )
            now, settings = services.now(), services.settings
            later = next_look.retry_at(job.failedSteps, settings, now)
            reasons = (*(each for each in job.reasons if each.field != failure.operation), failure.problem)
            failed_steps = 0 if failure.will_pass else job.failedSteps  # a throttled cluster is not this job's fault
            doubtful = job.in_doubt(now, next_attempt=later, reasons=reasons, failed_steps=failed_steps)
            outcomes.save(services, doubtful)
            if not failure.will_pass:
                raise failure
            return doubtful
        case _:
            assert_never(look)


def found(services: Services, job: Requested, look: Found) -> Job:
    """Adopt the job that Neptune has, unless its output shows that it is another request's."""
    if job.asked.get("id") and look.writes_to(output_of(job)) is False:
        return outcomes.end(services, job, Status.REJECTED, (id_taken(job.jobId),))
    return started(services, job, None, look=look)


def started(services: Services, job: Requested, accepted: Accepted | None, *, look: Found | None = None) -> Started:
    """Record the job as STARTED. Log the ARN first: if the write fails, only the log has it."""
    known = {"arn": accepted.arn, "creationTimeInMillis": accepted.creation_time_in_millis} if accepted else {}
    log.info("started", extra={"jobId": job.jobId, **known})
    to_be_seen = look is not None and bool(job.asked.get("id")) and look.writes_to(output_of(job)) is None
    warnings = job.warnings
    if not accepted:
        warnings += (job_problems.arn_unknown(job), *([job_problems.maybe_not_ours(job)] if to_be_seen else []))
    now = services.now()
    running = job.started(
        now,
        look_again=now if job.cancelledBy else now + services.settings.status_check_seconds,
        warnings=warnings,
        arn=accepted.arn if accepted else None,
        created=accepted.creation_time_in_millis if accepted else None,
        adopted=to_be_seen,
    )
    outcomes.save(services, running)
    return running


def role_of(job: Requested | Started) -> str | None:
    """Return the request's own neptuneIamRoleArn: every call about the job needs it."""
    return (job.request or {}).get("neptuneIamRoleArn")


def output_of(job: Requested | Started) -> str:
    """Return the request's trainModelS3Location."""
    return str((job.request or {}).get("trainModelS3Location", ""))
