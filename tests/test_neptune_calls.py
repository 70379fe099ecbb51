"""The calls to Neptune ML with all their parameters, and what is made of the answers."""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.stub import Stubber

from neptune_training.aws.neptune import Absent, Accepted, Found, Look, Neptune, Unknown
from neptune_training.aws.neptune_errors import CancelFailed, ConstraintViolated, Refused, Unanswered
from tests.stubs import client, stubbed

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
REQUEST = {"id": "fraud-1", "dataProcessingJobId": "dp-1", "trainModelS3Location": "s3://out/fraud-1"}
ROLE = {"neptuneIamRoleArn": "arn:role"}
TIMEOUT = ReadTimeoutError(endpoint_url="https://neptune.invalid")
CONSTRAINT = "ConstraintViolationException"


@pytest.fixture
def calls() -> Iterator[Stubber]:
    with stubbed("neptunedata") as stubber:
        yield stubber


def failing(operation: str, error: Exception) -> Any:
    """A client whose call raises what botocore raises without an answer, or if it cannot read the answer."""

    def fail(**_: Any) -> None:
        raise error

    return SimpleNamespace(**{operation: fail})


# --- a start ----------------------------------------------------------------------------------------------------------


def neptune(starts: Any, slept: list[float] | None = None) -> Neptune:
    return Neptune(starts, looks=None, now=lambda: NOW, sleep=(slept if slept is not None else []).append)  # type: ignore[arg-type]


@pytest.fixture
def longest_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "random", lambda: 1.0)


def test_a_start_that_is_accepted_is_sent_once(calls: Stubber) -> None:
    calls.add_response("start_ml_model_training_job", {"arn": "arn:1", "creationTimeInMillis": 7}, dict(REQUEST))
    assert neptune(calls.client).start(REQUEST, until=NOW) == Accepted("arn:1", 7)


@pytest.mark.usefixtures("longest_wait")
def test_a_start_is_sent_again_once_after_a_violated_constraint(calls: Stubber) -> None:
    slept: list[float] = []
    for _ in range(2):
        calls.add_client_error("start_ml_model_training_job", CONSTRAINT, "no", expected_params=dict(REQUEST))
    with pytest.raises(ConstraintViolated):
        neptune(calls.client, slept).start(REQUEST, until=NOW + timedelta(hours=1))
    assert slept == [0.25]
    calls.add_client_error("start_ml_model_training_job", CONSTRAINT)
    calls.add_response("start_ml_model_training_job", {"arn": "arn:1", "creationTimeInMillis": 7}, dict(REQUEST))
    assert neptune(calls.client).start(REQUEST, until=NOW + timedelta(hours=1)) == Accepted("arn:1", 7)


@pytest.mark.usefixtures("longest_wait")
@pytest.mark.parametrize(("milliseconds", "tries"), [(0, 1), (250, 1), (251, 2)])
def test_a_start_is_not_sent_again_at_the_end_of_its_time(calls: Stubber, milliseconds: int, tries: int) -> None:
    for _ in range(tries):
        calls.add_client_error("start_ml_model_training_job", CONSTRAINT)
    with pytest.raises(ConstraintViolated):
        neptune(calls.client).start(REQUEST, until=NOW + timedelta(milliseconds=milliseconds))


def test_a_start_that_is_refused_is_not_sent_again(calls: Stubber) -> None:
    calls.add_client_error("start_ml_model_training_job", "AccessDeniedException", "no", http_status_code=403)
    with pytest.raises(Refused, match=r"^AccessDeniedException: no$"):
        neptune(calls.client).start(REQUEST, until=NOW + timedelta(hours=1))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (TIMEOUT, f"ReadTimeoutError: {TIMEOUT}"),
        (KeyError("x"), "BrokenAnswer: The answer cannot be read: KeyError: 'x'"),
    ],
)
def test_a_start_without_an_answer_is_unanswered(error: Exception, said: str) -> None:
    with pytest.raises(Unanswered) as raised:
        neptune(failing("start_ml_model_training_job", error)).start(REQUEST, until=NOW)
    assert str(raised.value) == said


# --- looks ------------------------------------------------------------------------------------------------------------

LOOKS: list[tuple[str, str, Callable[[Neptune, str | None], Look]]] = [
    ("get_ml_model_training_job", "GetMLModelTrainingJob", lambda looks, role: looks.training("a", role)),
    ("get_ml_data_processing_job", "GetMLDataProcessingJob", lambda looks, role: looks.data_processing("a", role)),
]


def looking(looks: Any) -> Neptune:
    return Neptune(client("neptunedata"), looks=looks, now=lambda: NOW, sleep=pytest.fail)  # type: ignore[arg-type]


@pytest.mark.parametrize(("method", "operation", "look"), LOOKS)
def test_a_look_names_the_role_if_the_request_has_one_and_finds_the_status(
    calls: Stubber, method: str, operation: str, look: Callable[[Neptune, str | None], Look]
) -> None:
    calls.add_response(method, {"status": "InProgress"}, {"id": "a", **ROLE})
    calls.add_response(method, {"status": "Failed"}, {"id": "a"})
    found = [look(looking(calls.client), role) for role in ("arn:role", None)]
    assert found == [Found("InProgress", {}), Found("Failed", {})]


def said(look: Look) -> Any:
    """Return a look so that it can be compared: of an exception its text, its operation and its request id."""
    return [str(look.failure), look.failure.operation, look.failure.request_id] if isinstance(look, Unknown) else look


@pytest.mark.parametrize(("method", "operation", "look"), LOOKS)
def test_a_look_that_fails_says_why(
    calls: Stubber, method: str, operation: str, look: Callable[[Neptune, str | None], Look]
) -> None:
    calls.add_response(method, {})
    assert said(look(looking(calls.client), None)) == ["BrokenAnswer: The answer has no status", operation, None]
    calls.add_client_error(method, "InternalFailureException", "no", response_meta={"RequestId": "r-1"})
    assert said(look(looking(calls.client), None)) == ["InternalFailureException: no", operation, "r-1"]
    assert said(look(looking(failing(method, TIMEOUT)), None)) == [f"ReadTimeoutError: {TIMEOUT}", operation, None]
    assert said(look(looking(failing(method, KeyError("x"))), None)) == [
        "BrokenAnswer: The answer cannot be read: KeyError: 'x'",
        operation,
        None,
    ]


@pytest.mark.parametrize(("method", "operation", "look"), LOOKS)
def test_a_look_at_a_job_that_neptune_does_not_have_says_so(
    calls: Stubber, method: str, operation: str, look: Callable[[Neptune, str | None], Look]
) -> None:
    calls.add_client_error(method, "MLResourceNotFoundException", "no")
    assert isinstance(look(looking(calls.client), None), Absent)


# --- a cancellation ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "clean", "sent"),
    [("arn:role", True, {**ROLE, "clean": True}), (None, False, {})],
)
def test_a_cancellation_names_the_role_and_asks_for_deletion_only_if_it_should(
    calls: Stubber, role: str | None, clean: bool, sent: dict[str, Any]
) -> None:
    calls.add_response("cancel_ml_model_training_job", {"status": "200"}, {"id": "a", **sent})
    assert looking(calls.client).send_cancellation("a", role, clean=clean) is None


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("MLResourceNotFoundException", "no"),
        ("InvalidParameterException", "The job has already completed or failed"),
    ],
)
def test_a_job_that_is_over_needs_no_cancellation(calls: Stubber, code: str, message: str) -> None:
    calls.add_client_error("cancel_ml_model_training_job", code, message)
    assert looking(calls.client).send_cancellation("a", None, clean=False) is None


def test_a_cancellation_that_neptune_does_not_take_says_why(calls: Stubber) -> None:
    def sent(looks: Any) -> list[str | None]:
        failed = looking(looks).send_cancellation("a", None, clean=False)
        assert isinstance(failed, CancelFailed)
        return [str(failed), failed.request_id]

    calls.add_client_error("cancel_ml_model_training_job", "A", "no", response_meta={"RequestId": "r-1"})
    method = "cancel_ml_model_training_job"
    assert sent(calls.client) == ["A: no", "r-1"]
    assert sent(failing(method, TIMEOUT)) == [f"ReadTimeoutError: {TIMEOUT}", None]
    assert sent(failing(method, KeyError("x"))) == ["BrokenAnswer: The answer cannot be read: KeyError: 'x'", None]
