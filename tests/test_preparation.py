"""All checks of a request and of its model's files together, as plain calls: what each file's problem leads to."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from neptune_training.aws import model_files
from neptune_training.aws.model_files import Directory, File
from neptune_training.checks import hpo
from neptune_training.checks.events import CONFIGURATION
from neptune_training.checks.model_directory import TRAINING_JOB, Preparation, Prepared
from neptune_training.model.problems import Problem
from neptune_training.model.triggers import Trigger
from tests.decisions import EVENT, NOW, SCHEDULE, UPLOAD, job
from tests.settings import settings

SETTINGS = settings(
    model_prefix="in/",
    train_model_s3_location="s3://trained/X/",
    defaults={"dataProcessingJobId": "night", "maxHPONumberOfTrainingJobs": 12, "trainingInstanceType": "ml.g5.xlarge"},
)
METRIC = {"Name": "accuracy", "Regex": "accuracy=([0-9]+)"}
DOCUMENT: dict[str, Any] = {
    "models": [
        {
            "model": "custom",
            "task_type": "node_class",
            "eval_metric": {
                "tuning_objective": {"MetricName": "accuracy", "Type": "Maximize"},
                "metric_definitions": [METRIC],
            },
            "1-tier-param": [{"param": "lr", "type": "float", "range": [0.001, 0.1], "inc_strategy": "log"}],
            "2-tier-param": [],
            "3-tier-param": [],
            "fixed-param": [{"param": "epochs", "type": "int", "default": 3}],
        }
    ]
}
MODEL = {CONFIGURATION: json.dumps(DOCUMENT).encode(), "training.py": b"x = 1\n", "transform.py": b"x = 2\n"}
DIRECTORY = {"customModelTrainingParameters": {"sourceS3DirectoryPath": "s3://models/in/fraud/"}}
SENT = {"dataProcessingJobId": "night", "maxHPONumberOfTrainingJobs": 12, "trainingInstanceType": "ml.g5.xlarge"}
SENT = {**SENT, "id": "fraud-1", "trainModelS3Location": "s3://trained/X/fraud-1"}


class Files:
    """A model's files in memory. Those named in `refused` are too large to be read."""

    def __init__(self, contents: Mapping[str, bytes], refused: tuple[str, ...] = ()) -> None:
        self.contents, self.refused = contents, refused

    def listing(self, *, whole: bool) -> Directory:
        files = {name: File(name, "e", len(content), NOW) for name, content in self.contents.items()}
        return Directory("models", "in/fraud/", files, whole)

    def read(self, _: Directory, name: str) -> bytes:
        if name in self.refused:
            raise model_files.TooLarge(name)
        return self.contents[name]


def prepare(
    contents: Mapping[str, bytes] | None,
    trigger: Trigger = UPLOAD,
    asked: Any = None,
    *,
    refused: tuple[str, ...] = (),
    whole: bool = True,
) -> Prepared:
    """The result for a model with these files; None if the functions cannot read its directory."""
    files = Files(contents or {}, refused)
    directory = None if contents is None else files.listing(whole=whole)
    return Preparation(files, SETTINGS).prepare(job(trigger, asked=asked or {}), directory)


def said(problems: list[Problem]) -> list[str]:
    return [str(each) for each in problems]


def sent(prepared: Prepared) -> dict[str, Any]:
    assert prepared.request is not None
    return prepared.request.model_dump(exclude_none=True)


def of_configuration(trials: int = 12, document: Any = DOCUMENT) -> list[Problem]:
    """The warnings about a configuration."""
    return [*hpo.check(document, max_hpo_jobs=trials).warnings]


def test_a_model_in_order_has_a_request_and_the_warnings_about_its_configuration() -> None:
    prepared = prepare(MODEL)
    assert sent(prepared) == {**SENT, **DIRECTORY}
    assert prepared == Prepared([], [], of_configuration(), prepared.request)


# --- training-job.json ------------------------------------------------------------------------------------------------


def test_the_uploaders_parameters_are_those_of_the_file_without_its_schema() -> None:
    asked = {"$schema": "https://example.com/schema.json", "maxHPONumberOfTrainingJobs": 2}
    prepared = prepare({**MODEL, TRAINING_JOB: json.dumps(asked).encode()}, asked={"id": "not this"})
    assert sent(prepared) == {**SENT, **DIRECTORY, "maxHPONumberOfTrainingJobs": 2}
    assert prepared.warnings == of_configuration(2)


@pytest.mark.parametrize(
    ("content", "refused", "problem"),
    [
        (
            b"[1]",
            (),
            (
                "training-job.json: is not a JSON object (value: [1])."
                " Write a JSON object with parameters of StartMLModelTrainingJob"
            ),
        ),
        (
            b"{}",
            (TRAINING_JOB,),
            "training-job.json: is larger than 262144 bytes (value: 2). Upload a smaller file",
        ),
    ],
)
def test_a_file_that_holds_no_parameters_is_a_problem(content: bytes, refused: tuple[str, ...], problem: str) -> None:
    prepared = prepare({**MODEL, TRAINING_JOB: content}, refused=refused)
    assert said(prepared.problems) == [problem]
    assert sent(prepared) == {**SENT, **DIRECTORY}


def test_a_file_that_is_no_json_is_a_problem_of_its_own() -> None:
    [problem] = prepare({**MODEL, TRAINING_JOB: b"{"}).problems
    assert problem.field == TRAINING_JOB


@pytest.mark.parametrize("trigger", [EVENT, SCHEDULE])
def test_an_events_parameters_are_its_own_whatever_the_directory_has(trigger: Trigger) -> None:
    prepared = prepare({**MODEL, TRAINING_JOB: b"{"}, trigger, {**DIRECTORY, "maxHPONumberOfTrainingJobs": 9})
    assert prepared.problems == []
    assert sent(prepared) == {**SENT, **DIRECTORY, "maxHPONumberOfTrainingJobs": 9}


def test_the_parameters_of_an_upload_whose_directory_cannot_be_read_are_those_of_the_record() -> None:
    prepared = prepare(None, asked={"maxHPONumberOfTrainingJobs": 9})
    assert sent(prepared) == {**SENT, "maxHPONumberOfTrainingJobs": 9}
    assert prepared.warnings == []


def test_a_request_that_is_not_valid_is_none_and_its_problems_are_told() -> None:
    prepared = prepare(MODEL, EVENT, {**DIRECTORY, "maxHPONumberOfTrainingJobs": "many"})
    assert prepared.request is None
    assert [each.field for each in prepared.problems] == ["maxHPONumberOfTrainingJobs"]
    assert prepared.warnings == []  # those of the configuration depend on the trials


def test_an_unlisted_instance_type_is_a_warning() -> None:
    prepared = prepare(MODEL, asked={})
    odd = prepare({**MODEL, TRAINING_JOB: b'{"trainingInstanceType": "ml.g5.3xlarge"}'})
    assert [each.field for each in odd.warnings] == [
        "trainingInstanceType",
        *(each.field for each in prepared.warnings),
    ]


# --- a directory that cannot be read, or is too large -----------------------------------------------------------------


def test_a_directory_that_the_functions_cannot_read_is_a_warning_for_a_custom_model() -> None:
    prepared = prepare(None, EVENT, DIRECTORY)
    assert said(prepared.warnings) == [
        (
            "customModelTrainingParameters.sourceS3DirectoryPath: could not be checked: the functions are not allowed"
            ' to read it (value: "s3://models/in/fraud/"). Nothing to do if the SageMaker role can read it'
        )
    ]
    assert prepare(None, EVENT).warnings == []
    assert prepare(None, EVENT, {**DIRECTORY, "maxHPONumberOfTrainingJobs": "many"}).warnings == []


def test_a_directory_with_more_files_than_are_listed_is_a_problem_and_no_file_is_missing() -> None:
    prepared = prepare({}, whole=False)
    assert said(prepared.problems) == [
        (
            "in/fraud/: has more than 1000 files."
            " Move data and artefacts elsewhere: the directory is copied to every training instance"
        )
    ]
    assert prepared.missing == []
