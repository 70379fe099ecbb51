"""What a step comes to, written down: the job is WAITING, or it has ended.

A job that does not run gives its slot back with the write that says so.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from neptune_training.aws.table import Table
from neptune_training.flow import messages
from neptune_training.model.jobs import CLUSTER_WIDE, Job, Status, WaitingFor
from neptune_training.model.problems import Problem
from neptune_training.model.settings import Settings

log = logging.getLogger(__name__)

WAITS = ("waitingFor", "nextAttemptAt", "giveUpAt", "reasons")


@dataclass(frozen=True)
class Outcomes:
    """The writer. Each method returns the job as it is then, and raises `Changed` where somebody else was first."""

    table: Table
    settings: Settings
    now: Callable[[], datetime]

    def end(
        self, job: Job, status: Status, reasons: tuple[Problem, ...], *, resume: bool = False, **changes: Any
    ) -> Job:
        """A final status; `resume` ends the cluster's pause with it."""
        ended = job.ended(status, self.now(), reasons, **changes)
        if job.status is Status.WAITING:
            self.table.save(ended)
        else:
            self.table.release(ended, resume=resume)
        log.info("ended", extra={"jobId": job.jobId, "status": status, "reasons": [*map(str, reasons)]})
        return ended

    def wait(
        self,
        job: Job,
        waiting_for: WaitingFor,
        reasons: tuple[Problem, ...] = (),
        *,
        next_attempt: datetime | None = None,
        pause_until: datetime | None = None,
        resume: bool = False,
    ) -> Job:
        """WAITING. A job that waits for the cluster stays due since it was created, which makes the oldest the next."""
        now, give_up = self.now(), self._give_up(job, waiting_for)
        if now >= give_up:
            given_up = messages.gave_up(waiting_for, reasons or job.reasons)
            return self.end(job, Status.REJECTED, given_up, resume=resume)
        next_attempt = next_attempt or (job.createdAt if waiting_for in CLUSTER_WIDE else self._later(job, now))
        waits = job.waits(waiting_for, now, next_attempt=next_attempt, give_up=give_up, reasons=reasons)
        if job.status is not Status.WAITING:
            self.table.release(waits, pause_until=pause_until, resume=resume)
        elif all(getattr(waits, name) == getattr(job, name) for name in WAITS):
            return job  # nothing new: waiting costs no write and no announcement
        else:
            self.table.save(waits)
        return waits

    def put_off(self, job: Job) -> Job:
        """WAITING for the same, and no longer due: others have their turn before it comes back."""
        now = self.now()
        kept = {"waitingFor": job.waitingFor, "reasons": job.reasons, "giveUpAt": job.giveUpAt}
        off = job.becomes(Status.WAITING, now, nextAttemptAt=now + self.settings.status_check_seconds, **kept)
        self.table.save(off)
        return off

    def had_its_last_step(self, job: Job) -> bool:
        """Whether a job was put off after it should have been given up: that step did not come to its end."""
        last = self._give_up(job, job.waitingFor or WaitingFor.TURN) + self.settings.status_check_seconds
        return job.nextAttemptAt is not None and job.nextAttemptAt >= last

    def _later(self, job: Job, now: datetime) -> datetime:
        """As the job was put off to already, or in a minute."""
        put_off = job.nextAttemptAt if job.status is Status.WAITING else None
        return put_off if put_off and put_off > now else now + self.settings.status_check_seconds

    def _give_up(self, job: Job, waiting_for: WaitingFor) -> datetime:
        """Files have a grace period of their own, from when they were first found wanting."""
        if waiting_for is not WaitingFor.FILES:
            return job.createdAt + self.settings.give_up_seconds
        if job.waitingFor is WaitingFor.FILES and job.giveUpAt:
            return job.giveUpAt
        return self.now() + self.settings.files_grace_seconds
