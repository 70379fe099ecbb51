"""The verdicts of `readiness`: a job can start, cannot start yet, can never start, or was replaced."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from neptune_training.model.problems import Problem
from neptune_training.model.statuses import WaitingFor


@dataclass(frozen=True)
class Ready:
    """Say that the job can start, with this request. `files` are ETags by name, such as `{"train.py": "9bb5…"}`.

    `exists` is True if Neptune has this job already. That can be after the table was restored from a backup.
    """

    request: dict[str, Any]
    files: dict[str, str]
    warnings: tuple[Problem, ...] = ()
    exists: bool = False


@dataclass(frozen=True)
class NotReady:
    """Say that the job cannot start yet: it waits for `waiting_for`."""

    waiting_for: WaitingFor
    problems: tuple[Problem, ...] = ()
    next_attempt: datetime | None = None


@dataclass(frozen=True)
class Rejected:
    """Say that the job can never start: only a new request can."""

    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class Superseded:
    """Say that a newer upload of the same file replaced the job. `by` is the id of its job, or describes the upload."""

    by: str


Verdict = Ready | NotReady | Rejected | Superseded
