"""From a job and its model's directory to the request that will be sent, with everything that is wrong with either."""

from dataclasses import dataclass, field
from typing import Any

from neptune_training import documents, hpo, requests, scripts, sources
from neptune_training.explanations import not_checked
from neptune_training.jobs import Job
from neptune_training.parameters import TrainingRequest
from neptune_training.reasons import Invalid, Reason, shown
from neptune_training.settings import Settings
from neptune_training.sources import Directory, Sources
from neptune_training.triggers import CONFIGURATION

TRAINING_JOB = "training-job.json"


@dataclass
class Findings:
    """What the checks of one request found, all of it, before anything is decided."""

    reasons: list[Reason] = field(default_factory=list)
    missing: list[Reason] = field(default_factory=list)
    warnings: list[Reason] = field(default_factory=list)
    request: TrainingRequest | None = None


@dataclass(frozen=True)
class Preparation:
    """Reads what the uploader wrote and checks it with the rules of `requests`, `hpo` and `scripts`."""

    sources: Sources
    settings: Settings

    def prepare(self, job: Job, directory: Directory | None) -> Findings:
        """Make the request of `job` and check the files that it needs; `directory` is None where none can be read."""
        findings = Findings()
        findings.request = request = self._request(job, directory, findings)
        if directory and request:
            self._check_files(directory, request, findings)
        elif request and request.customModelTrainingParameters:
            findings.warnings.append(not_checked(request.customModelTrainingParameters.sourceS3DirectoryPath))
        return findings

    def _request(self, job: Job, directory: Directory | None, findings: Findings) -> TrainingRequest | None:
        by_uploader = job.trigger.kind == "upload"
        derived: dict[str, Any] = {
            "id": job.jobId,
            "trainModelS3Location": f"{self.settings.train_model_s3_location.rstrip('/')}/{job.jobId}",
        }
        try:
            asked = job.asked
            if by_uploader and directory:
                derived["customModelTrainingParameters"] = {
                    "sourceS3DirectoryPath": f"s3://{directory.bucket}/{directory.prefix}"
                }
                asked = self._training_job(directory)
            return requests.build(asked, self.settings, by_uploader=by_uploader, derived=derived)
        except Invalid as invalid:
            findings.reasons += invalid.reasons
            return None

    def _training_job(self, directory: Directory) -> dict[str, Any]:
        """What the uploader says of the model, in `training-job.json` beside it; nothing is an answer too."""
        if TRAINING_JOB not in directory.files:
            return {}
        asked = documents.read(self._read(directory, TRAINING_JOB), TRAINING_JOB)
        if not isinstance(asked, dict):
            remedy = "Write an object with StartMLModelTrainingJob's parameters"
            raise Invalid(
                (Reason(field=TRAINING_JOB, value=shown(asked), problem="is not a JSON object", remedy=remedy),)
            )
        return {name: value for name, value in asked.items() if name != "$schema"}

    def _check_files(self, directory: Directory, request: TrainingRequest, findings: Findings) -> None:
        if not directory.whole:
            problem = f"has more than {sources.MAX_FILES} files"
            remedy = "Keep data and artefacts elsewhere: the directory is copied to every training instance"
            findings.reasons.append(Reason(field=directory.prefix, problem=problem, remedy=remedy))
        findings.missing += scripts.missing(set(directory.files), request)
        for name in scripts.checked(request):
            if name in directory.files:
                self._check_file(directory, name, request, findings)

    def _check_file(self, directory: Directory, name: str, request: TrainingRequest, findings: Findings) -> None:
        try:
            content = self._read(directory, name)
            if name == CONFIGURATION:
                document = documents.read(content, name)
                findings.warnings += hpo.check(document, max_hpo_jobs=request.maxHPONumberOfTrainingJobs).warnings
            else:
                findings.reasons += scripts.problems(name, content)
        except Invalid as invalid:
            findings.reasons += invalid.reasons

    def _read(self, directory: Directory, name: str) -> bytes:
        try:
            return self.sources.read(directory, name)
        except sources.TooLarge:
            problem = f"is larger than {sources.MAX_BYTES} bytes"
            size = str(directory.files[name].size)
            raise Invalid((Reason(field=name, value=size, problem=problem, remedy="Upload a smaller file"),)) from None
