"""Whether a job may start now, and with which request: everything that is looked at before a claim.

    superseded? → settled? → current? → request, hyperparameters and scripts in order? → data processing completed?

`judge` looks at the world as it is and changes nothing, so it can be asked again at every attempt.
"""

from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter, ValidationError

from neptune_training import sources
from neptune_training.explanations import access, id_taken, settling
from neptune_training.jobs import Job, Trigger, WaitingFor
from neptune_training.neptune import Absent, Found, Neptune
from neptune_training.parameters import ModelParameters, S3Uri, TrainingRequest
from neptune_training.preparation import Findings, Preparation
from neptune_training.reasons import Reason, bounded, shown
from neptune_training.settings import Settings
from neptune_training.sources import Directory, File, Sources
from neptune_training.table import Table
from neptune_training.triggers import CONFIGURATION

LATEST = "LATEST"
DIRECTORY: TypeAdapter[str] = TypeAdapter(S3Uri)


@dataclass(frozen=True)
class Ready:
    """It may start, with this request. `files` are ETags by name."""

    request: TrainingRequest
    files: dict[str, str]
    warnings: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class NotYet:
    """It may become ready by itself."""

    waiting_for: WaitingFor
    reasons: tuple[Reason, ...] = ()
    next_attempt: datetime | None = None


@dataclass(frozen=True)
class Never:
    """Only a new request can mend it."""

    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Superseded:
    """A newer upload of the same file replaced it. `by` is that job's id, where it is known."""

    by: str


Verdict = Ready | NotYet | Never | Superseded


@dataclass(frozen=True)
class Readiness:
    """The judge, with what it looks at."""

    table: Table
    neptune: Neptune
    sources: Sources
    preparation: Preparation
    settings: Settings

    def judge(self, job: Job, now: datetime) -> Verdict:
        """Say whether `job` may start. Errors of S3 and DynamoDB pass through."""
        if job.trigger.sequencer and (newer := self.table.newer_upload(job.trigger)):
            return Superseded(newer)
        try:
            return self._judge_directory(job, now)
        except sources.Denied as denied:
            return NotYet(WaitingFor.ACCESS, (access(job, denied),))
        except (sources.Changed, sources.Gone):
            return NotYet(WaitingFor.FILES, next_attempt=now + self.settings.settle_seconds)

    def _judge_directory(self, job: Job, now: datetime) -> Verdict:
        place = source_of(job)
        directory = self._list(job, *place) if place else None
        if directory:
            settled = (directory.newest or now) + self.settings.settle_seconds
            if settled > now:
                return NotYet(WaitingFor.FILES, (settling(job),), settled)
            configuration = directory.files.get(CONFIGURATION)
            listed = configuration is not None or directory.whole
            if job.trigger.sequencer and listed and (overtaken := current(job.trigger, configuration)):
                return overtaken
        return self._judge_request(job, directory, now)

    def _list(self, job: Job, bucket: str, prefix: str) -> Directory | None:
        """The model's directory; None where an event names one that is not the stack's, which it may not read."""
        try:
            return self.sources.directory(bucket, prefix)
        except sources.Denied:
            if job.trigger.kind == "upload" or self.settings.holds_models(bucket, prefix):
                raise
            return None

    def _judge_request(self, job: Job, directory: Directory | None, now: datetime) -> Verdict:
        findings = self.preparation.prepare(job, directory)
        request = findings.request
        if findings.reasons or request is None:
            return Never(bounded([*findings.reasons, *findings.missing]))
        if findings.missing:
            return NotYet(WaitingFor.FILES, tuple(findings.missing), now + self.settings.settle_seconds)
        request = self._resolve_latest(job, request, findings)
        files = {name: file.etag for name, file in sorted(directory.files.items())[:100]} if directory else {}
        return self._judge_neptune(job, request, now) or Ready(request, files, tuple(findings.warnings))

    def _resolve_latest(self, job: Job, request: TrainingRequest, findings: Findings) -> TrainingRequest:
        if request.previousModelTrainingJobId != LATEST:
            return request
        newest = self.table.newest_completed(job.model)
        if newest is None:
            problem, remedy = "no job of this model has completed yet", "Nothing to do: this one starts from nothing"
            findings.warnings.append(
                Reason(field="previousModelTrainingJobId", value=shown(LATEST), problem=problem, remedy=remedy)
            )
        return request.model_copy(update={"previousModelTrainingJobId": newest})

    def _judge_neptune(self, job: Job, request: TrainingRequest, now: datetime) -> Verdict | None:
        """An explicit id must be free before the first start, or somebody else's job could be taken for ours."""
        later = now + self.settings.status_check_seconds
        if job.asked.get("id") and not job.unanswered:
            look = self.neptune.training(job.jobId, request.neptuneIamRoleArn)
            if isinstance(look, Found):
                return Never((id_taken(job.jobId),))
            if not isinstance(look, Absent):
                return NotYet(WaitingFor.NEPTUNE, (look.failure.reason,), later)
        look = self.neptune.data_processing(request.dataProcessingJobId, request.neptuneIamRoleArn)
        return data_processing(request.dataProcessingJobId, look, later)


def source_of(job: Job) -> tuple[str, str] | None:
    """Bucket and prefix of the model's directory, if the request names one that S3 could have."""
    if job.trigger.kind == "upload":
        return job.trigger.bucket or "", job.trigger.directory
    custom = job.asked.get(ModelParameters.custom)
    path = custom.get("sourceS3DirectoryPath") if isinstance(custom, dict) else None
    try:
        path = DIRECTORY.validate_python(path)
    except ValidationError:
        return None
    bucket, _, prefix = path.removeprefix("s3://").partition("/")
    return (bucket, prefix.rstrip("/") + "/") if bucket and prefix.strip("/") else None


def current(trigger: Trigger, configuration: File | None) -> Verdict | None:
    """Whether the uploaded file still is what the event spoke of."""
    if configuration is None:
        problem, remedy = "was deleted before the training started", "Upload it again"
        return Never((Reason(field=trigger.key or "", problem=problem, remedy=remedy),))
    if trigger.etag is not None and configuration.etag != trigger.etag:
        return Superseded(f"the upload of {configuration.last_modified.isoformat()}, ETag {configuration.etag}")
    return None


def data_processing(job_id: str, look: object, later: datetime) -> Verdict | None:
    """What the data-processing job means for a start. A look that failed decides nothing: the start will tell."""
    about = {"field": "dataProcessingJobId", "value": shown(job_id)}
    if isinstance(look, Absent):
        return Never(
            (Reason(**about, problem="Neptune has no such job", remedy="Name a completed data-processing job"),)
        )
    if not isinstance(look, Found) or look.status.lower() == "completed":
        return None
    if look.status.lower() in {"failed", "stopped"}:
        return Never(
            (Reason(**about, problem=f"has ended as {look.status}", remedy="Name a completed data-processing job"),)
        )
    reason = Reason(**about, problem=f"is {look.status}", remedy="Nothing to do: training starts when it has completed")
    return NotYet(WaitingFor.DATA_PROCESSING, (reason,), later)
