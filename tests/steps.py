"""The table and Neptune in memory, for plain calls of the flow's functions, and what was written, asked and logged."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from neptune_training.aws.neptune import Absent, Accepted, Look
from neptune_training.aws.neptune_errors import CancelFailed
from neptune_training.aws.writes import RecordChanged
from neptune_training.checks.verdicts import Rejected, Verdict
from neptune_training.flow.services import Services
from neptune_training.model.capacity import Capacity
from neptune_training.model.jobs import Job, Requested, Waiting
from neptune_training.model.statuses import WaitingFor
from neptune_training.model.unfinished import Entry
from tests.settings import settings
from tests.test_time_bounds import KNOWN, MINUTE, NOW, SETTINGS, requested, started, waiting

__all__ = ["KNOWN", "MINUTE", "NOW", "ROLE", "SENT", "SETTINGS", "Cluster", "Records", "logged", "requested"]
__all__ += ["services", "started", "waiting"]

ROLE = "arn:aws:iam::123456789012:role/neptune"
SENT = {"id": "fraud-1", "trainModelS3Location": "s3://trained/fraud-1", "neptuneIamRoleArn": ROLE}


@dataclass
class Records:
    """The records by id. `written` has each write in order, such as `("save", job)`."""

    jobs: dict[str, Job] = field(default_factory=dict)
    written: list[tuple] = field(default_factory=list)
    counted: list[tuple] = field(default_factory=list)
    unreadable: Exception | None = None
    unwritable: Exception | None = None
    seen: Capacity = field(default_factory=Capacity)
    ahead: int = 0
    of_model: int = 0
    entries: Sequence[Entry] = ()

    @classmethod
    def of(cls, *jobs: Job) -> "Records":
        return cls({job.jobId: job for job in jobs})

    def get(self, job_id: str) -> Job | None:
        if self.unreadable:
            raise self.unreadable
        return self.jobs.get(job_id)

    def create(self, job: Job) -> bool:
        if job.jobId in self.jobs:
            return False
        self.jobs[job.jobId] = job
        self.written.append(("create", job))
        return True

    def save(self, job: Job) -> None:
        self._put(job)
        self.written.append(("save", job))

    def release(self, job: Job, *, pause_until: datetime | None = None) -> None:
        self._put(job)
        self.written.append(("release", job, pause_until))

    def claim(
        self, job: Requested, seen: Capacity, *, limit: int, now: datetime, pause_until: datetime | None, holds: bool
    ) -> None:
        self._put(job)
        self.written.append(("claim", job, seen, limit, now, pause_until, holds))

    def capacity(self) -> Capacity:
        return self.seen

    def queue_length(self, at_most: int, *, besides: str) -> int:
        self.counted.append(("queue", at_most, besides))
        return self.ahead

    def running(self, model: str) -> int:
        self.counted.append(("running", model))
        return self.of_model

    def waiting(self, model: str) -> list[str]:
        return [job.jobId for job in self.jobs.values() if isinstance(job, Waiting) and job.model == model]

    def unfinished(self) -> list[Entry]:
        return [*self.entries]

    def shorten_pause(self, seen: Capacity, until: datetime) -> None:
        self.written.append(("shorten", seen, until))

    def set_next_probe(self, seen: Capacity, until: datetime, paused_for: WaitingFor, *, refusals: int) -> None:
        self.written.append(("lengthen", seen, until, paused_for, refusals))

    def end_pause(self, seen: Capacity) -> None:
        self.written.append(("end pause", seen))

    def forget_slots(self, job_ids: Iterable[str]) -> None:
        self.written.append(("forget", [*job_ids]))

    def add_slots(self, job_ids: Iterable[str]) -> None:
        self.written.append(("add", [*job_ids]))

    def postpone(self, job_id: str, until: datetime) -> None:
        self.written.append(("postpone", job_id, until))

    def _put(self, job: Job) -> None:
        if self.unwritable:
            raise self.unwritable
        before = self.jobs.get(job.jobId)
        if before is None or before.version != job.version - 1:
            raise RecordChanged("condition")
        self.jobs[job.jobId] = job


@dataclass
class Checks:
    """The checks before a start: their verdict, or the error that they raise. `judged` has each job with the time."""

    verdict: Verdict | Exception
    judged: list[tuple] = field(default_factory=list)

    def judge(self, job: Waiting, now: datetime) -> Verdict:
        self.judged.append((job, now))
        if isinstance(self.verdict, Exception):
            raise self.verdict
        return self.verdict


@dataclass
class Cluster:
    """Neptune: how it answers. `asked` has each call in order, such as `("training", "fraud-1", None)`."""

    look: Look = field(default_factory=Absent)
    answer: Accepted | Exception = field(default_factory=lambda: Accepted("arn:1", 1_790_000_000_000))
    not_cancelled: CancelFailed | None = None
    meanwhile: Callable[[], object] = lambda: None
    asked: list[tuple] = field(default_factory=list)

    def training(self, job_id: str, role: str | None) -> Look:
        self.asked.append(("training", job_id, role))
        return self.look

    def send_cancellation(self, job_id: str, role: str | None, *, clean: bool) -> CancelFailed | None:
        self.asked.append(("cancel", job_id, role, clean))
        return self.not_cancelled

    def start(self, request: dict[str, Any], *, until: datetime) -> Accepted:
        self.asked.append(("start", request, until))
        self.meanwhile()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def services(
    records: Records,
    cluster: Cluster | None = None,
    *,
    checks: Checks | None = None,
    now: Callable[[], datetime] = lambda: NOW,
    sleep: Callable[[float], None] = lambda _: None,
    **said: object,
) -> Services:
    """Services with this table, cluster and checks, and settings."""
    neptune, readiness = cluster or Cluster(), checks or Checks(Rejected(()))
    parts: Any = {"table": records, "neptune": neptune, "readiness": readiness}
    return Services(settings=settings(**said), now=now, sleep=sleep, **parts)


def logged(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str, Mapping[str, Any]]]:
    """Each log record: its level, message and extra fields. An exception's level is EXCEPTION."""
    usual = {*vars(logging.makeLogRecord({})), "message", "asctime"}
    return [
        (
            "EXCEPTION" if each.exc_info else each.levelname,
            each.getMessage(),
            {name: value for name, value in vars(each).items() if name not in usual},
        )
        for each in caplog.records
    ]


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)
