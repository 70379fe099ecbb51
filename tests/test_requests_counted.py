"""What `start` logs, counts and answers for each kind of request."""

import json
from typing import Any

import pytest

from neptune_training.model.problems import Problem
from tests.world import World

START = "StartMLModelTrainingJob"


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch, world: World, capsys: pytest.CaptureFixture[str]) -> Any:
    """Return the metrics that were printed since the last call."""
    monkeypatch.delenv("POWERTOOLS_METRICS_DISABLED")

    def read() -> dict[str, Any]:
        found = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
        return {
            each["Name"]: [*metrics[each["Name"]], each["Unit"]]
            for metrics in found
            for each in metrics["_aws"]["CloudWatchMetrics"][0]["Metrics"]
        }

    return read


def logged(caplog: pytest.LogCaptureFixture, *messages: str) -> list[dict[str, Any]]:
    """The fields that these messages have in the log; the log is then empty."""
    fields = ("repeats", "jobId", "status", "waitingFor", "messageId", "reasons")
    found = [vars(record) for record in caplog.records if record.message in messages]
    caplog.clear()
    return [{name: each[name] for name in ("message", *fields) if name in each} for each in found]


def test_a_request_is_logged_and_counted_and_so_is_its_repeat(
    world: World, printed: Any, caplog: pytest.LogCaptureFixture
) -> None:
    body = world.requested(id="mine")
    answer = world.start(body)
    assert answer == {"jobId": "mine", "status": "STARTED", "arn": world.job("mine")["arn"]}
    request = {"message": "request", "jobId": "mine", "status": "STARTED", "waitingFor": None}
    assert logged(caplog, "request", "repeat", "ended") == [request]
    assert printed() == {"Requests": [1.0, "Count"]}
    assert world.start(body, "message-7") == answer
    repeat = {"message": "repeat", "repeats": "mine", "status": "STARTED", "messageId": "message-7"}
    assert logged(caplog, "request", "repeat", "ended") == [repeat, request]
    assert printed() == {"RequestsRepeated": [1.0, "Count"]}


def test_a_cancellation_is_counted_by_itself(world: World, printed: Any) -> None:
    body = world.cancelled("mine")
    assert [world.start(body)["status"], printed()] == ["WAITING", {"Cancellations": [1.0, "Count"]}]
    assert [world.start(body)["status"], printed()] == ["WAITING", {"CancellationsRepeated": [1.0, "Count"]}]


def test_an_event_that_cannot_be_read_is_logged_with_its_problems(
    world: World, printed: Any, caplog: pytest.LogCaptureFixture
) -> None:
    answer = world.start("not JSON")
    said = {"jobId": answer["jobId"], "status": "REJECTED"}
    assert answer == {**said, "arn": None}
    [ended, request] = logged(caplog, "request", "repeat", "ended")
    assert world.job()["trigger"]["identity"] == "message message-0"
    assert ended.pop("reasons") == [str(Problem.model_validate(each)) for each in world.job()["reasons"]]
    assert [ended, request] == [{"message": "ended", **said}, {"message": "request", **said, "waitingFor": None}]
    assert printed() == {"Requests": [1.0, "Count"]}


def test_a_job_that_waits_for_access_is_counted(world: World, printed: Any, caplog: pytest.LogCaptureFixture) -> None:
    world.neptune.fail(START, "AccessDeniedException")
    assert world.start(world.requested())["status"] == "WAITING"
    assert [each["waitingFor"] for each in logged(caplog, "request")] == ["access"]
    assert printed() == {"Requests": [1.0, "Count"], "AccessDenied": [1.0, "Count"]}


def test_a_job_that_starts_in_the_drain_is_answered_as_it_is_then(world: World) -> None:
    world.neptune.fail(START, "TooManyRequestsException")
    answer = world.start(world.requested())
    assert [answer["status"], world.posts()] == ["STARTED", 2]
