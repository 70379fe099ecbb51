"""The checks of a model's files together, as plain calls: what is missing, and what is wrong with the others."""

import json

import pytest

from neptune_training.checks import scripts
from neptune_training.checks.events import CONFIGURATION
from neptune_training.checks.model_directory import TRAINING_JOB
from neptune_training.checks.requirements import REQUIREMENTS
from tests.test_preparation import DOCUMENT, MODEL, of_configuration, prepare, said

OPTIONS = (
    b"import argparse\n"
    b"parser = argparse.ArgumentParser()\n"
    b"parser.add_argument('--epochs')\n"
    b"args = parser.parse_args()\n"
)
ODD = b"tensor.cuda(async=True)\n"


def test_files_that_are_not_there_are_missing() -> None:
    prepared = prepare({})
    assert prepared.missing == [*scripts.missing([], scripts.entry_points(None))]
    assert [prepared.problems, prepared.warnings] == [[], []]


def test_the_other_scripts_are_checked_while_one_is_missing() -> None:
    prepared = prepare(
        {name: content for name, content in MODEL.items() if name != "training.py"} | {"transform.py": b"x =\n"}
    )
    assert [each.field for each in prepared.problems] == ["transform.py"]
    assert [each.field for each in prepared.missing] == ["customModelTrainingParameters.trainingEntryPointScript"]


def test_the_scripts_are_those_that_the_uploader_names() -> None:
    named = {"customModelTrainingParameters": {"trainingEntryPointScript": "train.py"}}
    contents = {**MODEL, "train.py": b"x =\n", "training.py": b"x =\n", TRAINING_JOB: json.dumps(named).encode()}
    prepared = prepare(contents)
    assert [each.field for each in prepared.problems] == ["train.py"]
    assert prepared.missing == []


def test_a_configuration_that_is_not_valid_or_too_large_is_a_problem_and_has_no_warnings() -> None:
    invalid = prepare({**MODEL, CONFIGURATION: b"{}", "training.py": OPTIONS})
    assert [each.field for each in invalid.problems] == [CONFIGURATION]
    assert invalid.warnings == []
    large = prepare(MODEL, refused=(CONFIGURATION,))
    length = len(MODEL[CONFIGURATION])
    assert said(large.problems) == [
        f"{CONFIGURATION}: is larger than 262144 bytes (value: {length}). Upload a smaller file"
    ]


def test_scripts_and_requirements_are_checked() -> None:
    prepared = prepare({**MODEL, "training.py": b"x =\n", "transform.py": ODD, REQUIREMENTS: b"a b\nnumpy>=1.16.*\n"})
    assert [each.field for each in prepared.problems] == [REQUIREMENTS, "training.py"]
    assert [each.field for each in prepared.warnings[len(of_configuration()) :]] == [REQUIREMENTS, "transform.py"]


@pytest.mark.parametrize("name", ["training.py", REQUIREMENTS])
def test_a_file_of_more_than_128_kibibytes_is_not_checked(name: str) -> None:
    most = b"x =  # " + b"x" * (131_072 - 7)
    assert [each.field for each in prepare({**MODEL, name: most}).problems] == [name]
    prepared = prepare({**MODEL, name: most + b"x"})
    assert prepared.problems == []
    assert prepared.warnings[-1] == scripts.too_large(name)


def test_a_parameter_that_the_training_script_does_not_know_is_a_warning() -> None:
    prepared = prepare({**MODEL, "training.py": OPTIONS, "transform.py": b"import argparse\n"})
    assert said(prepared.warnings[len(of_configuration()) :]) == [
        (
            'models[0]["1-tier-param"][0].param: is not an option of training.py, which would exit with code 2'
            ' (value: "lr"). Add it to the script, or remove it here'
        )
    ]


def test_no_more_than_fifty_parameters_that_the_script_does_not_know_are_told() -> None:
    document = json.loads(json.dumps(DOCUMENT))
    document["models"][0]["fixed-param"] = [
        {"param": f"p{number}", "type": "int", "default": 1} for number in range(60)
    ]
    contents = {**MODEL, CONFIGURATION: json.dumps(document).encode(), "training.py": OPTIONS}
    found = [each for each in prepare(contents).warnings if "is not an option" in each.problem]
    assert len(found) == 49
