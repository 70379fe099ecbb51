"""A training is cancelled by an event on the stack's bus, as an application does it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from moto.events.models import EventsBackend

from neptune_training.checks import events
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


def test_people_read_what_happens_next(program: Program, received: list[Any]) -> None:
    said = program("cancel", "weekly-43")
    assert said.code == 0
    assert "to cancel weekly-43" in said.out
    assert "neptune-training show weekly-43" in said.out
    assert len(received) == 1


def test_what_is_not_an_id_is_refused_and_nothing_is_sent(program: Program, received: list[Any]) -> None:
    said = program("cancel", "models/fraud/")
    assert (said.code, received) == (2, [])
    assert "models/fraud/ is not the id of a job. List the unfinished jobs: neptune-training jobs" in said.err


def test_an_event_that_eventbridge_does_not_take_is_an_error(program: Program, stack: StackServer) -> None:
    stack.outputs["EventBus"] = "no-such-bus"
    assert program("cancel", "weekly-43").code == 2
