"""`step` and `track` pass the event on to the library, and count, log or raise its answer: as plain calls."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import step
import track
import wiring
from neptune_training.aws.neptune_errors import LookFailed
from neptune_training.flow import sagemaker_hints
from neptune_training.flow import step as flow_step
from neptune_training.flow.pause import Pause
from neptune_training.flow.tick import Done
from neptune_training.model.problems import Problem
from tests.test_jobs import started

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
ANY: Any = object()  # what is only passed on


class Context:
    """Lambda's context, with so many milliseconds left."""

    def __init__(self, milliseconds: int) -> None:
        self.milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


def logged(caplog: pytest.LogCaptureFixture, *fields: str) -> list[Any]:
    """Level, message and these fields of the only record."""
    [record] = caplog.records
    return [record.levelname, record.message, *(vars(record)[name] for name in fields)]


# --- Lambda -----------------------------------------------------------------------------------------------------------


def test_the_time_is_in_utc_and_an_invocation_ends_when_lambdas_milliseconds_are_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert wiring.now().tzinfo is UTC
    monkeypatch.setattr(wiring, "now", lambda: NOW)
    assert wiring.deadline(Context(1_500)) == NOW + timedelta(seconds=1.5)


# --- step -------------------------------------------------------------------------------------------------------------


def take(monkeypatch: pytest.MonkeyPatch, answer: Any) -> step.Trouble:
    """Take a step of the job `a`, of which the library returns or raises `answer`."""

    def taken(*given: Any, **named: Any) -> Any:
        assert [given, named] == [(services, "a", NOW, pause), {"has_turn": True}]
        if isinstance(answer, Exception):
            raise answer
        return answer

    services, pause, trouble = ANY, Pause(), step.Trouble()
    monkeypatch.setattr(flow_step, "take", taken)
    step.take(services, "a", NOW, pause, has_turn=True, trouble=trouble)
    return trouble


DENIED = (Problem(field="CancelMLModelTrainingJob", value="AccessDeniedException", problem="no", remedy="Allow it"),)


@pytest.mark.parametrize(("answer", "denied"), [(None, []), (started(), []), (started(warnings=DENIED), ["a"])])
def test_a_step_that_is_taken_notes_only_a_cancellation_that_was_denied(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, answer: Any, denied: list[str]
) -> None:
    assert take(monkeypatch, answer) == step.Trouble(failed=[], denied=denied)
    assert caplog.records == []


def test_a_look_that_fails_is_noted_and_not_logged_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    failed = LookFailed("GetMLModelTrainingJob", "A", "no")
    assert take(monkeypatch, failed) == step.Trouble(failed=["a"], denied=[])
    assert caplog.records == []


def test_a_step_that_fails_is_noted_and_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert take(monkeypatch, RuntimeError("no")) == step.Trouble(failed=["a"], denied=[])
    assert logged(caplog, "jobId") == ["ERROR", "step failed", "a"]
    assert "RuntimeError: no" in caplog.text


# --- track ------------------------------------------------------------------------------------------------------------


def test_a_hint_is_taken_until_the_invocation_ends_and_one_that_cannot_be_read_is_ignored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: list[Any] = []

    def taken(*each: Any) -> Done:
        given.append(each)
        return Done(invoked=1)

    monkeypatch.setattr(track, "tracker", lambda: ANY)
    monkeypatch.setattr(wiring, "now", lambda: NOW)
    monkeypatch.setattr(sagemaker_hints, "take", taken)
    detail = {"TrainingJobArn": "arn:1", "TrainingJobName": "fraud-1"}
    assert track.hint({"detail": detail}, "TrainingJob", Context(1_000)) == Done(invoked=1)
    assert given == [(ANY, ("arn:1", "fraud-1", True), NOW + timedelta(seconds=1))]
    assert track.hint({"detail": None}, "TrainingJob", Context(1_000)) == Done()
    assert len(given) == 1
