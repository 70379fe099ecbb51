"""The table, S3, Neptune and the checks of files in memory, to judge in plain calls if a job can start."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, cast

from neptune_training.aws.model_files import Directory, File
from neptune_training.aws.neptune import Absent, Found, Look, Unknown
from neptune_training.aws.neptune_errors import LookFailed
from neptune_training.checks.events import CONFIGURATION
from neptune_training.checks.model_directory import Prepared
from neptune_training.checks.readiness import Readiness
from neptune_training.checks.verdicts import Verdict
from neptune_training.model.jobs import Waiting
from neptune_training.model.parameters import TrainingRequest
from neptune_training.model.problems import Problem
from neptune_training.model.statuses import WaitingFor
from neptune_training.model.triggers import Trigger
from tests.settings import settings

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SETTINGS = settings(model_prefix="in/", train_model_s3_location="s3://trained/X/")
KEY = f"in/fraud/{CONFIGURATION}"
UPLOAD = Trigger(kind="upload", identity="u", bucket="models", key=KEY, etag="e1", sequencer="0A")
EVENT = Trigger(kind="event", identity="e", source="app")
SCHEDULE = Trigger(kind="schedule", identity="s", source="arn:aws:scheduler:x")
ROLE = "arn:aws:iam::123456789012:role/neptune"
SENT: dict[str, Any] = {
    "dataProcessingJobId": "night",
    "id": "fraud-1",
    "trainModelS3Location": "s3://trained/X/fraud-1",
    "neptuneIamRoleArn": ROLE,
}
CUSTOM = {"customModelTrainingParameters": {"sourceS3DirectoryPath": "s3://theirs/fraud/"}}
RUNS, COMPLETED, FAILED = (Found(status, {}) for status in ("InProgress", "Completed", "Failed"))
DENIED = Unknown(LookFailed("GetMLModelTrainingJob", "AccessDeniedException", "no"))
DOWN = Unknown(LookFailed("GetMLModelTrainingJob", "InternalFailureException", "down"))
WRONG, MISSING, WARNING = (Problem(field=name, problem="p", remedy="r") for name in ("wrong", "missing", "warning"))
JOB = ("training", "fraud-1", ROLE)
DATA = ("data processing", "night", ROLE)


def file(name: str = CONFIGURATION, etag: str = "e1", *, changed: datetime = NOW - 5 * MINUTE) -> File:
    return File(name, etag, 9, changed)


def directory(*files: File, whole: bool = True) -> Directory:
    return Directory("models", "in/fraud/", {each.name: each for each in files}, whole)


def job(trigger: Trigger = EVENT, **said: object) -> Waiting:
    known = {
        "jobId": "fraud-1",
        "model": "s3://models/in/fraud/",
        "trigger": trigger,
        "fingerprint": "f",
        "createdAt": NOW,
        "updatedAt": NOW,
        "nextAttemptAt": NOW,
        "giveUpAt": NOW,
        "waitingFor": WaitingFor.TURN,
    }
    return Waiting.model_validate({**known, **said})


@dataclass
class Around:
    """Hold what a decision reads: DynamoDB, S3, Neptune and the checks of the files. `asked` has the reads in order."""

    listed: Directory | Exception = field(default_factory=lambda: directory(file()))
    newer: str | None = None
    latest: str | None = None
    looks: Mapping[str, Look] = field(default_factory=dict)
    prepared: Prepared | Exception | None = None
    asked: list[tuple] = field(default_factory=list)

    def judge(self, waiting: Waiting) -> Verdict:
        here = cast("Any", self)
        return Readiness(here, here, here, here, SETTINGS).judge(waiting, NOW)

    def newer_upload(self, trigger: Trigger) -> str | None:
        self.asked.append(("newer upload", trigger))
        return self.newer

    def newest_completed(self, model: str) -> str | None:
        self.asked.append(("newest", model))
        return self.latest

    def training(self, job_id: str, role: str | None) -> Look:
        self.asked.append(("training", job_id, role))
        return self.looks.get(job_id, Absent())

    def data_processing(self, job_id: str, role: str | None) -> Look:
        self.asked.append(("data processing", job_id, role))
        return self.looks.get(job_id, COMPLETED)

    def directory(self, bucket: str, prefix: str) -> Directory:
        self.asked.append(("list", bucket, prefix))
        if isinstance(self.listed, Exception):
            raise self.listed
        return self.listed

    def prepare(self, waiting: Waiting, found: Directory | None) -> Prepared:
        self.asked.append(("prepare", waiting.jobId, found))
        if isinstance(self.prepared, Exception):
            raise self.prepared
        return self.prepared or prepared()


def prepared(
    problems: Sequence[Problem] = (),
    missing: Sequence[Problem] = (),
    warnings: Sequence[Problem] = (),
    request: Mapping[str, object] = MappingProxyType({}),
) -> Prepared:
    """Return a model that was read: `request` has what is sent beside, or instead of, SENT."""
    return Prepared([*problems], [*missing], [*warnings], TrainingRequest.model_validate({**SENT, **request}))
