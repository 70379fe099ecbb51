"""A training is cancelled by an event on the stack's bus, as an application does it."""

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from moto.events.models import EventsBackend

from neptune_training.aws.dynamodb_items import typed
from neptune_training.checks import events
from neptune_training.model.statuses import Status
from tests.cli.conftest import Said
from tests.cli.stack_server import StackServer

Program = Callable[..., Said]


@pytest.fixture
def received(stack: StackServer, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The entries that have come to the stack's bus. Moto's own rules and archives need a package that is not here."""
    entries: list[Any] = []
    put = EventsBackend.put_events

    def noted(backend: EventsBackend, events: list[Any]) -> list[Any]:
        assert all(each["EventBusName"] in backend.event_buses for each in events)
        entries.extend(events)
        return put(backend, events)

    monkeypatch.setattr(EventsBackend, "put_events", noted)
    return entries


@pytest.mark.parametrize(("options", "clean"), [((), False), (("--clean",), True)])
def test_a_cancellation_is_an_event_that_the_functions_can_read(
    program: Program, received: list[Any], options: tuple[str, ...], clean: bool
) -> None:
    said = program("cancel", "weekly-43", *options, "--json").json
    [entry] = received
    event = {"id": said["eventId"], "detail-type": entry["DetailType"], "detail": json.loads(entry["Detail"])}
    assert events.read(json.dumps(event)).parameters == {"id": "weekly-43", "clean": clean}
    assert [entry["Source"], said["jobId"]] == ["neptune-training", "weekly-43"]


def recorded(aws: boto3.Session, status: str) -> None:
    item = typed({"jobId": "weekly-43", "status": status})
    aws.client("dynamodb").put_item(TableName="training-jobs", Item=item)


@pytest.mark.parametrize("status", ["WAITING", "REQUESTED", "STARTED"])
def test_people_read_what_happens_next(program: Program, received: list[Any], aws: boto3.Session, status: str) -> None:
    recorded(aws, status)
    said = program("cancel", "weekly-43")
    assert said.code == 0
    assert "to cancel weekly-43" in said.out
    assert "is STOPPED when Neptune has stopped it" in said.out
    assert "neptune-training show weekly-43" in said.out
    assert len(received) == 1


@pytest.mark.parametrize("status", [status for status in Status if status.final])
def test_a_job_that_has_ended_gets_no_event_and_exits_1_with_its_status(
    program: Program, received: list[Any], aws: boto3.Session, status: Status
) -> None:
    recorded(aws, status)
    said = program("cancel", "weekly-43")
    assert (said.code, said.out) == (1, f"weekly-43 has already ended: {status}. Nothing was sent.\n")
    again = program("cancel", "weekly-43", "--json")
    assert (again.code, again.json, received) == (1, {"jobId": "weekly-43", "status": status}, [])


def test_a_job_without_a_record_gets_the_event_and_the_command_that_shows_what_becomes_of_it(
    program: Program, received: list[Any]
) -> None:
    said = program("cancel", "weekly-43")
    assert (said.code, len(received)) == (0, 1)
    assert "There is no record of weekly-43 yet." in said.out
    event_id = said.out.split()[2]
    assert said.out.endswith(f"See its status: neptune-training jobs --trigger {event_id}\n")


def test_a_record_that_cannot_be_read_keeps_nobody_from_cancelling(
    program: Program, received: list[Any], stack: StackServer
) -> None:
    stack.outputs["TrainingJobsTable"] = "no-such-table"
    said = program("cancel", "weekly-43")
    assert (said.code, len(received)) == (0, 1)
    assert "neptune-training show weekly-43" in said.out


def test_clean_is_refused_and_nothing_is_sent_if_the_stack_does_not_allow_it(
    program: Program, received: list[Any], stack: StackServer
) -> None:
    stack.parameters["AllowCancelClean"] = "false"
    said = program("cancel", "weekly-43", "--clean")
    assert (said.code, said.out, received) == (2, "", [])
    assert "AllowCancelClean is false" in said.err
    assert program("cancel", "weekly-43").code == 0
    stack.parameters["AllowCancelClean"] = "true"
    assert program("cancel", "weekly-43", "--clean").code == 0


def test_what_is_not_an_id_is_refused_and_nothing_is_sent(program: Program, received: list[Any]) -> None:
    said = program("cancel", "models/fraud/")
    assert (said.code, received) == (2, [])
    assert "models/fraud/ is not the id of a job. List the unfinished jobs: neptune-training jobs" in said.err


def test_an_event_that_eventbridge_does_not_take_is_an_error(program: Program, stack: StackServer) -> None:
    stack.outputs["EventBus"] = "no-such-bus"
    assert program("cancel", "weekly-43").code == 2
