"""The meaning of Neptune's errors and the messages about them, as plain calls."""

from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)

from neptune_training.aws import neptune_errors
from neptune_training.aws.neptune_errors import (
    AtCapacity,
    CancelFailed,
    ConstraintViolated,
    Failure,
    IdInUse,
    LookFailed,
    PermanentFailure,
    Refused,
    Unanswered,
)
from neptune_training.model.statuses import WaitingFor


@pytest.mark.parametrize(
    ("code", "message", "status", "kind", "waiting_for"),
    [
        ("ThrottlingException", "", 400, AtCapacity, WaitingFor.CAPACITY),
        ("AccessDeniedException", "", 403, Refused, WaitingFor.ACCESS),
        ("BadRequestException", "The DataProcessing job is Not Completed", 400, Refused, WaitingFor.DATA_PROCESSING),
        ("BadRequestException", "Job is not completed", 400, Refused, WaitingFor.PREVIOUS_TRAINING),
        ("BadRequestException", "wrong", 400, PermanentFailure, None),
        ("InvalidParameterException", "A job with the Same id already exists", 400, IdInUse, None),
        ("InvalidParameterException", "wrong", 400, PermanentFailure, None),
        ("ConstraintViolationException", "", 400, ConstraintViolated, None),
        ("New", "", 429, AtCapacity, WaitingFor.CAPACITY),
        ("New", "", 400, Refused, WaitingFor.ERROR),
        ("New", "", 499, Refused, WaitingFor.ERROR),
        ("New", "", 399, Unanswered, None),
        ("New", "", 500, Unanswered, None),
        ("New", "", 0, Unanswered, None),
        ("RequestTimeout", "", 408, Unanswered, None),
    ],
)
def test_a_failed_start_means_this(
    code: str, message: str, status: int, kind: type[Failure], waiting_for: WaitingFor | None
) -> None:
    found = neptune_errors.failure_by_code(code, message, "r-1", status)
    assert type(found) is kind
    assert [found.code, found.message, found.request_id] == [code, message, "r-1"]
    assert getattr(found, "waiting_for", None) is waiting_for


UNTRUSTED, URL = OSError("[SSL: CERTIFICATE_VERIFY_FAILED]"), "https://neptune.invalid"


@pytest.mark.parametrize(
    ("error", "kind", "waiting_for"),
    [
        (ParamValidationError(report="no"), PermanentFailure, None),
        (NoCredentialsError(), Refused, WaitingFor.ACCESS),
        (EndpointConnectionError(endpoint_url=URL), Refused, WaitingFor.NEPTUNE),
        (ConnectTimeoutError(endpoint_url=URL), Refused, WaitingFor.NEPTUNE),
        (ProxyConnectionError(proxy_url=URL), Refused, WaitingFor.NEPTUNE),
        (SSLError(endpoint_url=URL, error=UNTRUSTED), Refused, WaitingFor.NEPTUNE),
        (SSLError(endpoint_url=URL, error=OSError("EOF occurred")), Unanswered, None),
        (ReadTimeoutError(endpoint_url=str(UNTRUSTED)), Unanswered, None),
    ],
)
def test_a_start_without_an_answer_is_refused_only_if_it_was_not_sent(
    error: Any, kind: type[Failure], waiting_for: WaitingFor | None
) -> None:
    found = neptune_errors.failure_of_start(error)
    assert type(found) is kind
    assert [found.code, found.message, found.request_id] == [type(error).__name__, str(error), None]
    assert getattr(found, "waiting_for", None) is waiting_for


def test_an_answer_means_what_its_code_its_text_and_its_status_mean() -> None:
    said: Any = {
        "Error": {"Code": "New", "Message": "no"},
        "ResponseMetadata": {"RequestId": "r-1", "HTTPStatusCode": 400},
    }
    found = neptune_errors.failure_of_start(ClientError(said, "StartMLModelTrainingJob"))
    assert [type(found), str(found), found.request_id] == [Refused, "New: no", "r-1"]


@pytest.mark.parametrize(
    ("response", "found"),
    [
        (
            {"Error": {"Code": "A", "Message": "m"}, "ResponseMetadata": {"RequestId": "r"}},
            ("A", "m", "r"),
        ),
        (
            {"Error": {"Code": "A", "Message": "m"}, "detailedMessage": "d", "requestId": "n", "code": "B"},
            ("A", "d", "n"),
        ),
        ({"Error": {"Code": "400"}, "code": "B"}, ("B", "Neptune gave no message", None)),
        ({"Error": {"Code": "400"}}, ("400", "Neptune gave no message", None)),
        ({"Error": {}}, ("Unknown", "Neptune gave no message", None)),
        ({}, ("Unknown", "Neptune gave no message", None)),
        ({"Error": {"Code": "A"}, "detailedMessage": "x" * 2049}, ("A", "x" * 2048, None)),
    ],
)
def test_an_errors_details_are_neptunes_own_if_it_gave_them(response: Any, found: tuple[str, str, str | None]) -> None:
    assert neptune_errors.details(ClientError(response, "Operation")) == found


def test_an_error_without_an_answer_has_its_kind_as_its_code() -> None:
    error = ReadTimeoutError(endpoint_url="x" * 3000)
    assert neptune_errors.details(error) == ("ReadTimeoutError", str(error)[:2048], None)
    assert len(neptune_errors.details(error)[1]) == 2048


@pytest.mark.parametrize(
    ("response", "status"),
    [
        ({}, 0),
        ({"ResponseMetadata": {}}, 0),
        ({"ResponseMetadata": {"HTTPStatusCode": "400"}}, 0),
        ({"ResponseMetadata": {"HTTPStatusCode": 418}}, 418),
    ],
)
def test_an_answer_without_an_http_status_has_the_status_0(response: Any, status: int) -> None:
    assert neptune_errors.http_status(ClientError(response, "Operation")) == status


@pytest.mark.parametrize(
    ("kind", "given", "said"),
    [
        (
            PermanentFailure,
            ("A", "is wrong", "r-1"),
            (
                "StartMLModelTrainingJob: is wrong (value: A, requestId r-1). Fix the problem that Neptune names, then"
                " upload the configuration again, or send a new event (under another id, if it names one)"
            ),
        ),
        (
            Refused,
            ("A", "is full", None, WaitingFor.CAPACITY),
            "StartMLModelTrainingJob: is full (value: A). Nothing to do: it is tried again",
        ),
        (
            Refused,
            ("A", "no", None, WaitingFor.ACCESS),
            (
                "StartMLModelTrainingJob: no (value: A). Ask the operator of the stack to grant the functions'"
                " role access to this cluster"
            ),
        ),
        (
            LookFailed,
            ("GetMLModelTrainingJob", "AccessDenied", "no", "r-1"),
            (
                "GetMLModelTrainingJob: no (value: AccessDenied, requestId r-1). Ask the operator of the stack to"
                " grant the functions' role access to this cluster"
            ),
        ),
        (
            LookFailed,
            ("GetMLModelTrainingJob", "A", "no"),
            "GetMLModelTrainingJob: no (value: A). Nothing to do: it is tried again",
        ),
        (
            CancelFailed,
            ("A", "no", "r-1"),
            "CancelMLModelTrainingJob: no (value: A, requestId r-1). Nothing to do: it is sent again each minute",
        ),
        (
            CancelFailed,
            ("AccessDenied", "no"),
            (
                "CancelMLModelTrainingJob: no (value: AccessDenied). Ask the operator of the stack to allow"
                " the functions' roles neptune-db:CancelMLModelTrainingJob"
            ),
        ),
    ],
)
def test_a_failure_is_a_problem_with_what_a_person_can_do(
    kind: type[Failure], given: tuple[Any, ...], said: str
) -> None:
    failure = kind(*given)
    assert [str(failure.problem), str(failure)] == [said, f"{failure.code}: {failure.message}"]


def test_only_too_many_requests_pass_by_themselves() -> None:
    looks = [LookFailed("GetMLModelTrainingJob", code, "m") for code in ("ThrottlingException", "InternalFailure")]
    assert [each.will_pass for each in looks] == [True, False]
    assert [each.waiting_for for each in looks] == [WaitingFor.NEPTUNE, WaitingFor.NEPTUNE]
