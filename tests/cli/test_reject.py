"""A job of which nobody can say whether Neptune has it is ended by hand: REJECTED, its slot free."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from neptune_training.aws.dynamodb_items import plain, typed
from neptune_training.aws.table import Table
from neptune_training.model.jobs import Requested
from neptune_training.model.triggers import Trigger, TriggerKind
from tests.cli.conftest import Said
from tests.cli.stack_server import StackServer

Program = Callable[..., Said]
CAPACITY: Any = {"jobId": {"S": "#capacity"}}


@pytest.fixture
def table(aws: boto3.Session, stack: StackServer) -> Table:
    return Table(aws.client("dynamodb"), "training-jobs")


def requested(aws: boto3.Session, table: Table, *, lease: timedelta) -> None:
    """Write a REQUESTED job, and its slot."""
    now = datetime.now(UTC)
    trigger = Trigger(kind=TriggerKind.EVENT, identity="event 1", source="mine")
    times = {"leaseUntil": now + lease, "nextAttemptAt": now, "createdAt": now, "updatedAt": now}
    table.create(Requested(jobId="fraud-1", model="mine", trigger=trigger, fingerprint="f", **times))
    table.add_slots(["fraud-1", "another"])


def slots(aws: boto3.Session) -> set[str]:
    found: Any = aws.client("dynamodb").get_item(TableName="training-jobs", Key=CAPACITY)["Item"]
    return set(plain(found)["slots"])


def test_a_job_whose_lease_is_over_is_rejected_and_its_slot_is_free(
    program: Program, aws: boto3.Session, table: Table
) -> None:
    requested(aws, table, lease=timedelta(minutes=-1))
    assert program("reject", "fraud-1", "--yes", "--json").json == {"jobId": "fraud-1", "status": "REJECTED"}
    job = table.get("fraud-1")
    assert job is not None
    assert (job.status, job.version) == ("REJECTED", 2)
    assert "an operator has ended it" in job.reasons[0].problem
    assert slots(aws) == {"another"}
    assert table.unfinished() == []


def test_a_job_whose_start_may_be_on_its_way_is_left_alone(program: Program, aws: boto3.Session, table: Table) -> None:
    requested(aws, table, lease=timedelta(minutes=1))
    done = program("reject", "fraud-1", "--yes")
    assert done.code == 2
    assert "may be on its way until" in done.err
    job = table.get("fraud-1")
    assert job is not None
    assert job.status == "REQUESTED"


def test_without_yes_and_with_nobody_to_ask_nothing_is_done(program: Program, aws: boto3.Session, table: Table) -> None:
    requested(aws, table, lease=timedelta(minutes=-1))
    done = program("reject", "fraud-1")
    assert (done.code, "Give --yes." in done.err) == (2, True)
    assert slots(aws) == {"fraud-1", "another"}


def test_a_job_that_a_step_changes_while_the_operator_is_asked_is_left_as_the_step_left_it(
    program: Program, aws: boto3.Session, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    requested(aws, table, lease=timedelta(minutes=-1))

    def step_takes_its_turn(*_: object, **__: object) -> None:
        job = table.get("fraud-1")
        assert isinstance(job, Requested)
        table.save(job.next_unchanged(datetime.now(UTC)))

    monkeypatch.setattr("cli.reject.confirm", step_takes_its_turn)
    done = program("reject", "fraud-1")
    assert (done.code, "has changed meanwhile" in done.err) == (2, True)
    assert slots(aws) == {"fraud-1", "another"}


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({}, "There is no record of fraud-1"),
        ({"status": "REQUESTED", "somethingElse": 1}, "cannot be read by this version"),
    ],
)
def test_a_record_that_is_not_there_or_cannot_be_read_is_left_alone(
    program: Program, aws: boto3.Session, table: Table, item: dict[str, Any], expected: str
) -> None:
    if item:
        aws.client("dynamodb").put_item(TableName="training-jobs", Item=typed({"jobId": "fraud-1", **item}))
    done = program("reject", "fraud-1", "--yes")
    assert (done.code, expected in done.err) == (2, True)
