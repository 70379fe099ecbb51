"""The statuses of a job, and what a WAITING job can wait for."""

from enum import StrEnum
from typing import Any, Literal, TypeAlias, assert_never


class Status(StrEnum):
    """Name how far a job is. A final status never changes: to train again, upload again or send a new event."""

    WAITING = "WAITING"
    REQUESTED = "REQUESTED"
    STARTED = "STARTED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    STOPPED = "STOPPED"
    REJECTED = "REJECTED"
    SUPERSEDED = "SUPERSEDED"

    @property
    def final(self) -> bool:
        """Return True if the status never changes again."""
        match self:
            case Status.WAITING | Status.REQUESTED | Status.STARTED:
                return False
            case Status.COMPLETED | Status.FAILED | Status.STOPPED | Status.REJECTED | Status.SUPERSEDED:
                return True
        assert_never(self)


UNFINISHED = tuple(status for status in reversed(Status) if not status.final)
FinalStatus: TypeAlias = Literal[Status.COMPLETED, Status.FAILED, Status.STOPPED, Status.REJECTED, Status.SUPERSEDED]


def status_of(text: Any) -> Status | None:
    """Return the status that a record has; None for one that only a newer release knows."""
    return Status(text) if text in tuple(Status) else None


class WaitingFor(StrEnum):
    """Name what a WAITING job waits for."""

    TURN = "its turn"
    SETTLING = "files to settle"
    FILES = "files"
    DATA_PROCESSING = "data processing"
    PREVIOUS_TRAINING = "previous training"
    SLOT = "a slot"
    CAPACITY = "capacity"
    NEPTUNE = "Neptune"
    ACCESS = "access"
    ERROR = "an error to pass"

    @property
    def in_queue(self) -> bool:
        """Return True if the job is ready, and only waits until the cluster can take one more job."""
        return self in (WaitingFor.SLOT, WaitingFor.CAPACITY, WaitingFor.NEPTUNE)
