"""An instance type that SageMaker does not list is a warning that names the nearest, and never a reason to reject."""

import pytest

from local.instance_types import lines, of_sagemaker
from neptune_training.checks.instance_types import LISTED, listed, warnings
from neptune_training.model.parameters import TrainingRequest


def request(**fields: str) -> TrainingRequest:
    return TrainingRequest.model_validate(
        {"dataProcessingJobId": "graph", "trainModelS3Location": "s3://models-bucket/trained/x", **fields}
    )


def test_the_list_is_sagemakers_in_the_pinned_botocore() -> None:
    assert listed() == of_sagemaker(), "run `make schemas`"
    assert LISTED.split("\n") == ["", *lines(of_sagemaker()), ""]


@pytest.mark.parametrize("field", ["trainingInstanceType", "baseProcessingInstanceType"])
def test_a_misspelt_instance_type_is_a_warning_that_names_the_nearest(field: str) -> None:
    [warning] = warnings(request(**{field: "ml.m5.xlrage"}))
    assert (warning.field, warning.value) == (field, '"ml.m5.xlrage"')
    assert warning.remedy == 'Did you mean "ml.m5.xlarge"? Nothing to do if it is a new instance type'


def test_an_instance_type_that_is_near_no_listed_one_is_a_warning_without_a_suggestion() -> None:
    [warning] = warnings(request(trainingInstanceType="ml.unknowntype.qqqqqqqqqqqqqqqqq"))
    assert warning.remedy == "Nothing to do if it is a new instance type"


def test_a_listed_instance_type_and_none_are_no_warning() -> None:
    assert [*warnings(request(trainingInstanceType="ml.p3.2xlarge"))] == []
    assert [*warnings(request())] == []
