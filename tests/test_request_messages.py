"""The messages of the check of a request, word for word: parameter, problem, value and remedy."""

from typing import Any

import pytest

from neptune_training.checks import request
from neptune_training.model.problems import Invalid
from neptune_training.model.triggers import TriggerKind
from tests.test_requests import DERIVED, SETTINGS, event, upload

CUSTOM = "customModelTrainingParameters"
THERE = {"sourceS3DirectoryPath": "s3://other/place/"}


def problems(send: Any, asked: dict[str, Any]) -> list[str]:
    with pytest.raises(Invalid) as raised:
        send(asked)
    return [str(each) for each in raised.value.problems]


def by_an_unknown_kind(asked: dict[str, Any]) -> None:
    request.build(asked, SETTINGS, kind=TriggerKind.UNKNOWN, derived=DERIVED)


def without_defaults(asked: dict[str, Any]) -> None:
    event(asked, SETTINGS.model_copy(update={"defaults": {}}))


@pytest.mark.parametrize(
    ("send", "asked", "said"),
    [
        (
            upload,
            {CUSTOM: THERE},
            (
                f'{CUSTOM}.sourceS3DirectoryPath: must not be set by an upload (value: "s3://other/place/").'
                " Remove it: only the operator of the stack, an event or a schedule can set it"
            ),
        ),
        (
            by_an_unknown_kind,
            {"id": "x"},
            (
                'id: must not be set by a trigger of a kind that this version does not know (value: "x").'
                " Ask the operator of the stack to deploy the version that it was sent to, then send it again"
            ),
        ),
        (
            event,
            {"maxHPONumberOfTrainingJobs": 51},
            (
                "maxHPONumberOfTrainingJobs: is over the operator's limit (value: 51). Set it to at most 50, or ask"
                " the operator of the stack to raise the limit (template parameter MaxHPONumberOfTrainingJobsLimit)"
            ),
        ),
        (
            event,
            {"trainingInstanceType": "ml.p4d.24xlarge"},
            (
                'trainingInstanceType: is over the operator\'s limit (value: "ml.p4d.24xlarge"). Set it to one of'
                " ml.g5.*, ml.p3.2xlarge,"
                " or ask the operator of the stack to raise the limit (template parameter AllowedInstanceTypes)"
            ),
        ),
        (
            event,
            {"trainModelS3Location": "s3://models/models/x"},
            (
                "trainModelS3Location: is inside the upload folder: its output could start new trainings"
                ' (value: "s3://models/models/x"). Set it to a place that neither contains nor is inside'
                " s3://models/models/"
            ),
        ),
        (
            event,
            {"trainModelS3Location": "s3://models"},
            (
                "trainModelS3Location: contains the upload folder: its output could start new trainings"
                ' (value: "s3://models"). Set it to a place that neither contains nor is inside s3://models/models/'
            ),
        ),
        (
            event,
            {"trainingInstanceTyp": "x"},
            (
                'trainingInstanceTyp: is not a parameter of StartMLModelTrainingJob (value: "x").'
                ' Did you mean "trainingInstanceType"?'
            ),
        ),
        (
            event,
            {"modelName": "x"},
            (
                "modelName: StartMLModelTrainingJob has no such parameter, though some AWS samples show it"
                ' (value: "x"). Remove it'
            ),
        ),
        (
            event,
            {CUSTOM: {**THERE, "zzzzzz": 1}},
            f"{CUSTOM}.zzzzzz: is not a parameter of StartMLModelTrainingJob (value: 1). Remove it",
        ),
        (
            event,
            {CUSTOM: {**THERE, "trainingEntryPoint": "train.py"}},
            (
                f'{CUSTOM}.trainingEntryPoint: is not a parameter of StartMLModelTrainingJob (value: "train.py").'
                ' Did you mean "trainingEntryPointScript"?'
            ),
        ),
        (
            upload,
            {"trainingEntryPointScript": "train.py"},
            (
                'trainingEntryPointScript: is not a parameter of StartMLModelTrainingJob (value: "train.py").'
                f" Set {CUSTOM}.trainingEntryPointScript instead"
            ),
        ),
        (
            event,
            {CUSTOM: {**THERE, "trainModelS3Location": "x"}},
            f'{CUSTOM}.trainModelS3Location: is not a parameter of StartMLModelTrainingJob (value: "x"). Remove it',
        ),
        (
            event,
            {"maxHPONumberOfTrainingJobs": 3, "maxHPOParallelTrainingJobs": 4},
            (
                "maxHPOParallelTrainingJobs: is above maxHPONumberOfTrainingJobs, 3 (value: 4)."
                " Set it to at most 3, or raise maxHPONumberOfTrainingJobs"
            ),
        ),
        (
            event,
            {"maxHPONumberOfTrainingJobs": 1, "maxHPOParallelTrainingJobs": 2},
            (
                "maxHPOParallelTrainingJobs: is above maxHPONumberOfTrainingJobs, 1 (value: 2)."
                " Set it to at most 1, or raise maxHPONumberOfTrainingJobs"
            ),
        ),
        (
            event,
            {"id": "a", "previousModelTrainingJobId": "a"},
            (
                'previousModelTrainingJobId: is the new job\'s own id (value: "a").'
                " Set it to an earlier job's id, or remove it"
            ),
        ),
        (
            without_defaults,
            {},
            (
                "dataProcessingJobId: is missing, and has no default. Set it to the id of a completed Neptune ML"
                " data-processing job, or ask the operator of the stack for a default"
            ),
        ),
        (
            upload,
            {CUSTOM: {"trainingEntryPointScript": 7}},
            (
                f"{CUSTOM}.trainingEntryPointScript: should be a valid string (value: 7)."
                " Set it to the training script's name in the model's directory, such as train.py"
            ),
        ),
        (
            event,
            {CUSTOM: "s3://x"},
            (
                f'{CUSTOM}: should be an object (value: "s3://x").'
                " Set it to an object with sourceS3DirectoryPath and the names of the scripts"
            ),
        ),
        (
            event,
            {"subnets": ["vpc-1"]},
            'subnets[0]: has characters that are not allowed there (value: "vpc-1"). Set it to a list of subnet ids',
        ),
        (
            event,
            {"enableManagedSpotTraining": "yes"},
            'enableManagedSpotTraining: should be a valid boolean (value: "yes"). Set it to true or false',
        ),
        (
            event,
            {"trainModelS3Location": "s3://elsewhere//"},
            (
                "trainModelS3Location: has an empty folder name (//), or a folder named . or .."
                ' (value: "s3://elsewhere//"). Set it to a path without these:'
                " each folder needs a name, with one slash between two names"
            ),
        ),
    ],
)
def test_a_problem_is_said_with_its_parameter_value_and_remedy(send: Any, asked: dict[str, Any], said: str) -> None:
    assert problems(send, asked) == [said]


@pytest.mark.parametrize("parallel", [3, 2])
def test_as_many_parallel_trials_as_trials_are_in_order(parallel: int) -> None:
    asked = {"maxHPONumberOfTrainingJobs": 3, "maxHPOParallelTrainingJobs": parallel}
    assert event(asked).items() >= asked.items()


def test_no_trial_at_all_is_one_problem_and_not_a_second_one_of_the_trials_in_parallel() -> None:
    assert problems(event, {"maxHPONumberOfTrainingJobs": 0}) == [
        (
            "maxHPONumberOfTrainingJobs: should be greater than or equal to 1 (value: 0)."
            " Set it to the number of trials of the hyperparameter search, at least 10 for a good model"
        )
    ]


def test_what_is_not_an_object_is_kept_when_layers_are_merged_so_that_it_is_reported() -> None:
    inner = {"trainingEntryPointScript": "train.py"}
    assert request.merge({CUSTOM: "s3://x"}, {CUSTOM: inner}) == {CUSTOM: "s3://x"}
    assert request.merge({CUSTOM: inner}, {CUSTOM: "s3://x"}) == {CUSTOM: "s3://x"}
    assert request.merge({CUSTOM: inner, "id": "a"}, {CUSTOM: THERE, "id": "b"}) == {CUSTOM: inner | THERE, "id": "b"}


def test_a_trigger_of_an_unknown_kind_can_set_no_part_of_a_parameter() -> None:
    inner = {**THERE, "trainingEntryPointScript": "train.py"}
    fields = [each.partition(":")[0] for each in problems(by_an_unknown_kind, {CUSTOM: inner})]
    assert fields == [CUSTOM, f"{CUSTOM}.sourceS3DirectoryPath", f"{CUSTOM}.trainingEntryPointScript"]


def test_only_an_event_or_a_schedule_can_set_what_follows_from_the_trigger() -> None:
    able = {kind for kind in TriggerKind if request.can_override(kind)}
    assert able == {TriggerKind.EVENT, TriggerKind.SCHEDULE}
