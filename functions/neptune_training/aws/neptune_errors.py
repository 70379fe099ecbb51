"""The meaning of a failed StartMLModelTrainingJob. The *code* of the error decides; docs/errors.md has the table.

- `Refused`: Neptune did not start it now, and a retry may succeed (capacity, access, data not ready …);
- `PermanentFailure`: Neptune did not start it, and a retry would not help;
- `IdInUse`: a job with this id exists; it can be ours;
- `Unanswered`: it is not known if Neptune started it.

Sources of the codes: the errors of StartMLModelTrainingJob in botocore's service model `neptunedata`; botocore's
throttling codes (`retries/standard.py`); the AWS documents on common errors of signed requests.
"""

from http import HTTPStatus
from typing import Any, TypeAlias

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ProxyConnectionError,
    SSLError,
)

from neptune_training.model.problems import AGAIN, NOTHING_TO_DO, Problem
from neptune_training.model.statuses import WaitingFor

# TooManyRequestsException is Neptune's (service model). The others are botocore's throttling codes: a gateway
# in front of Neptune can send them.
THROTTLING = {
    "TooManyRequestsException",
    "ThrottlingException",
    "Throttling",
    "ThrottledException",
    "RequestThrottledException",
    "RequestThrottled",
    "TooManyRequests",
    "RequestLimitExceeded",
    "SlowDown",
    "PriorRequestNotComplete",
    "LimitExceededException",
}
# "Common Errors" in the API references of AWS: signature, credentials, permissions. The service model has none of them.
ACCESS = {
    "AccessDenied",
    "AccessDeniedException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "ExpiredToken",
    "ExpiredTokenException",
    "RequestExpired",
    "NotAuthorized",
    "OptInRequired",
}
# The errors of the service model `neptunedata` that say that the request itself cannot be carried out.
PERMANENT = {
    "InvalidParameterException",
    "BadRequestException",
    "MissingParameterException",
    "MLResourceNotFoundException",
    "UnsupportedOperationException",
    "PreconditionsFailedException",
    "InvalidArgumentException",
    "IllegalArgumentException",
}
# Timeouts have a 4xx status, but the job may have started. ClientTimeoutException is Neptune's (service model); the
# others are transient errors for botocore (`retries/standard.py`).
AMBIGUOUS = {"ClientTimeoutException", "408", "RequestTimeout", "RequestTimeoutException"}
CONSTRAINT = "ConstraintViolationException"
NEVER_SENT = (EndpointConnectionError, ConnectTimeoutError, ProxyConnectionError)


class Failure(Exception):  # noqa: N818 - the subclasses say what happened
    """Hold a failed call: its error code, message and request id. See `details`."""

    def __init__(self, code: str, message: str, request_id: str | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.request_id = code, message, request_id

    operation = "StartMLModelTrainingJob"

    @property
    def problem(self) -> Problem:
        """Return the failure as a problem, for the record and the announcement."""
        sent = f", requestId {self.request_id}" if self.request_id else ""
        return Problem(field=self.operation, value=f"{self.code}{sent}", problem=self.message, remedy=self.remedy)

    @property
    def remedy(self) -> str:
        """Return what a person can do about it."""
        return f"Fix the problem that Neptune names, then {AGAIN[0].lower()}{AGAIN[1:]}"


class PermanentFailure(Failure):
    """Say that Neptune will not start this request: a retry would not help."""


class ConstraintViolated(PermanentFailure):
    """Say that Neptune found a violation of a constraint. Such a start is repeated once.

    The service model calls it retryable, but its message says that a value is wrong.
    """


class IdInUse(Failure):
    """Say that a job with this id exists already."""


class Unanswered(Failure):
    """Say that the job may have started."""


class TransientFailure(Failure):
    """Say that a retry may succeed. `waiting_for` is what has to change before that."""

    def __init__(self, code: str, message: str, request_id: str | None, waiting_for: WaitingFor) -> None:
        super().__init__(code, message, request_id)
        self.waiting_for = waiting_for

    @property
    def remedy(self) -> str:
        """Return what a person can do about it."""
        if self.waiting_for is WaitingFor.ACCESS:
            return "Ask the operator of the stack to grant the functions' role access to this cluster"
        return f"{NOTHING_TO_DO}: it is tried again"


class Refused(TransientFailure):
    """Say that Neptune did not start it now."""


class LookFailed(TransientFailure):
    """Say that a look failed: Neptune did not give the status of a job."""

    def __init__(self, operation: str, code: str, message: str, request_id: str | None = None) -> None:
        super().__init__(code, message, request_id, WaitingFor.ACCESS if code in ACCESS else WaitingFor.NEPTUNE)
        self.operation = operation

    @property
    def will_pass(self) -> bool:
        """Return True if Neptune only has too many requests: no person has to act."""
        return self.code in THROTTLING


class CancelFailed(TransientFailure):
    """Say that Neptune did not take a cancellation. It is sent again at the job's next step."""

    operation = "CancelMLModelTrainingJob"

    def __init__(self, code: str, message: str, request_id: str | None = None) -> None:
        super().__init__(code, message, request_id, WaitingFor.ACCESS if code in ACCESS else WaitingFor.NEPTUNE)

    @property
    def remedy(self) -> str:
        """Return what a person can do about it."""
        if self.waiting_for is WaitingFor.ACCESS:
            return "Ask the operator of the stack to allow the functions' roles neptune-db:CancelMLModelTrainingJob"
        return f"{NOTHING_TO_DO}: it is sent again each minute"


class AtCapacity(Refused):
    """Say that Neptune has too many requests or jobs: `flow.drain` sends such a start again within seconds."""


StartFailure: TypeAlias = IdInUse | PermanentFailure | Refused | Unanswered


def failure_of_start(error: ClientError | BotoCoreError) -> StartFailure:
    """Return the meaning of a failed start. It is `Unanswered` unless the error is known to be a refusal."""
    code, message, request_id = details(error)
    if isinstance(error, ClientError):
        return failure_by_code(code, message, request_id, http_status(error))
    if isinstance(error, ParamValidationError):
        return PermanentFailure(code, message)
    if isinstance(error, NoCredentialsError):
        return Refused(code, message, None, WaitingFor.ACCESS)
    # An untrusted certificate ends the connection before the request. Other TLS errors can come after it was sent.
    if isinstance(error, NEVER_SENT) or (isinstance(error, SSLError) and "CERTIFICATE_VERIFY_FAILED" in message):
        return Refused(code, message, None, WaitingFor.NEPTUNE)
    return Unanswered(code, message)


def http_status(error: ClientError) -> int:
    """Return the HTTP status of the answer, 0 if there was none."""
    status: Any = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return status if isinstance(status, int) else 0


def failure_by_code(  # noqa: PLR0911 - one row of the table each
    code: str, message: str, request_id: str | None, status: int
) -> StartFailure:
    """Return what an error code means, as docs/errors.md has it row by row.

    The HTTP `status` only decides for a code that is in no list. A 4xx means that Neptune, or a gateway in front of it,
    refused the request. After any other status it is not known if the job was started.
    """
    text = message.lower()
    said = code, message, request_id
    if code in THROTTLING:
        return AtCapacity(*said, WaitingFor.CAPACITY)
    if code in ACCESS:
        return Refused(*said, WaitingFor.ACCESS)
    if code == "BadRequestException" and "not completed" in text:
        return Refused(*said, WaitingFor.DATA_PROCESSING if "dataprocessing" in text else WaitingFor.PREVIOUS_TRAINING)
    if code == "InvalidParameterException" and "same id already exists" in text:
        return IdInUse(*said)
    if code == CONSTRAINT:
        return ConstraintViolated(*said)
    if code in PERMANENT:
        return PermanentFailure(*said)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return AtCapacity(*said, WaitingFor.CAPACITY)
    if code not in AMBIGUOUS and HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return Refused(*said, WaitingFor.ERROR)
    return Unanswered(*said)


def details(error: ClientError | BotoCoreError) -> tuple[str, str, str | None]:
    """Return code, message and request id of an error: `("TooManyRequestsException", "Rate exceeded", "0a1b…")`.

    The message is Neptune's `detailedMessage`, because botocore's own `Message` is often empty for Neptune.
    """
    if not isinstance(error, ClientError):
        return type(error).__name__, str(error)[:2048], None
    response: Any = error.response
    code = str(response.get("Error", {}).get("Code") or "Unknown")
    if code.isdigit():  # no error type, so botocore took the HTTP status: the body may have a code
        code = str(response.get("code") or code)
    message = response.get("detailedMessage") or response.get("Error", {}).get("Message") or "Neptune gave no message"
    request_id = response.get("requestId") or response.get("ResponseMetadata", {}).get("RequestId")
    return code, str(message)[:2048], str(request_id) if request_id else None
