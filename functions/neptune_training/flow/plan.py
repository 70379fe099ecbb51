"""A round of `track` over all unfinished jobs that are due."""

import logging
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import ValidationError

from neptune_training.aws.neptune_errors import Unseen
from neptune_training.flow.step import Steps
from neptune_training.model.capacity import Capacity, Due
from neptune_training.model.jobs import CLUSTER_WIDE, Job, Status, WaitingFor

log = logging.getLogger(__name__)


@dataclass
class Round:
    """What a round did and saw."""

    steps: int = 0
    waiting: int = 0
    oldest_seconds: float = 0
    slots: int = 0
    access_denied: int = 0
    failed: list[str] = field(default_factory=list)

    def gauges(self) -> dict[str, float]:
        """The round as metrics."""
        return {
            "JobsWaiting": self.waiting,
            "OldestRequestAgeSeconds": self.oldest_seconds,
            "SlotsInUse": self.slots,
            "AccessDenied": self.access_denied,
        }


def make(steps: Steps, deadline: datetime) -> Round:
    """Follow what runs, find what is in doubt, then start what waits. One job's trouble is not another's."""
    done = Round()
    for status in (Status.STARTED, Status.REQUESTED):
        for due in steps.table.due(status, steps.now()):
            done.oldest_seconds = max(done.oldest_seconds, age(due, steps) if status is Status.REQUESTED else 0)
            if steps.time_to_start(deadline):
                take(steps, due, deadline, done)
    capacity = free_slots_of_ended_jobs(steps, done)
    for due in steps.table.due(Status.WAITING, steps.now()):
        done.waiting += 1
        done.oldest_seconds = max(done.oldest_seconds, age(due, steps))
        if not steps.time_to_start(deadline):
            continue
        if due.waits_for_cluster(steps.now()) and not takes_jobs(steps, capacity):
            continue
        job = take(steps, due, deadline, done)
        if job and (job.status is not Status.WAITING or job.waitingFor in CLUSTER_WIDE):  # it met what all would meet
            capacity = steps.table.capacity()
    return done


def age(due: Due, steps: Steps) -> float:
    """Seconds since the job was asked for."""
    return (steps.now() - due.since).total_seconds()


def takes_jobs(steps: Steps, capacity: Capacity) -> bool:
    """Whether the cluster takes one more job, as far as is known."""
    return capacity.free("", steps.settings.max_concurrent_training_jobs) and not capacity.paused(steps.now())


def take(steps: Steps, due: Due, deadline: datetime, done: Round) -> Job | None:
    """Take one step of one job."""
    done.steps += 1
    try:
        job = steps.table.get(due.job_id)
        if job is None:
            return None
        job = steps.next(job, deadline)
    except Unseen:
        done.failed.append(due.job_id)
        return None
    except Exception as error:
        log.exception("step failed", extra={"jobId": due.job_id})
        done.failed.append(due.job_id)
        with suppress(Exception):  # what kept the step from being taken may keep its record from being written, too
            steps.failed(due.job_id, error)
        return None
    done.access_denied += job.waitingFor is WaitingFor.ACCESS
    return job


def free_slots_of_ended_jobs(steps: Steps, done: Round) -> Capacity:
    """A slot goes back with the write that ends its job; this finds what any other hand has left behind."""
    capacity = steps.table.capacity()
    ended = [job_id for job_id in capacity.slots if has_ended(steps, job_id, done)]
    if ended:
        log.error("slots of ended jobs", extra={"jobIds": ended})
        steps.table.forget_slots(ended)
        capacity = steps.table.capacity()
    done.slots = len(capacity.slots)
    return capacity


def has_ended(steps: Steps, job_id: str, done: Round) -> bool:
    """Whether a job needs its slot no more. One whose record cannot be read keeps it: it may be training."""
    try:
        job = steps.table.get(job_id)
    except ValidationError:
        log.exception("no job", extra={"jobId": job_id})
        done.failed.append(job_id)
        return False
    return job is None or job.status.final
