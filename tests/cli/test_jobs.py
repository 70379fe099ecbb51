"""Jobs are listed and shown as the table has them, of whatever version their records are."""

from collections.abc import Callable
from typing import Any

import boto3
import pytest

from neptune_training.aws.dynamodb_items import typed
from tests.cli.conftest import Said
from tests.cli.stack_server import StackServer

Program = Callable[..., Said]
FRAUD = "s3://my-models/models/fraud/"


@pytest.fixture
def dynamodb(aws: boto3.Session, stack: StackServer) -> Any:
    return aws.client("dynamodb")


def record(dynamodb: Any, job_id: str, status: str, minute: int, model: str = FRAUD, **fields: Any) -> None:
    at = f"2026-11-24T02:{minute:02d}:00.000Z"
    if status in ("WAITING", "REQUESTED", "STARTED"):
        fields = {"nextAttemptAt": at, **fields}
    trigger = {"kind": "upload", "identity": f"upload my-models {model.split('/', 3)[-1]} {minute}"}
    item = {"jobId": job_id, "status": status, "model": model, "createdAt": at, "trigger": trigger, **fields}
    dynamodb.put_item(TableName="training-jobs", Item=typed(item))


@pytest.fixture
def four_jobs(dynamodb: Any) -> None:
    record(dynamodb, "fraud-1", "COMPLETED", 1)
    record(dynamodb, "fraud-2", "WAITING", 2, waitingFor="a slot", endBy="2026-11-25T02:00:00.000Z")
    record(dynamodb, "fraud-3", "STARTED", 3)
    record(dynamodb, "churn-1", "WAITING", 4, "s3://my-models/models/churn/", waitingFor="[/red]\x1b[2J", failedSteps=3)


def ids(said: Said) -> list[str]:
    assert (said.code, said.err) == (0, "")
    return [each["jobId"] for each in said.json]


def test_without_an_option_all_unfinished_jobs_are_listed_the_started_ones_first(
    program: Program, four_jobs: None
) -> None:
    said = program("jobs", "--json")
    assert ids(said) == ["fraud-3", "fraud-2", "churn-1"]
    assert said.json[1]["waitingFor"] == "a slot"
    assert said.json[1]["endBy"] == "2026-11-25T02:00:00.000Z"
    assert said.json[2]["failedSteps"] == 3


@pytest.mark.parametrize("model", [FRAUD, FRAUD.rstrip("/")])
def test_a_models_jobs_are_listed_the_newest_first_with_or_without_the_slash(
    program: Program, four_jobs: None, model: str
) -> None:
    assert ids(program("jobs", "--model", model, "--json")) == ["fraud-3", "fraud-2", "fraud-1"]
    assert ids(program("jobs", "--model", model, "--limit", "1", "--json")) == ["fraud-3"]


def test_the_jobs_of_a_trigger_are_found_by_a_part_of_its_key(program: Program, four_jobs: None) -> None:
    assert ids(program("jobs", "--trigger", "models/churn/", "--json")) == ["churn-1"]
    assert program("jobs", "--trigger", "nobody-has-this").out == "no such job\n"


def test_the_table_for_people_shows_what_users_wrote_as_it_is_written(program: Program, four_jobs: None) -> None:
    said = program("jobs").out
    assert "[/red]\\u001b[2J" in said
    assert "\x1b" not in said


def test_model_and_trigger_together_are_refused(program: Program, dynamodb: Any) -> None:
    done = program("jobs", "--model", FRAUD, "--trigger", "x")
    assert (done.code, done.out) == (2, "")


def test_a_record_is_shown_whole_with_what_it_waits_for_and_each_reason_with_its_remedy(
    program: Program, dynamodb: Any
) -> None:
    reasons = [{"field": "trainingInstanceType", "problem": "is not allowed", "remedy": "Choose another"}]
    more: dict[str, Any] = {
        "reasons": reasons,
        "waitingFor": "access",
        "giveUpAt": "2026-11-25T02:00:00.000Z",
        "fromAVersionToCome": 1,
    }
    record(dynamodb, "fraud-1", "WAITING", 1, **more)
    shown = program("show", "fraud-1")
    assert shown.code == 0
    for expected in ("waits for access, until 2026-11-25", "trainingInstanceType: is not allowed", "Choose another"):
        assert expected in shown.out
    said = program("show", "fraud-1", "--json").json
    assert (said["jobId"], said["reasons"], said["fromAVersionToCome"]) == ("fraud-1", reasons, 1)


def test_a_failed_job_is_shown_with_the_last_lines_of_its_log(program: Program, dynamodb: Any) -> None:
    log = {"group": "/aws/sagemaker/TrainingJobs", "stream": "hpo-002/algo-1", "lines": ["Traceback", "out of memory"]}
    record(dynamodb, "fraud-1", "FAILED", 1, result={"log": log})
    assert program("show", "fraud-1").out.endswith("hpo-002/algo-1:\n  Traceback\n  out of memory\n")


def test_a_job_without_a_record_exits_2_and_says_how_to_look_for_its_trigger(program: Program, dynamodb: Any) -> None:
    done = program("show", "fraud-9")
    assert (done.code, done.out) == (2, "")
    assert "jobs --trigger" in done.err
