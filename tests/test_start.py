"""`start` records a request and takes its first step; its answer, its log and its metrics, as plain calls."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

import start
import wiring
from neptune_training.flow import drain, intake, step
from neptune_training.flow.pause import Pause
from neptune_training.model.jobs import Ended, Job
from neptune_training.model.statuses import Status, WaitingFor
from neptune_training.model.triggers import Trigger
from tests.test_entry_points import Context
from tests.test_jobs import WHY, started, waiting

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
END = NOW + timedelta(seconds=1)
CANCELLATION = waiting(trigger=Trigger(kind="cancellation", identity="c"), waitingFor=WaitingFor.FILES)
ACCESS = waiting(waitingFor=WaitingFor.ACCESS)
REJECTED: Ended = waiting().ended(Status.REJECTED, NOW, WHY)


class Library:
    """The library's part: the record of the request, its first step, and the job as a drain has left it.

    `first` is None if no first step must be taken; `after` is None if there is no drain.
    """

    def __init__(self, recorded: Job, *, new: bool, first: Job | None = None, after: Job | None = None) -> None:
        self.recorded, self.new, self.first, self.after = recorded, new, first, after
        table = SimpleNamespace(get={"fraud-1": after}.get)
        settings = SimpleNamespace(give_up_seconds=timedelta(hours=12))
        self.services: Any = SimpleNamespace(table=table, settings=settings, now=lambda: NOW)
        self.pauses: list[Pause] = []

    def record(self, *given: Any, **named: Any) -> tuple[Job, bool]:
        assert given == (self.services.table, "the body", "message-7")
        assert named == {"now": NOW, "first_step_by": END, "give_up": timedelta(hours=12)}
        return self.recorded, self.new

    def take_first(self, services: Any, job: Job, end: datetime, pause: Pause) -> Job:
        assert [services, job, end, type(pause)] == [self.services, self.recorded, END, Pause]
        assert self.first
        self.pauses = [pause]
        return self.first

    def drain(self, services: Any, pause: Pause, end: datetime) -> bool:
        assert [services, [pause], end] == [self.services, self.pauses, END]
        return self.after is not None


@pytest.fixture(autouse=True)
def no_metrics() -> Iterator[None]:
    start.metrics.clear_metrics()
    yield
    start.metrics.clear_metrics()


def begin(monkeypatch: pytest.MonkeyPatch, library: Library) -> dict[str, Any]:
    monkeypatch.setattr(wiring, "now", lambda: NOW)
    monkeypatch.setattr(intake, "record", library.record)
    monkeypatch.setattr(step, "first", library.take_first)
    monkeypatch.setattr(drain, "run", library.drain)
    return start.begin(library.services, "the body", "message-7", Context(1_000))


class Said(NamedTuple):
    """Hold the answer, the metrics and the log of one request. `logged` leaves out the last line, which all have."""

    status: str
    waiting_for: str | None
    counted: list[str]
    logged: list[dict[str, Any]]


REPEAT = {"message": "repeat", "repeats": "fraud-1", "messageId": "message-7"}
ENDED = {"message": "ended", "jobId": "fraud-1", "status": "REJECTED", "reasons": [str(WHY[0])]}


@pytest.mark.parametrize(
    ("library", "said"),
    [
        (Library(waiting(), new=True, first=started()), Said("STARTED", None, ["Requests"], [])),
        (Library(waiting(), new=True, first=waiting(), after=started()), Said("STARTED", None, ["Requests"], [])),
        (Library(waiting(), new=True, first=ACCESS), Said("WAITING", "access", ["Requests", "AccessDenied"], [])),
        (Library(CANCELLATION, new=True, first=CANCELLATION), Said("WAITING", "files", ["Cancellations"], [])),
        (Library(REJECTED, new=True), Said("REJECTED", None, ["Requests"], [ENDED])),
        (
            Library(started(), new=False),
            Said("STARTED", None, ["RequestsRepeated"], [{**REPEAT, "status": "STARTED"}]),
        ),
        (
            Library(CANCELLATION, new=False),
            Said("WAITING", "files", ["CancellationsRepeated"], [{**REPEAT, "status": "WAITING"}]),
        ),
    ],
    ids=["started", "started in a drain", "no access", "cancellation", "rejected", "repeat", "repeated cancellation"],
)
def test_a_request_is_recorded_then_takes_its_first_step_and_is_logged_and_counted(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, library: Library, said: Said
) -> None:
    arn = "arn:1" if said.status == "STARTED" else None
    assert begin(monkeypatch, library) == {"jobId": "fraud-1", "status": said.status, "arn": arn}
    request = {"message": "request", "jobId": "fraud-1", "status": said.status, "waitingFor": said.waiting_for}
    expected = [*said.logged, request]
    found = [vars(record) for record in caplog.records]
    assert [{name: each[name] for name in fields} for each, fields in zip(found, expected, strict=True)] == expected
    counts = {name: [metric["Unit"], *metric["Value"]] for name, metric in start.metrics.metric_set.items()}
    assert counts == {name: ["Count", 1.0] for name in said.counted}


def test_a_job_whose_record_is_gone_after_a_drain_is_answered_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library(waiting(), new=True, first=started())
    monkeypatch.setattr(library, "drain", lambda *_: True)
    assert begin(monkeypatch, library)["status"] == "STARTED"


MESSAGE = {"eventSource": "aws:sqs", "body": "{}", "messageId": "1"}


@pytest.mark.parametrize(
    ("event", "is_queue"),
    [
        ({"Records": [MESSAGE]}, True),
        ({"Records": [MESSAGE, MESSAGE]}, True),
        ({"Records": []}, True),
        ({"Records": [MESSAGE, {**MESSAGE, "eventSource": "aws:sns"}]}, False),
        ({"Records": [{**MESSAGE, "body": 1}]}, False),
        ({"Records": [{**MESSAGE, "messageId": None}]}, False),
        ({"Records": [{"eventSource": "aws:sqs", "body": "{}"}]}, False),
        ({"Records": {"0": MESSAGE}}, False),
        ({"records": [MESSAGE]}, False),
        ({}, False),
        ([MESSAGE], False),
    ],
)
def test_an_event_comes_from_the_queue_only_if_all_its_records_are_messages(event: Any, is_queue: bool) -> None:
    assert start.is_queue(event) is is_queue
