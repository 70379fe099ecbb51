"""What the operator sets, as the functions' environment says it."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from cli.check import DEFAULTS
from neptune_training.model.settings import Settings
from tests.rendered import Rendered

ENVIRONMENT = {
    "TRAINING_JOBS_TABLE": "jobs",
    "NEPTUNE_ENDPOINT_URL": "https://neptune.invalid:8182",
    "MODEL_BUCKET": "models",
    "MODEL_PREFIX": "models/",
    "TRAIN_MODEL_S3_LOCATION": "s3://trained/x",
    "PATH": "/usr/bin",
}


def test_durations_are_seconds() -> None:
    assert Settings.from_environment({**ENVIRONMENT, "SETTLE_SECONDS": "0.5"}).settle_seconds == timedelta(seconds=0.5)


def test_an_empty_variable_is_one_not_set() -> None:
    environment = {**ENVIRONMENT, "SETTLE_SECONDS": "", "DEFAULT_dataProcessingJobId": ""}
    assert Settings.from_environment(environment).settle_seconds == timedelta(seconds=60)
    assert Settings.from_environment(environment).defaults == {}


def test_defaults_have_their_parameters_own_types() -> None:
    environment = {
        **ENVIRONMENT,
        "DEFAULT_trainingInstanceVolumeSizeInGB": "30",
        "DEFAULT_enableManagedSpotTraining": "true",
        "DEFAULT_subnets": "subnet-1a, subnet-2b",
        "DEFAULT_dataProcessingJobId": "123",
    }
    assert Settings.from_environment(environment).defaults == {
        "trainingInstanceVolumeSizeInGB": 30,
        "enableManagedSpotTraining": True,
        "subnets": ["subnet-1a", "subnet-2b"],
        "dataProcessingJobId": "123",
    }


def test_limits_have_their_own_names() -> None:
    environment = {**ENVIRONMENT, "LIMIT_instanceTypes": "ml.g5.*,ml.m5.*", "LIMIT_maxHPONumberOfTrainingJobs": "7"}
    limits = Settings.from_environment(environment).limits
    assert limits.instanceTypes == ("ml.g5.*", "ml.m5.*")
    assert limits.maxHPONumberOfTrainingJobs == 7


@pytest.mark.parametrize("name", ["DEFAULT_subnets", "DEFAULT_trainingTimeOutInSeconds", "SETTLE_SECONDS"])
def test_a_wrong_value_fails_the_deployment_and_not_each_request(name: str) -> None:
    with pytest.raises((ValidationError, ValueError)):
        Settings.from_environment({**ENVIRONMENT, name: "nonsense"})


def test_a_default_that_is_not_valid_is_named_with_its_value_and_what_it_should_be() -> None:
    with pytest.raises(ValueError, match="stack's default") as raised:
        Settings.from_environment({**ENVIRONMENT, "DEFAULT_trainingTimeOutInSeconds": "a day"})
    assert str(raised.value) == (
        "the stack's default for trainingTimeOutInSeconds, 'a day', "
        "is not a number of seconds from 1 to 2419200 (28 days)"
    )


def test_a_limit_and_a_duration_that_are_no_texts_are_taken_as_they_are() -> None:
    said = Settings.from_environment(ENVIRONMENT)
    plain = said.model_dump() | {"limits": {"instanceTypes": ("ml.g5.*",)}, "settle_seconds": timedelta(seconds=7)}
    made = Settings(**plain)
    assert [made.limits.instanceTypes, made.settle_seconds] == [("ml.g5.*",), timedelta(seconds=7)]


def test_what_the_code_takes_by_default_is_what_the_template_does() -> None:
    deployed = Rendered().globals["Environment"]["Variables"]
    named = {name: deployed[name] for name in ENVIRONMENT if name in deployed}
    assert Settings.from_environment(deployed).defaults == DEFAULTS
    said, unsaid = Settings.from_environment(deployed), Settings.from_environment(named)
    assert said.model_dump(exclude={"defaults"}) == unsaid.model_dump(exclude={"defaults"})
