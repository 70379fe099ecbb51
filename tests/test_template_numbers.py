"""The template's numbers: CloudFormation takes whole ones within their bounds, and nothing else."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neptune_training.model.settings import Settings
from tests.rendered import Rendered, takes, template

MOST_SECONDS = 99_999_999
NUMBERS = {  # the least and the largest value of each
    "TrainingInstanceVolumeSizeInGB": (0, 16_384),
    "TrainingInstanceVolumeSizeInGBLimit": (0, 16_384),
    "TrainingTimeOutInSeconds": (1, 2_419_200),
    "TrainingTimeOutInSecondsLimit": (1, 2_419_200),
    "MaxHPONumberOfTrainingJobs": (1, 10_000),
    "MaxHPONumberOfTrainingJobsLimit": (1, 10_000),
    "MaxHPOParallelTrainingJobs": (1, 10_000),
    "MaxConcurrentTrainingJobs": (1, 500),
    "MaxConcurrentTrainingJobsPerModel": (1, 500),
    "MaxConcurrentSteps": (2, 100),
    "SettleSeconds": (0, MOST_SECONDS),
    "FilesGraceSeconds": (1, MOST_SECONDS),
    "GiveUpSeconds": (1, MOST_SECONDS),
    "SlotWaitSeconds": (1, MOST_SECONDS),
    "StatusCheckSeconds": (1, MOST_SECONDS),
    "MissingSeconds": (1, MOST_SECONDS),
    "DoubtSeconds": (60, MOST_SECONDS),
    "OldestRequestAlarmSeconds": (60, MOST_SECONDS),
    "CapacityProbeSeconds": (1, MOST_SECONDS),
    "LeaseSlackSeconds": (1, MOST_SECONDS),
}
NO_WHOLE_NUMBERS = (
    "2.5",
    "1e2",
    "100.0",
    "-1",
    "+100",
    "0100",
    " 100",
    "100 ",
    "1_00",
    "0x64",
    "",
    "\u0661\u0660\u0660",
)

each_number = pytest.mark.parametrize("name", NUMBERS)


def test_every_number_is_one_of_these_or_one_of_a_few_values() -> None:
    """CloudFormation's own type for numbers takes 2.5 and 1e2."""
    parameters = template()["Parameters"]
    assert not [name for name, each in parameters.items() if "Number" in each["Type"]]
    numbers = {name for name, each in parameters.items() if each.get("Default", "").isdigit()}
    assert numbers - {name for name, each in parameters.items() if "AllowedValues" in each} == NUMBERS.keys()


@each_number
def test_a_number_is_whole_and_within_its_bounds_or_is_not_deployed(name: str) -> None:
    least, largest = NUMBERS[name]
    assert not [text for text in NO_WHOLE_NUMBERS if takes(name, text)]
    powers = {10**digits for digits in range(10)}
    near = {bound + more for bound in {least, largest, *powers} for more in range(-20, 21)}
    tried = {*near, *range(20_000), *range(max(least, largest - 20_000), largest + 20_000)}
    wrong = [each for each in tried if takes(name, str(each)) != (least <= each <= largest)]
    assert wrong == []
    assert (
        template()["Parameters"][name]["ConstraintDescription"] == f"must be a whole number from {least} to {largest}"
    )


@given(st.data())
def test_any_number_is_taken_if_it_is_within_the_bounds(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(NUMBERS)))
    least, largest = NUMBERS[name]
    number = data.draw(st.integers(0, 2 * largest))
    assert takes(name, str(number)) == (least <= number <= largest)


@pytest.mark.parametrize("end", [0, 1], ids=["least", "largest"])
def test_the_functions_start_with_the_least_and_the_largest_of_all_numbers(end: int) -> None:
    parameters = {name: str(bounds[end]) for name, bounds in NUMBERS.items()}
    settings = Settings.from_environment(Rendered(**parameters).globals["Environment"]["Variables"])
    assert settings.give_up_seconds.total_seconds() == NUMBERS["GiveUpSeconds"][end]
    assert datetime.now(UTC) + settings.slot_wait_seconds < datetime.max.replace(tzinfo=UTC)


@pytest.mark.parametrize("name", ["LogRetentionInDays", "NeptuneReadTimeoutSeconds"])
def test_a_number_of_a_few_values_is_one_of_them_as_it_is_written(name: str) -> None:
    values = template()["Parameters"][name]["AllowedValues"]
    assert all(takes(name, value) and value.isdigit() for value in values)
    assert not any(takes(name, text) for text in (*NO_WHOLE_NUMBERS, "0", "4", *(f"{value}.0" for value in values)))
