"""The entries of the index over unfinished jobs: enough of each job to plan its next step."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from neptune_training.model.capacity import waiting_for
from neptune_training.model.statuses import Status, WaitingFor
from neptune_training.model.times import from_text

log = logging.getLogger(__name__)

PROJECTED = ("createdAt", "model", "waitingFor", "giveUpAt", "endBy", "stepUntil", "failedSteps")


@dataclass(frozen=True)
class Entry:
    """Hold one unfinished job, as the index has it.

    Attributes:
        end_by: When `track` ends it. None for a STARTED or REQUESTED job of version 0.1.0: its next step sets it.
        step_until: When the invocation of its last step ends. None if that step has ended.
        failed_steps: Steps in a row that did not end well, with one that is under way.
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
        """Return True if the job only waits for its turn to be started."""
        return self.waiting_for is not None and self.waiting_for.in_queue

    def in_step(self, now: datetime) -> bool:
        """Return True if a step of the job may be under way."""
        return self.step_until is not None and now < self.step_until


def entry_of(item: Mapping[str, Any]) -> Entry | None:
    """Build an `Entry` from an item of the index. None, and an error in the log, if it cannot be read."""
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
        log.exception("not a job", extra={"jobId": item["jobId"]})
        return None
