"""The entries of the index over unfinished jobs: enough of each job to plan its next step."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from neptune_training.model.capacity import waiting_for
from neptune_training.model.statuses import Status, WaitingFor
from neptune_training.model.times import from_text

log = logging.getLogger(__name__)

LONGEST_INVOCATION = timedelta(minutes=15)
PROJECTED = ("createdAt", "model", "waitingFor", "giveUpAt", "endBy", "stepUntil", "failedSteps")


@dataclass(frozen=True)
class Entry:
    """Hold one unfinished job, as the index has it.

    Attributes:
        end_by: When `track` ends it. None for a STARTED or REQUESTED job of version 0.1.0: its next step sets it.
        step_until: When the invocation of its last step ends. None if that step has ended.
        failed_steps: How many steps in a row failed. A step that is under way counts as failed until it has ended.
    """

    job_id: str
    status: Status
    next_attempt_at: datetime
    created_at: datetime
    model: str = ""
    waiting_for: WaitingFor | None = None
    end_by: datetime | None = None
    step_until: datetime | None = None
    failed_steps: int = 0

    @property
    def in_queue(self) -> bool:
        """Return True if the job is ready and waits in the queue."""
        return self.waiting_for is not None and self.waiting_for.in_queue

    def is_expired(self, now: datetime) -> bool:
        """Return True if the job's bound has passed."""
        return self.end_by is not None and self.end_by <= now

    def is_due(self, now: datetime) -> bool:
        """Return True if it is time for the job's next step, and no step of it may be under way."""
        return self.next_attempt_at <= now and not self.in_step(now) and not self.is_expired(now)

    def in_step(self, now: datetime) -> bool:
        """Return True if a step of the job may be under way. A `step_until` later than is possible is ignored."""
        return self.step_until is not None and now < self.step_until <= now + LONGEST_INVOCATION


def entry_of(item: Mapping[str, Any]) -> Entry | None:
    """Build an `Entry` from an item of the index. If it cannot be read, log an error and return None."""
    end_by = item.get("endBy") or item.get("giveUpAt")
    try:
        return Entry(
            job_id=item["jobId"],
            status=Status(item["status"]),
            next_attempt_at=from_text(item["nextAttemptAt"]),
            created_at=from_text(item["createdAt"]),
            model=str(item.get("model", "")),
            waiting_for=waiting_for(item.get("waitingFor")),
            end_by=from_text(end_by) if end_by else None,
            step_until=from_text(item["stepUntil"]) if "stepUntil" in item else None,
            failed_steps=int(item.get("failedSteps", 0)),
        )
    except (KeyError, TypeError, ValueError):
        log.exception("the job's entry in the index cannot be read", extra={"jobId": item["jobId"]})
        return None
