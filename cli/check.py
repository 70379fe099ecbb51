"""`neptune-training check`: a model's directory, with the functions' own rules. It needs no AWS access."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import md5
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich.table import Table

from cli.exits import CommandError, Exit
from cli.screen import Json, console, print_json, say, say_json, visible
from neptune_training.aws.model_files import MAX_BYTES, MAX_FILES, Directory, File, TooLarge, is_status_file
from neptune_training.checks import hpo, json_documents
from neptune_training.checks.events import CONFIGURATION
from neptune_training.checks.hpo import HpoFile, SearchPlan
from neptune_training.checks.model_directory import TRAINING_JOB, Preparation, Prepared
from neptune_training.model import new_jobs
from neptune_training.model.jobs import Job
from neptune_training.model.parameters import EntryPoints, TrainingRequest
from neptune_training.model.problems import Problem
from neptune_training.model.settings import Settings
from neptune_training.model.triggers import Trigger, TriggerKind

BUCKET = "your-bucket"
DEFAULTS = {  # the template's
    "trainingInstanceType": "ml.g5.2xlarge",
    "trainingInstanceVolumeSizeInGB": 0,
    "trainingTimeOutInSeconds": 86_400,
    "maxHPONumberOfTrainingJobs": 10,
    "maxHPOParallelTrainingJobs": 2,
    "enableManagedSpotTraining": False,
}
ID_HELP = "The data-processing job that the stack names by default, if it has one."


def check(
    model: Annotated[Path, Parameter(help=f"The directory with the scripts and {CONFIGURATION}.")],
    /,
    *,
    data_processing_job_id: Annotated[str, Parameter(help=ID_HELP)] = "the-stacks-default",
    json: Json = False,
) -> int:
    """Check a model's directory before you upload it.

    All problems are shown at once, each with what to do. The exit code is 1 if there are any. Needs no AWS access.

    For example:

        neptune-training check models/fraud
        neptune-training check models/fraud --json
    """
    if not model.is_dir():
        what = "this is a file, not a directory" if model.exists() else "there is no such directory"
        raise CommandError(f"{model}: {what}.", f"Name the one that holds {CONFIGURATION}.")
    folder = Folder(model)
    prepared = Preparation(folder, settings(data_processing_job_id)).prepare(job(model), folder.listing())
    wrong = [*prepared.problems, *prepared.missing]
    trials = plan(folder, prepared.request) if prepared.request and not wrong else None
    if json:
        print_json(as_data(model, wrong, prepared, trials))
    else:
        report(model, wrong, prepared, trials)
    return Exit.WRONG if trials is None else Exit.FINE


def is_of_model(path: Path) -> bool:
    """Return True for a file that counts as one of the model's: not Python's bytecode, and no status file."""
    return path.is_file() and "__pycache__" not in path.parts and not is_status_file(path.name)


@dataclass(frozen=True)
class Folder:
    """Read a directory on this machine as `model_files` reads one in S3."""

    path: Path

    def listing(self) -> Directory:
        """Return the listing that S3 would have."""
        paths = (path for path in sorted(self.path.rglob("*")) if is_of_model(path))
        files = [self._file(path) for path in islice(paths, MAX_FILES + 1)]
        prefix = f"models/{self.path.resolve().name}/"
        return Directory(BUCKET, prefix, {file.name: file for file in files[:MAX_FILES]}, len(files) <= MAX_FILES)

    def read(self, _directory: Directory, name: str) -> bytes:
        """Read one file. Raises `TooLarge`."""
        path = self.path / name
        if path.stat().st_size > MAX_BYTES:
            raise TooLarge(name)
        return path.read_bytes()

    def _file(self, path: Path) -> File:
        name, size = path.relative_to(self.path).as_posix(), path.stat().st_size
        etag = md5(
            name.encode(errors="surrogateescape"), usedforsecurity=False
        ).hexdigest()  # stands for S3's, which nothing here compares
        return File(name, etag, size, datetime.fromtimestamp(path.stat().st_mtime, UTC))


def settings(data_processing_job_id: str) -> Settings:
    """Return the settings of a stack with the template's defaults."""
    return Settings(
        training_jobs_table="",
        neptune_endpoint_url="",
        model_bucket=BUCKET,
        model_prefix="models/",
        train_model_s3_location="s3://your-other-bucket/trained",
        defaults={"dataProcessingJobId": data_processing_job_id, **DEFAULTS},
    )


def job(directory: Path) -> Job:
    """Return the job that an upload of this directory would make."""
    key = f"models/{directory.resolve().name}/{CONFIGURATION}"
    trigger = Trigger(kind=TriggerKind.UPLOAD, identity=f"upload {BUCKET} {key} 0", bucket=BUCKET, key=key)
    now = datetime.now(UTC)
    return new_jobs.new(trigger, {}, now, first_step_by=now, give_up=now - now)


def plan(folder: Folder, request: TrainingRequest) -> SearchPlan:
    """Return which parameters the trials will search."""
    document = json_documents.read(folder.read(folder.listing(), CONFIGURATION), CONFIGURATION)
    most = request.maxHPONumberOfTrainingJobs
    return hpo.tuned(hpo.check(document, max_hpo_jobs=most).file, most)


def request_of(prepared: Prepared) -> dict[str, Any] | None:
    """Return the request of an upload, without what only the stack knows."""
    own = {"id", "trainModelS3Location"}
    return prepared.request.model_dump(mode="json", exclude_none=True, exclude=own) if prepared.request else None


def as_data(model: Path, wrong: list[Problem], prepared: Prepared, trials: SearchPlan | None) -> dict[str, Any]:
    """Return what was found, for a program."""
    return {
        "model": str(model),
        "ready": trials is not None,
        "problems": [each.model_dump(mode="json") for each in wrong],
        "warnings": [each.model_dump(mode="json") for each in prepared.warnings],
        "trials": trials and trials.trials,
        "searched": {each.param: each.range or each.options for each in trials.tuned} if trials else {},
        "request": request_of(prepared) if trials else None,
    }


def report(model: Path, wrong: list[Problem], prepared: Prepared, trials: SearchPlan | None) -> None:
    """Print what was found, the request and the trials, for people."""
    for problem in wrong:
        show(problem, "red", "wrong")
    for warning in prepared.warnings:
        show(warning, "yellow", "warning")
    if trials is None:
        say()
        say((f"{len(wrong)} to fix", "bold red"), f" in {model}")
        return
    show_plan(trials)
    say(("The request of an upload", "bold"), ", with the template's defaults; the stack adds id and output")
    say_json(request_of(prepared))
    say(("ready to upload", "bold green"), f": {model}")


def show_plan(plan: SearchPlan) -> None:
    """Print it as a table."""
    table = Table(title=f"{plan.trials} trials", title_justify="left")
    table.add_column("parameter")
    table.add_column("in each trial")
    for parameter in plan.tuned:
        values = parameter.range if parameter.range is not None else parameter.options
        table.add_row(visible(parameter.param), visible(f"searched: {values}"))
    for parameter in plan.defaults:
        table.add_row(visible(parameter.param), visible(parameter.default))
    console.print(table)


def place_of(field: str) -> str:
    """Return the file that a problem is in, and the place in it: `training-job.json: trainingInstanceType`."""
    first = re.split(r"[.\[]", field)[0]
    if first in {*TrainingRequest.model_fields, *EntryPoints.model_fields}:
        return f"{TRAINING_JOB}: {field}"
    return f"{CONFIGURATION}: {field}" if first in HpoFile.model_fields else field


def show(problem: Problem, colour: str, kind: str) -> None:
    """Print one problem."""
    value = "" if problem.value is None else f" (value: {problem.value})"
    say((kind, colour), f"  {place_of(problem.field)}: {problem.problem}{value}")
    say(f"         {problem.remedy}")
