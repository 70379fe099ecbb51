"""The meaning of Neptune's answers, as plain calls."""

from typing import Any

import pytest

from neptune_training.aws import neptune
from neptune_training.aws.neptune import Accepted, Found
from neptune_training.aws.neptune_errors import Unanswered
from neptune_training.model.statuses import Status


def test_an_answer_is_read_as_its_status_and_the_stages_that_have_begun() -> None:
    answer = {
        "status": "InProgress",
        "processingJob": {"status": "Completed", "arn": "arn:p", "failureReason": None, "cloudwatchLogUrl": "x" * 2049},
        "hpoJob": {"status": 7},
        "modelTransformJob": {},
        "mlModels": [{}],
    }
    assert neptune.found(answer) == Found(
        "InProgress",
        {
            "processing": {"status": "Completed", "arn": "arn:p", "cloudwatchLogUrl": "x" * 2048},
            "hpo": {"status": "7"},
        },
    )
    assert neptune.found({"status": "s" * 2049}) == Found("s" * 2048, {})
    assert [neptune.found({"status": status}) for status in ("", None, 7)] == [None, None, None]


@pytest.mark.parametrize(
    ("status", "end", "runs"),
    [
        ("Completed", Status.COMPLETED, False),
        ("FAILED", Status.FAILED, False),
        ("stopped", Status.STOPPED, False),
        ("InProgress", None, True),
        ("STOPPING", None, True),
        ("New", None, False),
    ],
)
def test_a_status_ends_a_job_or_is_known_to_run_in_any_case_of_its_letters(
    status: str, end: Status | None, runs: bool
) -> None:
    found = Found(status, {})
    assert [found.end, found.runs] == [end, runs]


@pytest.mark.parametrize(
    ("output", "below"),
    [
        ("s3://out/a", True),
        ("s3://out/a/", True),
        ("s3://out/a/b/c", True),
        ("s3://out/ab", False),
        ("s3://out/", False),
        (None, None),
        ("", None),
    ],
)
def test_a_job_writes_to_a_place_if_its_output_is_there_or_below_it(output: str | None, below: bool | None) -> None:
    job = Found("InProgress", {"processing": {"outputLocation": output}})
    assert [job.writes_to("s3://out/a"), job.writes_to("s3://out/a/")] == [below, below]
    assert Found("InProgress", {}).writes_to("s3://out/a") is None


def test_only_slashes_at_the_end_of_a_place_do_not_matter() -> None:
    job = Found("InProgress", {"processing": {"outputLocation": "s3://out/Y"}})
    assert [job.writes_to("s3://out/X"), job.writes_to("s3://out//")] == [False, True]


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"arn": "a"},
        {"arn": None, "creationTimeInMillis": 1},
        {"arn": "a" * 2049, "creationTimeInMillis": 1},
        {"arn": "a", "creationTimeInMillis": -1},
        {"arn": "a", "creationTimeInMillis": 2**63},
        {"arn": "a", "creationTimeInMillis": 1.5},
    ],
)
def test_an_accepted_start_without_an_arn_or_time_that_can_be_stored_is_unanswered(answer: dict[str, Any]) -> None:
    with pytest.raises(Unanswered) as raised:
        neptune.accepted(answer)
    assert str(raised.value) == "BrokenAnswer: The answer has no arn and creationTimeInMillis"


@pytest.mark.parametrize("created", [0, 2**63 - 1])
def test_an_accepted_start_is_read_as_its_arn_and_time(created: int) -> None:
    arn = "a" * 2048
    assert neptune.accepted({"arn": arn, "creationTimeInMillis": created}) == Accepted(arn, created)


@pytest.mark.parametrize(
    ("code", "message", "absent", "has_ended"),
    [
        ("MLResourceNotFoundException", "", True, False),
        ("InvalidParameterException", "Check Whether a resource with the given id exists", True, False),
        ("BadRequestException", "Job Doesn't exist", True, False),
        ("BadRequestException", "whether a resource with the given id exists", False, False),
        ("InvalidParameterException", "job doesn't exist", False, False),
        ("InvalidParameterException", "It has Already completed or failed", False, True),
        ("BadRequestException", "It has already completed or failed", False, False),
    ],
)
def test_an_answer_means_absence_or_an_end_by_its_code_and_its_text(
    code: str, message: str, absent: bool, has_ended: bool
) -> None:
    assert [neptune.absent(code, message), neptune.has_ended(code, message)] == [absent, has_ended]


def test_an_answer_that_cannot_be_read_is_told_with_the_error_and_cut() -> None:
    assert neptune.broken(KeyError("x")) == "The answer cannot be read: KeyError: 'x'"
    assert len(neptune.broken(ValueError("x" * 3000))) == 2048


def test_the_role_is_passed_on_only_if_there_is_one() -> None:
    assert [neptune.role_parameter("arn:r"), neptune.role_parameter(None)] == [{"neptuneIamRoleArn": "arn:r"}, {}]
