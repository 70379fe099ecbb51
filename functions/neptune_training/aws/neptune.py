"""Calls to Neptune ML: start and cancel a training job; get the status of training and data-processing jobs.

`neptune_errors` has the meaning of each error of a start.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError
from tenacity import Retrying, retry_if_exception_type, wait_random

from neptune_training.aws.neptune_errors import (
    CancelFailed,
    ConstraintViolated,
    LookFailed,
    Unanswered,
    details,
    failure_of_start,
)
from neptune_training.model.stages import ENDED, STAGES
from neptune_training.model.statuses import FinalStatus

if TYPE_CHECKING:
    from mypy_boto3_neptunedata import NeptuneDataClient


RUNNING = {"inprogress", "pending", "starting", "stopping"}


class Accepted(NamedTuple):
    """Hold the answer to a start that Neptune has accepted. The time is in milliseconds since 1970."""

    arn: str
    creation_time_in_millis: int


@dataclass(frozen=True)
class Found:
    """Hold Neptune's answer about a job that it has.

    `status` is Neptune's own word, such as "InProgress". A job with an unknown status counts as running. `stages` holds
    the SageMaker jobs: `{"hpo": {"status": "Completed", "outputLocation": "s3://…"}}`.
    """

    status: str
    stages: dict[str, dict[str, Any]]

    @property
    def end(self) -> FinalStatus | None:
        """Return how it has ended, None if it has not."""
        return ENDED.get(self.status.lower())

    @property
    def runs(self) -> bool:
        """Return True if the status is a known one of a job that has not ended."""
        return self.status.lower() in RUNNING

    def writes_to(self, location: str) -> bool | None:
        """Return True if its output is below `location`, an S3 URI; None while Neptune does not show it."""
        output = self.stages.get("processing", {}).get("outputLocation")
        return None if not output else f"{output}/".startswith(f"{location.rstrip('/')}/")


class Absent:
    """Say that Neptune has no such job."""


@dataclass(frozen=True)
class Unknown:
    """Say that the look failed: the job may exist or not."""

    failure: LookFailed


Look = Found | Absent | Unknown

# What botocore raises if the answer's body has another form than the service's: a proxy's page, or half an answer.
BROKEN = (AttributeError, KeyError, TypeError, ValueError, OverflowError, RecursionError)
MAX_CHARACTERS = 2048


class Neptune:
    """Make the four calls that training needs.

    Neither client must retry by itself, because a start that is sent twice could be two jobs. `looks` is the client for
    the other calls. It can have a shorter timeout, so that a slow answer delays other jobs less.
    """

    def __init__(
        self,
        client: "NeptuneDataClient",
        *,
        looks: "NeptuneDataClient",
        now: Callable[[], datetime],
        sleep: Callable[[float], None],
    ) -> None:
        self._client, self._looks, self._now, self._sleep = client, looks, now, sleep

    def start(self, request: dict[str, Any], *, until: datetime) -> Accepted:
        """Send StartMLModelTrainingJob, and once more after a violated constraint, if that is before `until`.

        `request` has the API's own parameters: `{"id": "fraud-b1e3…", "dataProcessingJobId": "dp-1"}`. After a 429 (too
        many requests), `flow.drain` sends the start again, at a pace that all jobs share.

        Raises:
            Refused: Neptune did not start it now; a retry may succeed.
            PermanentFailure: Neptune did not start it, and a retry would not help.
            IdInUse: a job with this id exists.
            Unanswered: it is not known if Neptune started it.
        """
        again = Retrying(
            retry=retry_if_exception_type(ConstraintViolated),
            wait=wait_random(max=0.25),
            stop=lambda state: (
                state.attempt_number > 1 or self._now() + timedelta(seconds=state.upcoming_sleep) >= until
            ),
            sleep=self._sleep,
            reraise=True,
        )
        return again(self._start, request)

    def _start(self, request: dict[str, Any]) -> Accepted:
        try:
            answer: Any = self._client.start_ml_model_training_job(**request)
        except (ClientError, BotoCoreError) as error:
            raise failure_of_start(error) from error
        except BROKEN as error:
            raise Unanswered("BrokenAnswer", broken(error)) from error
        return accepted(answer)

    def training(self, job_id: str, role: str | None) -> Look:
        """Look at a training job. `role` is the neptuneIamRoleArn of its request, if it has one."""
        ask = self._looks.get_ml_model_training_job
        return look("GetMLModelTrainingJob", lambda: ask(id=job_id, **role_parameter(role)))

    def send_cancellation(self, job_id: str, role: str | None, *, clean: bool) -> CancelFailed | None:
        """Send CancelMLModelTrainingJob. Return why Neptune did not take it; None if it did, or if the job has ended.

        `clean` also deletes what the job has written.
        """
        parameters: dict[str, Any] = {"clean": True} if clean else {}
        try:
            self._looks.cancel_ml_model_training_job(id=job_id, **parameters, **role_parameter(role))
        except (ClientError, BotoCoreError) as error:
            code, message, request_id = details(error)
            over = absent(code, message) or has_ended(code, message)
            return None if over else CancelFailed(code, message, request_id)
        except BROKEN as error:
            return CancelFailed("BrokenAnswer", broken(error))
        return None

    def data_processing(self, job_id: str, role: str | None) -> Look:
        """Look at a data-processing job."""
        ask = self._looks.get_ml_data_processing_job
        return look("GetMLDataProcessingJob", lambda: ask(id=job_id, **role_parameter(role)))


def look(operation: str, ask: Callable[[], Any]) -> Look:
    """Return the result of a look. It is `Unknown` after an error; botocore's errors are not raised."""
    try:
        return found(ask()) or Unknown(LookFailed(operation, "BrokenAnswer", "The answer has no status"))
    except (ClientError, BotoCoreError) as error:
        code, message, request_id = details(error)
        return Absent() if absent(code, message) else Unknown(LookFailed(operation, code, message, request_id))
    except BROKEN as error:
        return Unknown(LookFailed(operation, "BrokenAnswer", broken(error)))


def role_parameter(role: str | None) -> dict[str, Any]:
    """Return the parameter for the role. All calls about a job need the role of its request, if it has one."""
    return {"neptuneIamRoleArn": role} if role else {}


def broken(error: Exception) -> str:
    """Return the message for an answer that cannot be read."""
    return f"The answer cannot be read: {type(error).__name__}: {error}"[:MAX_CHARACTERS]


def accepted(answer: Mapping[str, Any]) -> Accepted:
    """Return what the record keeps of the answer to a start.

    Raises:
        Unanswered: the answer has no ARN or time that can be stored.
    """
    arn, created = answer.get("arn"), answer.get("creationTimeInMillis")
    if not (isinstance(arn, str) and len(arn) <= MAX_CHARACTERS and isinstance(created, int) and 0 <= created < 2**63):
        raise Unanswered("BrokenAnswer", "The answer has no arn and creationTimeInMillis")
    return Accepted(arn, created)


def found(answer: dict[str, Any]) -> Found | None:
    """Return the status and the stages of an answer; None if it has no status."""
    status = answer.get("status")
    if not isinstance(status, str) or not status:
        return None
    return Found(status[:MAX_CHARACTERS], dict(stages(answer)))


def stages(answer: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield name and values of each stage that has begun, such as `("hpo", {"status": "InProgress"})`."""
    for name, member in STAGES.items():
        stage = answer.get(member)
        if stage:
            yield name, {key: str(value)[:MAX_CHARACTERS] for key, value in stage.items() if value is not None}


def has_ended(code: str, message: str) -> bool:
    """Return True for the answer to a cancellation of a job that has ended (Neptune's API reference, its errors)."""
    return code == "InvalidParameterException" and "already completed or failed" in message.lower()


def absent(code: str, message: str) -> bool:
    """Return True for the three answers that mean that the job does not exist. No other answer means that.

    The codes are in the service model `neptunedata`; docs/errors.md says where the texts come from.
    """
    text = message.lower()
    return (
        code == "MLResourceNotFoundException"
        or (code == "InvalidParameterException" and "whether a resource with the given id exists" in text)
        or (code == "BadRequestException" and "job doesn't exist" in text)
    )
