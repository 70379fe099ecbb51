"""Jobs are listed and shown as the table has them, of whatever version their records are."""

from collections.abc import Callable
from typing import Any

import boto3
import pytest

from cli import screen
from neptune_training.aws.dynamodb_items import typed
from tests.cli.conftest import Said
from tests.cli.stack_server import StackServer

Program = Callable[..., Said]
FRAUD = "s3://my-models/models/fraud/"


@pytest.fixture
def dynamodb(aws: boto3.Session, stack: StackServer) -> Any:
    return aws.client("dynamodb")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program's output goes to a terminal without colours."""
    monkeypatch.setattr(screen.console, "_force_terminal", True)
    monkeypatch.setattr(screen.console, "_color_system", None)
    monkeypatch.setattr(screen.console, "no_color", True)


def record(dynamodb: Any, job_id: str, status: str, minute: int, model: str = FRAUD, **fields: Any) -> None:
    at = f"2026-11-24T02:{minute:02d}:00.000Z"
    if status in ("WAITING", "REQUESTED", "STARTED"):
        fields = {"nextAttemptAt": at, **fields}
    trigger = {"kind": "upload", "identity": f"upload my-models {model.split('/', 3)[-1]} {minute}"}
    item: dict[str, Any] = {"jobId": job_id, "status": status, "model": model, "createdAt": at, "trigger": trigger}
    item.update(fields)
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
    assert program("jobs", "--trigger", "nobody-has-this").out == (
        "no job whose trigger has nobody-has-this in its key, its event's id or its source\n"
    )


def test_the_jobs_of_a_trigger_are_found_by_its_source(program: Program, dynamodb: Any) -> None:
    trigger = {"kind": "event", "identity": "event e-1", "source": "my.pipeline"}
    record(dynamodb, "weekly-43", "STARTED", 1, trigger=trigger)
    record(dynamodb, "weekly-44", "STARTED", 2)
    assert ids(program("jobs", "--trigger", "my.pipeline", "--json")) == ["weekly-43"]
    assert ids(program("jobs", "--trigger", "e-1", "--json")) == ["weekly-43"]


def test_a_model_without_a_job_is_said_by_the_name_that_was_looked_for(program: Program, dynamodb: Any) -> None:
    assert program("jobs", "--model", "s3://b/models/x").out == "no job of the model s3://b/models/x/\n"


def test_the_table_for_people_shows_what_users_wrote_as_it_is_written(program: Program, four_jobs: None) -> None:
    said = program("jobs").out
    assert "[/red]\\u001b[2J" in said
    assert "\x1b" not in said


def test_model_and_trigger_together_are_refused(program: Program, dynamodb: Any) -> None:
    done = program("jobs", "--model", FRAUD, "--trigger", "x")
    assert (done.code, done.out) == (2, "")


REASON = {"field": "trainingInstanceType", "problem": "is not allowed", "remedy": "Choose another", "value": "ml.p5"}


def test_a_terminal_shows_how_a_job_is_what_it_waits_for_and_each_reason_with_its_value_and_remedy(
    program: Program, dynamodb: Any, terminal: None
) -> None:
    more: dict[str, Any] = {"reasons": [REASON], "waitingFor": "access", "giveUpAt": "2026-11-25T02:00:00.000Z"}
    trigger = {"kind": "event", "identity": "event e-1", "source": "my.pipeline"}
    record(dynamodb, "fraud-1", "WAITING", 1, trigger=trigger, attempts=7, **more)
    said = program("show", "fraud-1").out.splitlines()
    assert said == [
        "WAITING  fraud-1",
        f"model         {FRAUD}",
        "createdAt     2026-11-24T02:01:00.000Z",
        "nextAttemptAt 2026-11-24T02:01:00.000Z",
        "trigger       event e-1, from my.pipeline",
        "waits for access, until 2026-11-25T02:00:00.000Z at the latest",
        "reason  trainingInstanceType: is not allowed (value: ml.p5)",
        "        Choose another",
        "The whole record: neptune-training show fraud-1 --json",
    ]


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_program_gets_the_whole_record_also_fields_of_a_later_version(
    program: Program, dynamodb: Any, options: tuple[str, ...]
) -> None:
    record(dynamodb, "fraud-1", "WAITING", 1, reasons=[REASON], fromAVersionToCome=1)
    said = program("show", "fraud-1", *options)
    assert said.code == 0
    assert [said.json["jobId"], said.json["reasons"], said.json["fromAVersionToCome"]] == ["fraud-1", [REASON], 1]


def test_a_failed_job_is_shown_with_the_last_lines_of_its_log(program: Program, dynamodb: Any, terminal: None) -> None:
    log = {"group": "/aws/sagemaker/TrainingJobs", "stream": "hpo-002/algo-1", "lines": ["Traceback", "out of memory"]}
    record(dynamodb, "fraud-1", "FAILED", 1, result={"log": log})
    assert "hpo-002/algo-1:\n  Traceback\n  out of memory\n" in program("show", "fraud-1").out


def test_a_job_without_a_record_exits_2_and_says_how_to_look_for_its_trigger(program: Program, dynamodb: Any) -> None:
    done = program("show", "fraud-9")
    assert (done.code, done.out) == (2, "")
    assert "jobs --trigger" in done.err


@pytest.mark.parametrize("fields", [{"reasons": "because"}, {"warnings": ["a"], "result": "b"}, {"note": b"\x00"}])
def test_a_record_that_a_person_has_written_is_shown_as_far_as_it_can_be_read(
    program: Program, dynamodb: Any, terminal: None, fields: dict[str, Any]
) -> None:
    record(dynamodb, "by-hand", "REQUESTED", 1, **fields)
    said = program("show", "by-hand")
    assert [said.code, "REQUESTED  by-hand" in said.out] == [0, True]
    assert program("show", "by-hand", "--json").json["jobId"] == "by-hand"
