"""Neptune ML: start a training job, ask how it and its data processing are. `failures` says what an error means."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError
from tenacity import RetryCallState, Retrying, wait_random_exponential

from neptune_training.aws.neptune_errors import Unanswered, Unseen, details, failure_of_start, worth_another
from neptune_training.model.statuses import FinalStatus, Status

if TYPE_CHECKING:
    from mypy_boto3_neptunedata import NeptuneDataClient


RUNNING = {"inprogress", "pending", "starting", "stopping"}
ENDED: dict[str, FinalStatus] = {
    "completed": Status.COMPLETED,
    "failed": Status.FAILED,
    **dict.fromkeys(("stopped", "cancelled", "canceled"), Status.STOPPED),
}


class Accepted(NamedTuple):
    """Neptune started the job."""

    arn: str
    creation_time_in_millis: int


@dataclass(frozen=True)
class Found:
    """What Neptune knows of a job. `status` is Neptune's own word; what it is not known to mean still runs."""

    status: str
    stages: dict[str, dict[str, Any]]

    @property
    def end(self) -> FinalStatus | None:
        """Return how it has ended, None if it has not."""
        return ENDED.get(self.status.lower())

    @property
    def runs(self) -> bool:
        """Return True if the word is known for a job that has not ended."""
        return self.status.lower() in RUNNING

    def writes_to(self, location: str) -> bool | None:
        """Return True if its output is below `location`, an S3 URI; None while Neptune does not tell it."""
        output = self.stages.get("processing", {}).get("outputLocation")
        return None if not output else f"{output.rstrip('/')}/".startswith(f"{location.rstrip('/')}/")


class Absent:
    """Neptune says that it has no such job."""


@dataclass(frozen=True)
class Unknown:
    """The look failed: the job may be there or not."""

    failure: Unseen


Look = Found | Absent | Unknown

# What botocore raises for a body of another shape than the service's: a proxy's page, or half an answer.
BROKEN = (AttributeError, KeyError, TypeError, ValueError, OverflowError, RecursionError)
MAX_CHARACTERS = 2048


class Neptune:
    """The three calls that training needs.

    Neither client may retry by itself: a start that is sent twice may be two jobs. `looks` is the client for the calls
    that only read; in a group of jobs it gives up sooner, so that a slow answer delays the others less.
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

    def start(self, request: dict[str, Any], *, until: datetime, once: bool = False) -> Accepted:
        """Send StartMLModelTrainingJob, again and again until `until` while Neptune has too many requests.

        `once` sends it once: it is the probe for all jobs that wait.

        Raises:
            Refused, NeverStarts, IdInUse, Unanswered: as `neptune_errors` says.
        """
        retrying = Retrying(
            retry=lambda state: worth_another(error_of(state), state.attempt_number, probing=once),
            wait=wait_random_exponential(multiplier=0.25, max=4),
            stop=lambda state: self._now() + timedelta(seconds=state.upcoming_sleep) >= until,
            sleep=self._sleep,
            reraise=True,
        )
        return retrying(self._start, request)

    def _start(self, request: dict[str, Any]) -> Accepted:
        try:
            answer: Any = self._client.start_ml_model_training_job(**request)
        except (ClientError, BotoCoreError) as error:
            raise failure_of_start(error) from error
        except BROKEN as error:
            raise Unanswered("BrokenAnswer", broken(error)) from error
        return accepted(answer)

    def training(self, job_id: str, role: str | None) -> Look:
        """GetMLModelTrainingJob. `role` is the request's own neptuneIamRoleArn, if it named one."""
        ask = self._looks.get_ml_model_training_job
        return look("GetMLModelTrainingJob", lambda: ask(id=job_id, **role_parameter(role)))

    def data_processing(self, job_id: str, role: str | None) -> Look:
        """GetMLDataProcessingJob."""
        ask = self._looks.get_ml_data_processing_job
        return look("GetMLDataProcessingJob", lambda: ask(id=job_id, **role_parameter(role)))


def look(operation: str, ask: Callable[[], Any]) -> Look:
    """What an answer says of a job, of whatever shape the answer is."""
    try:
        return found(ask()) or Unknown(Unseen(operation, "BrokenAnswer", "The answer has no status"))
    except (ClientError, BotoCoreError) as error:
        code, message, request_id = details(error)
        return Absent() if absent(code, message) else Unknown(Unseen(operation, code, message, request_id))
    except BROKEN as error:
        return Unknown(Unseen(operation, "BrokenAnswer", broken(error)))


def error_of(state: RetryCallState) -> BaseException | None:
    """Return what the last attempt raised."""
    return state.outcome.exception() if state.outcome else None


def role_parameter(role: str | None) -> dict[str, Any]:
    """Where the role came with the request, calls about its job need it too."""
    return {"neptuneIamRoleArn": role} if role else {}


def broken(error: Exception) -> str:
    """What can be said of an answer that could not be read."""
    return f"The answer cannot be read: {type(error).__name__}: {error}"[:MAX_CHARACTERS]


def accepted(answer: Mapping[str, Any]) -> Accepted:
    """What the record keeps of a start. Raises `Unanswered` where it says that in no form that can be kept."""
    arn, created = answer.get("arn"), answer.get("creationTimeInMillis")
    if not (isinstance(arn, str) and len(arn) <= MAX_CHARACTERS and isinstance(created, int) and 0 <= created < 2**63):
        raise Unanswered("BrokenAnswer", "The answer has no arn and creationTimeInMillis")
    return Accepted(arn, created)


def found(answer: dict[str, Any]) -> Found | None:
    """The status and the three stages; an answer without a status says nothing."""
    status = answer.get("status")
    if not isinstance(status, str) or not status:
        return None
    return Found(status[:MAX_CHARACTERS], dict(stages(answer)))


def stages(answer: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The jobs below a training job that have begun."""
    for name, member in (("processing", "processingJob"), ("hpo", "hpoJob"), ("transform", "modelTransformJob")):
        stage = answer.get(member)
        if stage:
            yield name, {key: str(value)[:MAX_CHARACTERS] for key, value in stage.items() if value is not None}


def absent(code: str, message: str) -> bool:
    """Only three answers to a look mean that the job is not there; nothing else is ever taken for that."""
    text = message.lower()
    return (
        code == "MLResourceNotFoundException"
        or (code == "InvalidParameterException" and "whether a resource with the given id exists" in text)
        or (code == "BadRequestException" and "job doesn't exist" in text)
    )
