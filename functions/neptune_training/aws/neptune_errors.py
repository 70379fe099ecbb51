"""What a failed StartMLModelTrainingJob means. The answer's error *code* decides, never its HTTP status.

- `Refused`: Neptune did not start it now, and another try may succeed (capacity, access, data not ready …);
- `NeverStarts`: Neptune did not start it, and no other try will;
- `IdInUse`: a job with this id exists, perhaps ours;
- `Unanswered`: nobody knows. It may have started.
"""

from http import HTTPStatus
from typing import Any

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
AMBIGUOUS = {"ClientTimeoutException", "408", "RequestTimeout", "RequestTimeoutException"}  # 4xx, and may have started
CONSTRAINT = "ConstraintViolationException"
NEVER_SENT = (EndpointConnectionError, ConnectTimeoutError, ProxyConnectionError)


class Failure(Exception):  # noqa: N818 - the subclasses say what happened
    """What Neptune said, in its own words: `message` is its `detailedMessage`."""

    def __init__(self, code: str, message: str, request_id: str | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.request_id = code, message, request_id

    operation = "StartMLModelTrainingJob"

    @property
    def problem(self) -> Problem:
        """Return it for the record and the announcement."""
        sent = f", requestId {self.request_id}" if self.request_id else ""
        return Problem(field=self.operation, value=f"{self.code}{sent}", problem=self.message, remedy=self.remedy)

    @property
    def remedy(self) -> str:
        """What the person who reads this can do."""
        return f"Fix what Neptune names, then: {AGAIN[0].lower()}{AGAIN[1:]}"


class NeverStarts(Failure):
    """Neptune will not start this request, however often it is asked."""


class ConstraintViolated(NeverStarts):
    """The service model calls it retryable, its text says that a value is wrong: worth one more try, no third."""


class IdInUse(Failure):
    """A job with this id exists already."""


class Unanswered(Failure):
    """The start may have happened."""


class NotNow(Failure):
    """The next time may be better. `waiting_for` says what has to change."""

    def __init__(self, code: str, message: str, request_id: str | None, waiting_for: WaitingFor) -> None:
        super().__init__(code, message, request_id)
        self.waiting_for = waiting_for

    @property
    def remedy(self) -> str:
        """Who has to act, if anybody."""
        if self.waiting_for is WaitingFor.ACCESS:
            return "The operator of the stack grants the functions' role access to this cluster"
        return f"{NOTHING_TO_DO}: it is tried again"


class Refused(NotNow):
    """Neptune did not start it now."""


class Unseen(NotNow):
    """Neptune did not say how a job is."""

    def __init__(self, operation: str, code: str, message: str, request_id: str | None = None) -> None:
        super().__init__(code, message, request_id, WaitingFor.ACCESS if code in ACCESS else WaitingFor.NEPTUNE)
        self.operation = operation

    @property
    def will_pass(self) -> bool:
        """Whether Neptune only has too much to do."""
        return self.code in THROTTLING


class AtCapacity(Refused):
    """Neptune has too many requests or jobs: the only refusal worth another try within seconds."""


def failure_of_start(error: ClientError | BotoCoreError) -> Failure:
    """What a failed start means. What is not known to be a refusal may have started."""
    code, message, request_id = details(error)
    if isinstance(error, ClientError):
        return failure_by_code(code, message, request_id, http_status(error))
    if isinstance(error, ParamValidationError):
        return NeverStarts(code, message)
    if isinstance(error, NoCredentialsError):
        return Refused(code, message, None, WaitingFor.ACCESS)
    # Other TLS errors can come after the request went out.
    if isinstance(error, NEVER_SENT) or (isinstance(error, SSLError) and "CERTIFICATE_VERIFY_FAILED" in message):
        return Refused(code, message, None, WaitingFor.NEPTUNE)
    return Unanswered(code, message)


def http_status(error: ClientError) -> int:
    """Return the HTTP status of the answer, 0 if there was none."""
    status: Any = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status if isinstance(status, int) else 0


def failure_by_code(  # noqa: PLR0911 - one row of the table each
    code: str, message: str, request_id: str | None, status: int = 0
) -> Failure:
    """Return what an error code means, as docs/errors.md has it row by row.

    Only a code that is in no list is judged by its HTTP `status`: a 4xx says that the request was refused, by Neptune
    or by something in between; anything else leaves open whether the job was started.
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
        return NeverStarts(*said)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return AtCapacity(*said, WaitingFor.CAPACITY)
    if code not in AMBIGUOUS and HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return Refused(*said, WaitingFor.ERROR)
    return Unanswered(*said)


def details(error: ClientError | BotoCoreError) -> tuple[str, str, str | None]:
    """Code, message and request id: with Neptune's bodies botocore's own Message is often empty."""
    if not isinstance(error, ClientError):
        return type(error).__name__, str(error)[:2048], None
    response: Any = error.response
    code = str(response.get("Error", {}).get("Code") or "Unknown")
    if code.isdigit():  # an answer without an error type: what the body says, if it says more than the HTTP status
        code = str(response.get("code") or code)
    message = response.get("detailedMessage") or response.get("Error", {}).get("Message") or "Neptune gave no message"
    request_id = response.get("requestId") or response.get("ResponseMetadata", {}).get("RequestId")
    return code, str(message)[:2048], str(request_id) if request_id else None


def worth_another(error: BaseException | None, attempts: int, *, probing: bool) -> bool:
    """Whether the same invocation sends a start once more after so many. A probe asks once, for all jobs."""
    if isinstance(error, ConstraintViolated):
        return attempts < 2
    return isinstance(error, AtCapacity) and not probing
