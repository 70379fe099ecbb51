"""Decide if a job can start now, and with which request. These checks come before each claim.

    superseded? → settled? → current? → request, hyperparameters and scripts in order? → id free?
      → data processing and previous training completed?

`judge` only reads, so each attempt can call it again.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from pydantic import ConfigDict, TypeAdapter, ValidationError

from neptune_training.aws import model_files
from neptune_training.aws.model_files import Directory, File, ModelFiles
from neptune_training.aws.neptune import Absent, Found, Look, Neptune, Unknown
from neptune_training.aws.table import Table
from neptune_training.checks.events import CONFIGURATION
from neptune_training.checks.model_directory import Preparation
from neptune_training.checks.request import can_override
from neptune_training.checks.verdicts import NotReady, Ready, Rejected, Superseded, Verdict
from neptune_training.model.jobs import Job
from neptune_training.model.parameters import ModelParameters, S3Directory, TrainingRequest
from neptune_training.model.problems import ANOTHER_ID, NOTHING_TO_DO, Problem, bounded, shown
from neptune_training.model.settings import Settings
from neptune_training.model.statuses import Status, WaitingFor
from neptune_training.model.triggers import Trigger, TriggerKind

LATEST = "LATEST"
JOBS = {WaitingFor.DATA_PROCESSING: "data-processing", WaitingFor.PREVIOUS_TRAINING: "training"}
DIRECTORY: TypeAdapter[str] = TypeAdapter(S3Directory, config=ConfigDict(defer_build=True))


@dataclass(frozen=True)
class Readiness:
    """Hold what the decision needs."""

    table: Table
    neptune: Neptune
    sources: ModelFiles
    preparation: Preparation
    settings: Settings

    def judge(self, job: Job, now: datetime) -> Verdict:
        """Return the verdict: `job` can start, cannot start yet, can never start, or was replaced.

        Raises:
            ClientError, BotoCoreError: S3 or DynamoDB cannot be reached, or failed.
        """
        if job.trigger.sequencer and (newer := self.table.newer_upload(job.trigger)):
            return Superseded(newer)
        if job.unanswered and job.request:  # it may have started: the request must stay the same
            return Ready(job.request, job.files or {}, job.warnings)
        try:
            return self._judge_directory(job, now)
        except model_files.Denied as denied:
            return NotReady(WaitingFor.ACCESS, (access(job, denied),))
        except (model_files.ContentChanged, model_files.Gone):
            return NotReady(WaitingFor.SETTLING, (settling(job),), now + self.settings.settle_seconds)

    def _judge_directory(self, job: Job, now: datetime) -> Verdict:
        place = source_of(job)
        directory = self._list(job, *place) if place else None
        if directory:
            settled = directory.newest and directory.newest + self.settings.settle_seconds
            if settled and settled > now:
                return NotReady(WaitingFor.SETTLING, (settling(job),), settled)
            configuration = directory.files.get(CONFIGURATION)
            listed = configuration is not None or directory.whole
            if job.trigger.sequencer and listed and (overtaken := not_current(job.trigger, configuration)):
                return overtaken
        return self._judge_request(job, directory, now)

    def _list(self, job: Job, bucket: str, prefix: str) -> Directory | None:
        """Return the model's directory. None if an event names one that the functions have no permission to read."""
        try:
            return self.sources.directory(bucket, prefix)
        except (model_files.Denied, model_files.Unreachable):
            if not can_override(job.trigger.kind) or self.settings.holds_models(bucket, prefix):
                raise
            return None

    def _judge_request(self, job: Job, directory: Directory | None, now: datetime) -> Verdict:
        prepared = self.preparation.prepare(job, directory)
        request = prepared.request
        if prepared.problems or request is None:
            return Rejected(bounded([*prepared.problems, *prepared.missing]))
        if prepared.missing:
            return NotReady(WaitingFor.FILES, tuple(prepared.missing), now + self.settings.settle_seconds)
        if request.previousModelTrainingJobId == LATEST:
            if not has_one_model(job.trigger.kind) and not request.customModelTrainingParameters:
                return Rejected((no_latest(),))
            latest, warnings = self._latest(job, request.neptuneIamRoleArn)
            request = TrainingRequest.model_validate({**request.model_dump(), "previousModelTrainingJobId": latest})
            prepared.warnings += warnings
        files = {name: file.etag for name, file in sorted(directory.files.items())[:100]} if directory else {}
        ready = Ready(request.model_dump(exclude_none=True), files, tuple(prepared.warnings))
        return self._judge_id(job, request, ready) or self._judge_needs(request) or ready

    def _latest(self, job: Job, role: str | None) -> tuple[str | None, list[Problem]]:
        """Return the newest COMPLETED job of the same model; None and a warning if there is none."""
        newest = self.table.newest_completed(job.model)
        if newest is None:
            return None, [nothing_to_continue("no job of this model has completed yet")]
        if isinstance(self.neptune.training(newest, role), Absent):
            return None, [nothing_to_continue(f"Neptune no longer has {newest}")]
        return newest, []

    def _judge_id(self, job: Job, request: TrainingRequest, ready: Ready) -> Verdict | None:
        """Return None if an explicit id is free. Otherwise another request's job could be taken for this one."""
        if not job.asked.get("id"):
            return None
        look = self.neptune.training(job.jobId, request.neptuneIamRoleArn)
        match look:
            case Absent():
                return None
            case Found():
                # Compare with the stack's own place for this id. A place that the sender chose would prove nothing.
                own = f"{self.settings.train_model_s3_location.rstrip('/')}/{job.jobId}"
                ours = request.trainModelS3Location == own and look.writes_to(own)
                return replace(ready, exists=True) if ours else Rejected((id_taken(job.jobId),))
            case Unknown(failure):  # only this job may have the problem, so it does not wait in the queue
                access = failure.waiting_for is WaitingFor.ACCESS
                return NotReady(WaitingFor.ACCESS if access else WaitingFor.ERROR, (failure.problem,))

    def _judge_needs(self, request: TrainingRequest) -> Verdict | None:
        """Return the verdict if a job that the request builds on is not completed; None if all are."""
        role = request.neptuneIamRoleArn
        look = self.neptune.data_processing(request.dataProcessingJobId, role)
        verdict = not_completed(look, "dataProcessingJobId", request.dataProcessingJobId, WaitingFor.DATA_PROCESSING)
        previous = request.previousModelTrainingJobId
        if verdict or not previous:
            return verdict
        look = self.neptune.training(previous, role)
        return not_completed(look, "previousModelTrainingJobId", previous, WaitingFor.PREVIOUS_TRAINING)


def has_one_model(kind: TriggerKind) -> bool:
    """Return True if all triggers from one source train the same model, so that LATEST has a meaning for it."""
    match kind:
        case TriggerKind.UPLOAD | TriggerKind.SCHEDULE:
            return True
        case TriggerKind.EVENT | TriggerKind.CANCELLATION | TriggerKind.UNKNOWN:
            return False
    assert_never(kind)


def source_of(job: Job) -> tuple[str, str] | None:
    """Return bucket and prefix of the model's directory, as in `("my-models", "models/fraud/")`; None if not valid."""
    match job.trigger.kind:
        case TriggerKind.UPLOAD:
            return job.trigger.bucket or "", job.trigger.directory
        case TriggerKind.EVENT | TriggerKind.SCHEDULE:
            return named_by(job)
        case TriggerKind.CANCELLATION | TriggerKind.UNKNOWN:
            return None
    assert_never(job.trigger.kind)


def named_by(job: Job) -> tuple[str, str] | None:
    """Return bucket and prefix of the directory that a request names; None if there is none, or it is not valid."""
    custom = job.asked.get(ModelParameters.custom)
    path = custom.get("sourceS3DirectoryPath") if isinstance(custom, dict) else None
    try:
        path = DIRECTORY.validate_python(path)
    except ValidationError:
        return None
    bucket, _, prefix = path.removeprefix("s3://").partition("/")
    return (bucket, prefix) if prefix else None


def not_current(trigger: Trigger, configuration: File | None) -> Verdict | None:
    """Return the verdict if the uploaded file was deleted or replaced since its event; None if not."""
    if configuration is None:
        problem, remedy = "was deleted before the training started", "Upload it again"
        return Rejected((Problem(field=trigger.key or "", problem=problem, remedy=remedy),))
    if trigger.etag is not None and configuration.etag != trigger.etag:
        return Superseded(f"the upload of {configuration.last_modified.isoformat()}, ETag {configuration.etag}")
    return None


def not_completed(look: Look, field: str, job_id: str, waiting_for: WaitingFor) -> Verdict | None:
    """Return the verdict if a job that the request names prevents the start; None if it does not.

    If the look failed, return None: Neptune checks that job again when it gets the start.
    """
    remedy = f"Set it to the id of a completed {JOBS[waiting_for]} job"
    if isinstance(look, Absent):
        return Rejected((Problem(field=field, value=shown(job_id), problem="Neptune has no such job", remedy=remedy),))
    if not isinstance(look, Found) or look.end is Status.COMPLETED:
        return None
    if look.end:
        problem = f"is a job that ended with status {look.status}"
        return Rejected((Problem(field=field, value=shown(job_id), problem=problem, remedy=remedy),))
    remedy = f"{NOTHING_TO_DO}: training starts when that job is completed"
    return NotReady(
        waiting_for,
        (Problem(field=field, value=shown(job_id), problem=f"is a job with status {look.status}", remedy=remedy),),
    )


def nothing_to_continue(problem: str) -> Problem:
    """Return the warning that there is no job to continue."""
    remedy = f"{NOTHING_TO_DO}: this training starts from scratch"
    return Problem(field="previousModelTrainingJobId", value=shown(LATEST), problem=problem, remedy=remedy)


def no_latest() -> Problem:
    """Return the problem of LATEST in an event for a built-in model: one source can train many models."""
    problem = "is the newest job of the same model, but an event for a built-in model does not name its model"
    remedy = "Set it to the id of the job to continue, or use a schedule: all its runs are of one model"
    return Problem(field="previousModelTrainingJobId", value=shown(LATEST), problem=problem, remedy=remedy)


def settling(job: Job) -> Problem:
    """Return the problem of files that are still changing.

    `aws s3 sync` may upload the configuration before it has replaced the old scripts.
    """
    return Problem(
        field=job.model,
        problem="files are still changing",
        remedy=f"{NOTHING_TO_DO}: training starts when they have not changed for SettleSeconds",
    )


def access(job: Job, denied: Exception) -> Problem:
    """Return the problem of a model's directory that the functions have no permission to read."""
    remedy = "Ask the operator of the stack to grant the functions' role s3:ListBucket and s3:GetObject there"
    return Problem(field=job.model, value=shown(str(denied)), problem="cannot be read: access is denied", remedy=remedy)


def id_taken(job_id: str) -> Problem:
    """Return the problem of an id that another job has in Neptune."""
    remedy = ANOTHER_ID
    return Problem(field="id", value=shown(job_id), problem="id taken: Neptune has a job with this id", remedy=remedy)
