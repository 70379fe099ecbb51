"""Build the request from a job and its model's directory, and find all problems of both."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, assert_never

from neptune_training.aws import model_files
from neptune_training.aws.model_files import Directory, File
from neptune_training.checks import hpo, instance_types, json_documents, request, requirements, scripts
from neptune_training.checks.events import CONFIGURATION
from neptune_training.checks.hpo.search_warnings import unknown_to
from neptune_training.model.jobs import Job
from neptune_training.model.parameters import ModelParameters, TrainingRequest
from neptune_training.model.problems import NOTHING_TO_DO, Invalid, Problem, bounded, shown
from neptune_training.model.settings import Settings
from neptune_training.model.triggers import TriggerKind

TRAINING_JOB = "training-job.json"
CUSTOM = ModelParameters.custom


class Reader(Protocol):
    """Read files: `model_files.ModelFiles` does it from S3, `Folder` of the program's `check` from a directory."""

    def read(self, directory: Directory, name: str) -> bytes:
        """Return the content of a file in `directory`. Raises `model_files.TooLarge`."""


@dataclass
class Prepared:
    """Hold the results of all checks of one request. `readiness` decides from them.

    Attributes:
        problems: With these the request is rejected.
        missing: One for each file that is not there yet.
        warnings: With these the training goes ahead.
        request: None if it is not valid.
    """

    problems: list[Problem] = field(default_factory=list)
    missing: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    request: TrainingRequest | None = None


@dataclass(frozen=True)
class Preparation:
    """Read the uploader's files and check them with the rules of `request`, `hpo`, `scripts` and `requirements`."""

    files: Reader
    settings: Settings

    def prepare(self, job: Job, directory: Directory | None) -> Prepared:
        """Build the request of `job` and check its files. `directory` is None if the functions cannot read it."""
        prepared = Prepared()
        asked = self._asked(job, directory, prepared)
        prepared.request = self._request(job, asked, directory, prepared)
        if prepared.request:
            prepared.warnings += instance_types.warnings(prepared.request)
        if directory:
            self._check_files(directory, asked, prepared)
        elif prepared.request and prepared.request.customModelTrainingParameters:
            prepared.warnings.append(not_checked(prepared.request.customModelTrainingParameters.sourceS3DirectoryPath))
        return prepared

    def _asked(self, job: Job, directory: Directory | None, prepared: Prepared) -> dict[str, Any]:
        """Return the parameters that the trigger came with: for an upload, those in `training-job.json`."""
        match job.trigger.kind:
            case TriggerKind.UPLOAD:
                return self._uploaded(directory, prepared) if directory else job.asked
            case TriggerKind.EVENT | TriggerKind.SCHEDULE | TriggerKind.CANCELLATION | TriggerKind.UNKNOWN:
                return job.asked
        assert_never(job.trigger.kind)

    def _uploaded(self, directory: Directory, prepared: Prepared) -> dict[str, Any]:
        """Return the parameters that `training-job.json` sets; none if there is no such file."""
        if TRAINING_JOB not in directory.files:
            return {}
        try:
            asked = json_documents.read(self._read(directory, TRAINING_JOB), TRAINING_JOB)
            if isinstance(asked, dict):
                return {name: value for name, value in asked.items() if name != "$schema"}
            prepared.problems.append(not_an_object(asked))
        except Invalid as invalid:
            prepared.problems += invalid.problems
        return {}

    def _request(
        self, job: Job, asked: dict[str, Any], directory: Directory | None, prepared: Prepared
    ) -> TrainingRequest | None:
        kind = job.trigger.kind
        output = f"{self.settings.train_model_s3_location.rstrip('/')}/{job.jobId}"
        derived: dict[str, Any] = {"id": job.jobId, "trainModelS3Location": output}
        if kind is TriggerKind.UPLOAD and directory:
            derived[CUSTOM] = {"sourceS3DirectoryPath": f"s3://{directory.bucket}/{directory.prefix}"}
        try:
            return request.build(asked, self.settings, kind=kind, derived=derived)
        except Invalid as invalid:
            prepared.problems += invalid.problems
            return None

    def _check_files(self, directory: Directory, asked: dict[str, Any], prepared: Prepared) -> None:
        entry_points = scripts.entry_points(asked.get(CUSTOM))
        if directory.whole:
            prepared.missing += scripts.missing(directory.files, entry_points)
        else:
            prepared.problems.append(too_many_files(directory.prefix))
        checked = self._check_configuration(directory, prepared)
        parsed = scripts.parse(self._read_scripts(directory, entry_points, prepared))
        found = scripts.check_parsed(parsed)
        prepared.problems += found.problems
        prepared.warnings += found.warnings
        training = entry_points["trainingEntryPointScript"]
        if checked and training in parsed and (options := parsed[training].options):
            prepared.warnings += bounded(unknown_to(training, options, checked.parameters))

    def _check_configuration(self, directory: Directory, prepared: Prepared) -> hpo.Checked | None:
        """Check the configuration, if there is one. Warnings need a request: they depend on its trials."""
        if CONFIGURATION not in directory.files:
            return None
        request = prepared.request
        trials = request.maxHPONumberOfTrainingJobs if request else None
        try:
            document = json_documents.read(self._read(directory, CONFIGURATION), CONFIGURATION)
            checked = hpo.check(document, max_hpo_jobs=trials)
        except Invalid as invalid:
            prepared.problems += invalid.problems
            return None
        if request:
            prepared.warnings += checked.warnings
        return checked

    def _read_scripts(
        self, directory: Directory, entry_points: Mapping[str, str], prepared: Prepared
    ) -> dict[str, bytes]:
        """Return the content of the scripts to be parsed, by name. Also check requirements.txt."""
        contents: dict[str, bytes] = {}
        for name in scripts.checked(entry_points):
            if name not in directory.files:
                continue
            if directory.files[name].size > scripts.MAX_CHECKED_BYTES:
                prepared.warnings.append(scripts.too_large(name))
            elif name == requirements.REQUIREMENTS:
                found = requirements.check(self._read(directory, name))
                prepared.problems += found.problems
                prepared.warnings += found.warnings
            else:
                contents[name] = self._read(directory, name)
        return contents

    def _read(self, directory: Directory, name: str) -> bytes:
        try:
            return self.files.read(directory, name)
        except model_files.TooLarge:
            raise Invalid((too_large(directory.files[name]),)) from None


def not_an_object(asked: object) -> Problem:
    """Return the problem of a `training-job.json` that is JSON, but not an object."""
    remedy = "Write a JSON object with parameters of StartMLModelTrainingJob"
    return Problem(field=TRAINING_JOB, value=shown(asked), problem="is not a JSON object", remedy=remedy)


def too_many_files(prefix: str) -> Problem:
    """Return the problem of a directory with more files than are listed."""
    problem = f"has more than {model_files.MAX_FILES} files"
    remedy = "Move data and artefacts elsewhere: the directory is copied to every training instance"
    return Problem(field=prefix, problem=problem, remedy=remedy)


def too_large(file: File) -> Problem:
    """Return the problem of a JSON document that is too large to be read."""
    problem = f"is larger than {model_files.MAX_BYTES} bytes"
    return Problem(field=file.name, value=str(file.size), problem=problem, remedy="Upload a smaller file")


def not_checked(path: str) -> Problem:
    """Return the warning about a directory that the functions cannot read. SageMaker may be able to."""
    remedy = f"{NOTHING_TO_DO} if the SageMaker role can read it"
    field_name = "customModelTrainingParameters.sourceS3DirectoryPath"
    return Problem(
        field=field_name,
        value=shown(path),
        problem="could not be checked: the functions are not allowed to read it",
        remedy=remedy,
    )
