"""One tick of `track`: read the unfinished jobs, plan, end jobs, invoke `step`.

index, control item ──► plan ──► end the jobs whose bound has passed
└─► invoke `step` for the jobs that are due
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import assert_never

from neptune_training.aws.slots import CAPACITY
from neptune_training.aws.table import Table
from neptune_training.aws.writes import RecordChanged
from neptune_training.flow import job_problems, time_bounds
from neptune_training.flow.plan import Concurrency, Plan, plan
from neptune_training.model.capacity import Capacity
from neptune_training.model.jobs import Ended, Job, Requested, Started, UnfinishedJob, Waiting
from neptune_training.model.settings import Settings
from neptune_training.model.statuses import Status, WaitingFor
from neptune_training.model.times import to_text
from neptune_training.model.unfinished import Entry

log = logging.getLogger(__name__)

REPAIR_FOR = timedelta(seconds=5)
TIME_TO_INVOKE = timedelta(seconds=30)  # kept free to invoke `step`: no job is ended in it
TIME_FOR_ONE_CALL = timedelta(seconds=10)

Invoke = Callable[[tuple[str, ...], tuple[str, ...]], None]


@dataclass
class Done:
    """Count what a tick, or a hint, saw and did."""

    waiting: int = 0
    oldest_seconds: float = 0
    slots: int = 0
    access_denied: int = 0
    invoked: int = 0
    ended: list[str] = field(default_factory=list)
    in_doubt: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def metrics(self) -> dict[str, float]:
        """Return the values of the CloudWatch metrics, by name."""
        return {
            "JobsWaiting": self.waiting,
            "OldestRequestAgeSeconds": self.oldest_seconds,
            "SlotsInUse": self.slots,
            "AccessDenied": self.access_denied,
            "EndedInDoubt": len(self.in_doubt),
        }


@dataclass(frozen=True)
class Tracker:
    """Hold what a tick acts on. `invoke` hands job ids, and those of them that can start, to the `step` function."""

    table: Table
    invoke: Invoke
    settings: Settings
    now: Callable[[], datetime]

    def tick(self, deadline: datetime) -> Done:
        """Make one tick. An error with one job does not stop the others."""
        jobs, now = self.table.unfinished(), self.now()
        done = seen(jobs, now)
        planned = plan(jobs, self.capacity(jobs, now, done), now, Concurrency.of(self.settings))
        for job_id in planned.expired:
            if self.now() < deadline - TIME_TO_INVOKE:
                self.end(job_id, done)
        self.invoke_steps(planned, deadline, done)
        return done

    def invoke_steps(self, planned: Plan, deadline: datetime, done: Done) -> None:
        """Hand each group to an invocation of its own."""
        for group in planned.groups:
            if self.now() >= deadline - TIME_FOR_ONE_CALL:
                done.failed += group
                continue
            try:
                self.invoke(group, tuple(job_id for job_id in group if job_id in planned.turns))
            except Exception:
                log.exception("step could not be invoked", extra={"jobIds": group})
                done.failed += group
            else:
                done.invoked += 1

    # --- slots --------------------------------------------------------------------------------------------------------

    def capacity(self, jobs: Sequence[Entry], now: datetime, done: Done) -> Capacity:
        """Return the capacity, repaired if needed. It is only read if a job waits in the queue.

        If it cannot be read, starts count as paused: no job in the queue gets a turn. All other jobs get steps.
        """
        if not any(job.in_queue and job.next_attempt_at <= now for job in jobs):
            return Capacity()
        try:
            return self.repaired(self.table.capacity(), {job.job_id for job in jobs if holds_slot(job)}, now, done)
        except Exception:
            log.exception("the capacity cannot be read or repaired")
            done.failed.append(CAPACITY)
            return Capacity(paused_until=datetime.max.replace(tzinfo=UTC))

    def repaired(self, capacity: Capacity, holders: set[str], now: datetime, done: Done) -> Capacity:
        """Free slots of ended jobs, add missing ones, shorten a pause that is too long; return the result."""
        longest = now + time_bounds.longest_pause(self.settings)
        odd = capacity.paused_until is not None and capacity.pause_text != to_text(min(capacity.paused_until, longest))
        surplus = [*self.which(capacity.slots - holders, Ended, None, done=done)]
        lacking = [*self.which(holders - capacity.slots, Requested, Started, done=done)]
        if odd and capacity.paused_until is not None:
            log.error(
                "the pause is longer than any that a function sets: shortened",
                extra={"pausedUntil": capacity.pause_text},
            )
            self.table.shorten_pause(capacity, min(capacity.paused_until, longest))
        if surplus:
            log.error("ended jobs hold slots: freed", extra={"jobIds": surplus})
            self.table.forget_slots(surplus)
        if lacking:
            log.error("running jobs hold no slot: added", extra={"jobIds": lacking})
            self.table.add_slots(lacking)
        return self.table.capacity() if odd or surplus or lacking else capacity

    def which(self, job_ids: Iterable[str], *kinds: type[Job] | None, done: Done) -> Iterable[str]:
        """Yield the jobs whose record has one of these types (None: no record). Stop after a few seconds."""
        until = self.now() + REPAIR_FOR
        for job_id in sorted(job_ids):
            if self.now() >= until:
                return
            try:
                job = self.table.get(job_id)
            except Exception:  # it may be training, so it keeps its slot
                log.exception("the job's record cannot be read", extra={"jobId": job_id})
                done.failed.append(job_id)
                continue
            if (None if job is None else type(job)) in kinds:
                yield job_id

    # --- bounds -------------------------------------------------------------------------------------------------------

    def end(self, job_id: str, done: Done) -> None:
        """End a job if its record, too, says that its bound has passed."""
        try:
            job = self.table.get(job_id)
            if job is None or isinstance(job, Ended):
                return
            now = self.now()
            if time_bounds.expired(job, self.settings, now):
                self.write_end(job, now, done)
            else:  # the operator has raised a limit since the bound was written
                end_by = time_bounds.end_by(job, self.settings, now)
                self.table.save(job.next_unchanged(now).bounded(end_by))
        except RecordChanged:
            return
        except Exception:
            log.exception("job could not be ended", extra={"jobId": job_id})
            done.failed.append(job_id)

    def write_end(self, job: UnfinishedJob, now: datetime, done: Done) -> None:
        """Write why the job has ended. Only a WAITING job is known not to run."""
        match job:
            case Waiting():
                limit, unanswered = time_bounds.parameter_of(job, job.waitingFor, self.settings, now), job.unanswered
                reasons = job_problems.gave_up(
                    job, job.waitingFor, job.reasons, now, unanswered=unanswered, limit=limit
                )
                self.table.save(job.ended(Status.REJECTED, now, reasons))
            case Requested():
                doubt = job_problems.in_doubt(job, job_problems.NEVER_FOUND_OUT)
                self.table.release(job.ended(Status.FAILED, now, (*job.reasons, doubt)))
                done.in_doubt.append(job.jobId)
            case Started():
                never_seen = job.unknownSince and now >= job.unknownSince + self.settings.doubt_seconds
                problem = job_problems.NEVER_SEEN if never_seen else job_problems.RAN_TOO_LONG
                doubt = job_problems.in_doubt(job, problem)
                self.table.release(job.ended(Status.FAILED, now, (*job.reasons, doubt)))
                done.in_doubt.append(job.jobId)
            case _:
                assert_never(job)
        log.warning("ended by its bound", extra={"jobId": job.jobId, "was": job.status})
        done.ended.append(job.jobId)


def holds_slot(job: Entry) -> bool:
    """Return True if a job with this status holds a slot."""
    return job.status in (Status.STARTED, Status.REQUESTED)


def seen(jobs: Iterable[Entry], now: datetime) -> Done:
    """Return what the index says of all unfinished jobs."""
    done = Done()
    for job in jobs:
        done.waiting += job.status is Status.WAITING
        done.slots += holds_slot(job)
        done.access_denied += job.waiting_for is WaitingFor.ACCESS
        if job.status is not Status.STARTED and job.waiting_for is not WaitingFor.SLOT:
            done.oldest_seconds = max(done.oldest_seconds, (now - job.created_at).total_seconds())
    return done
