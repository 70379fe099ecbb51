"""Check a model's directory before it is uploaded, with the functions' own rules.

    python -m local.check_model DIRECTORY

Needs `rich`; needs no AWS access. The exit code is 0, or 2 with everything that is wrong.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import md5
from itertools import islice
from pathlib import Path

from rich.table import Table

from cli.screen import console, say, say_json, visible
from neptune_training.aws.model_files import MAX_BYTES, MAX_FILES, Directory, File, TooLarge
from neptune_training.checks import hpo, json_documents
from neptune_training.checks.events import CONFIGURATION
from neptune_training.checks.hpo import Plan
from neptune_training.checks.model_directory import Findings, Preparation
from neptune_training.model import jobs
from neptune_training.model.jobs import Job
from neptune_training.model.parameters import TrainingRequest
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(prog="check_model", description="Check a model's directory before it is uploaded.")
    parser.add_argument("directory", type=Path, help=f"holds the scripts and {CONFIGURATION}")
    parser.add_argument(
        "--data-processing-job-id", default="the-stacks-default", help="the stack's default, if it has one"
    )
    chosen = parser.parse_args(arguments)
    if not chosen.directory.is_dir():
        say(f"{chosen.directory}: there is no such directory", style="red")
        return 2
    folder = Folder(chosen.directory)
    findings = Preparation(folder, settings(chosen.data_processing_job_id)).prepare(
        job(chosen.directory), folder.listing()
    )
    return report(folder, findings)


@dataclass(frozen=True)
class Folder:
    """Read a directory on this machine as `model_files` reads one in S3."""

    path: Path

    def listing(self) -> Directory:
        """Return the listing that S3 would have."""
        paths = (path for path in sorted(self.path.rglob("*")) if path.is_file() and "__pycache__" not in path.parts)
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
    return jobs.new(trigger, {}, now, first_step_by=now, give_up=now - now)


def report(folder: Folder, findings: Findings) -> int:
    """Print what was found, the request and the trials."""
    wrong = [*findings.reasons, *findings.missing]
    for reason in wrong:
        show(reason, "red", "wrong")
    for reason in findings.warnings:
        show(reason, "yellow", "warning")
    if wrong or findings.request is None:
        say()
        say((f"{len(wrong)} to fix", "bold red"), f" in {folder.path}")
        return 2
    show_plan(plan(folder, findings.request))
    say(("The request of an upload", "bold"), ", with the template's defaults; the stack adds id and output")
    say_json(findings.request.model_dump(mode="json", exclude_none=True, exclude={"id", "trainModelS3Location"}))
    say(("ready to upload", "bold green"), f": {folder.path}")
    return 0


def plan(folder: Folder, request: TrainingRequest) -> Plan:
    """Return which parameters the trials will search."""
    document = json_documents.read(folder.read(folder.listing(), CONFIGURATION), CONFIGURATION)
    most = request.maxHPONumberOfTrainingJobs
    return hpo.tuned(hpo.check(document, max_hpo_jobs=most).file, most)


def show_plan(plan: Plan) -> None:
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


def show(reason: Problem, colour: str, kind: str) -> None:
    """Print one reason."""
    value = "" if reason.value is None else f" (value: {reason.value})"
    say((kind, colour), f"  {reason.field}: {reason.problem}{value}")
    say(f"         {reason.remedy}")


if __name__ == "__main__":
    sys.exit(main())
