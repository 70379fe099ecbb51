"""The step of a WAITING job: check it, claim it, start it.

judge ──► not ready: wait          claim ──► no slot, or starts are paused: wait in the queue
├─► never: REJECTED                ├─► lost to another invocation: keep the place in the queue
├─► SUPERSEDED                     └─► REQUESTED ──► `requested.start`
└─► ready: claim
"""

from datetime import datetime, timedelta
from typing import assert_never

from neptune_training.aws.neptune_errors import Failure
from neptune_training.aws.writes import RecordChanged
from neptune_training.checks.verdicts import NotReady, Ready, Rejected, Superseded
from neptune_training.flow import job_problems, outcomes, requested, time_bounds
from neptune_training.flow.pause import Pause
from neptune_training.flow.services import MARGIN, Services
from neptune_training.model.capacity import Capacity
from neptune_training.model.jobs import Job, Waiting
from neptune_training.model.statuses import Status, WaitingFor


def step(services: Services, job: Waiting, deadline: datetime, pause: Pause, *, has_turn: bool) -> Job:
    """Start the job if it is ready and the cluster has room.

    With `has_turn`, `track` or a drain chose it to start next. Otherwise it must not pass jobs that wait in the queue.
    """
    if job.cancelledBy:  # an older release, which knows no cancellations, let it wait again
        return outcomes.stop(services, job, job.reasons, unanswered=job.unanswered)
    now, settings = services.now(), services.settings
    if time_bounds.expired(job, settings, now):
        return outcomes.give_up(services, job, job.waitingFor, job.reasons, unanswered=job.unanswered)
    match services.readiness.judge(job, now):
        case Superseded(by):
            reasons = (job_problems.superseded(job, by),)
            return outcomes.end(services, job, Status.SUPERSEDED, reasons, superseded_by=by)
        case Rejected(reasons):
            return outcomes.end(services, job, Status.REJECTED, reasons)
        case NotReady(waiting_for, reasons, next_attempt):
            failed = waiting_for is WaitingFor.ERROR
            return outcomes.wait(services, job, waiting_for, reasons, next_attempt=next_attempt, failed=failed)
        case Ready() as ready:
            return claim(services, job, ready, deadline, pause, has_turn=has_turn)
        case verdict:
            assert_never(verdict)


def claim(  # noqa: PLR0911 - each is one way out
    services: Services, job: Waiting, ready: Ready, deadline: datetime, pause: Pause, *, has_turn: bool
) -> Job:
    """Take a slot and a lease for the job, and start it. During a drain, first wait as long as its pace says."""
    services.sleep(pause.seconds_left(services.now()))
    now, capacity, settings = services.now(), services.table.capacity(), services.settings
    give_up_at = time_bounds.wait_ends_at(job, WaitingFor.TURN, settings, now)
    if now >= give_up_at:
        return outcomes.give_up(services, job, job.waitingFor, job.reasons, unanswered=job.unanswered)
    limit, holds = settings.max_concurrent_training_jobs, pause.may_start(capacity)
    ahead = 0 if has_turn else services.table.queue_length(limit, besides=job.jobId)
    if (waits := no_room(services, job, capacity, ahead, now, has_turn=has_turn, holds=holds)) is not None:
        return waits
    if not services.time_to_start(deadline):
        return outcomes.wait(services, job, WaitingFor.TURN, next_attempt=now, failed=True)
    claimed = job.claimed(
        now,
        lease_until=lease(services, deadline),
        give_up=give_up_at,
        request=ready.request,
        files=ready.files,
        warnings=ready.warnings,
    )
    claimed = claimed.bounded(time_bounds.end_by(claimed, settings, now))
    if capacity.paused_until and not holds:
        pause.probes()
    pause_until = pause.until(now + time_bounds.hold(settings)) if capacity.paused_until else None
    try:
        services.table.claim(claimed, capacity, limit=limit, now=now, pause_until=pause_until, holds=holds)
    except RecordChanged:
        if pause_until:
            pause.not_written(pause_until)
        return lost_race(services, job)
    late = pause_until is not None and services.now() > now + MARGIN  # the pause could end before the answer
    if services.now() >= give_up_at:  # the claim took long: no start is sent after giveUpAt
        return outcomes.give_up(services, claimed, job.waitingFor, job.reasons, unanswered=job.unanswered)
    if late or not services.time_to_start(deadline):  # the claim took long: so could the answer to a start now
        return outcomes.wait_again(services, claimed, WaitingFor.TURN, (), tried=False, unanswered=job.unanswered)
    if ready.exists:
        return requested.look_up(services, claimed)
    return requested.start(services, claimed, deadline, pause)


def lease(services: Services, deadline: datetime) -> datetime:
    """Return when the lease ends: after that, no start that this invocation sent can still reach Neptune."""
    read_timeout = timedelta(seconds=services.settings.neptune_read_timeout_seconds)
    return deadline + read_timeout + services.settings.lease_slack_seconds


def no_room(
    services: Services, job: Waiting, capacity: Capacity, ahead: int, now: datetime, *, has_turn: bool, holds: bool
) -> Job | None:
    """Let the job wait in the queue if it cannot start now; return None if it can.

    `ahead` is how many jobs of the queue come before this one. If this invocation `holds` the pause, the pause does not
    stop the job.
    """
    limit, per_model = (
        services.settings.max_concurrent_training_jobs,
        services.settings.max_concurrent_training_jobs_per_model,
    )
    probe_is_next = capacity.paused_until and ahead and capacity.has_slot_for(job.jobId, limit)
    if not holds and (capacity.is_paused(now) or probe_is_next):
        return queue(services, job, capacity)
    if not capacity.has_slot_for(job.jobId, limit - ahead):
        return queue(services, job, Capacity())
    if not has_turn and per_model < limit and services.table.running(job.model) >= per_model:
        return queue(services, job, Capacity())
    return None


def queue(services: Services, job: Waiting, capacity: Capacity) -> Job:
    """Let the job wait in the queue, at its place: until the pause is over, or for a slot.

    Neptune's answer to its last start stays among the reasons: it says why the job still waits.
    """
    limit = services.settings.max_concurrent_training_jobs
    waiting_for = capacity.paused_for if capacity.paused_until else WaitingFor.SLOT
    reason = job_problems.paused(waiting_for) if capacity.paused_until else job_problems.no_slot(limit)
    said = (each for each in job.reasons if each.field == Failure.operation and each.value)
    return outcomes.wait(services, job, waiting_for, (reason, *said))


def lost_race(services: Services, job: Waiting) -> Job:
    """Return the job as another invocation wrote it. If only the capacity changed, let the job keep its place."""
    found = services.table.get(job.jobId)
    if found is None or found.version != job.version:
        return found or job
    capacity, limit = services.table.capacity(), services.settings.max_concurrent_training_jobs
    if capacity.paused_until or not capacity.has_slot_for(job.jobId, limit):
        return queue(services, job, capacity)
    return outcomes.wait(services, job, WaitingFor.ERROR, (job_problems.not_claimed(job),), failed=True)
