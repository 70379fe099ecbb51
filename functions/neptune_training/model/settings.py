"""The operator's settings: one field for each environment variable that the template sets.

A field has the name of the template's parameter: `settle_seconds` for `SettleSeconds`. Durations are timedeltas, except
`neptune_read_timeout_seconds`, which is a number of seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from neptune_training.model.parameters import TrainingRequest

LISTS = ("subnets", "securityGroupIds")


def split(text: object) -> object:
    """Return the parts of a CommaDelimitedList, which CloudFormation passes as one text: `("a", "b")` for `"a, b"`."""
    return tuple(part.strip() for part in text.split(",") if part.strip()) if isinstance(text, str) else text


def number(text: object) -> object:
    """Return text as a number of seconds: pydantic would read the text as an ISO 8601 duration."""
    return float(text) if isinstance(text, str) else text


Seconds = Annotated[timedelta, BeforeValidator(number)]


@dataclass(frozen=True)
class Limit:
    """Declare a limit: which template parameter sets it, and which parameters of a request it limits.

    It annotates a field of `Limits`. If that field is an `int`, it is the largest allowed value. If it is a tuple, it
    holds patterns, such as `ml.g5.*`, and a value has to match one of them.
    """

    parameter: str
    of: tuple[str, ...]


class Limits(BaseModel):
    """Hold the operator's limits for all requests. `checks.request.over_limits` enforces each field."""

    model_config = ConfigDict(defer_build=True, frozen=True)

    instanceTypes: Annotated[
        tuple[str, ...],
        BeforeValidator(split),
        Limit("AllowedInstanceTypes", of=("trainingInstanceType", "baseProcessingInstanceType")),
    ] = (
        *("ml.g4dn.*", "ml.g5.*", "ml.g6.*"),
        *("ml.m5.*", "ml.m6i.*", "ml.c5.*", "ml.c6i.*", "ml.r5.*", "ml.r6i.*"),
    )
    maxHPONumberOfTrainingJobs: Annotated[
        int, Limit("MaxHPONumberOfTrainingJobsLimit", of=("maxHPONumberOfTrainingJobs",))
    ] = 100
    trainingTimeOutInSeconds: Annotated[
        int, Limit("TrainingTimeOutInSecondsLimit", of=("trainingTimeOutInSeconds",))
    ] = 86_400
    trainingInstanceVolumeSizeInGB: Annotated[
        int, Limit("TrainingInstanceVolumeSizeInGBLimit", of=("trainingInstanceVolumeSizeInGB",))
    ] = 1_000

    @classmethod
    def __pydantic_init_subclass__(cls, **_: object) -> None:
        """Raise TypeError for a field that does not say what it limits."""
        cls.declared()

    @classmethod
    def declared(cls) -> dict[str, Limit]:
        """Return the declaration of each field, by the field's name."""
        found = {
            name: [each for each in field.metadata if isinstance(each, Limit)]
            for name, field in cls.model_fields.items()
        }
        if wrong := [name for name, limits in found.items() if len(limits) != 1]:
            raise TypeError(f"a limit has to say what it limits, as Annotated[…, Limit(…)]: {', '.join(wrong)}")
        return {name: limits[0] for name, limits in found.items()}


class Settings(BaseModel):
    """Hold the environment of `start`, `step` and `track`, whose durations are numbers of seconds there."""

    model_config = ConfigDict(defer_build=True, frozen=True)

    training_jobs_table: str
    neptune_endpoint_url: str
    model_bucket: str
    model_prefix: str
    train_model_s3_location: str
    max_concurrent_training_jobs: int = 2
    max_concurrent_training_jobs_per_model: int = 500
    max_concurrent_steps: int = 5
    settle_seconds: Seconds = timedelta(seconds=60)
    files_grace_seconds: Seconds = timedelta(minutes=15)
    give_up_seconds: Seconds = timedelta(hours=12)
    slot_wait_seconds: Seconds = timedelta(days=14)
    doubt_seconds: Seconds = timedelta(days=1)
    status_check_seconds: Seconds = timedelta(minutes=1)
    capacity_probe_seconds: Seconds = timedelta(seconds=50)
    lease_slack_seconds: Seconds = timedelta(minutes=2)
    missing_seconds: Seconds = timedelta(hours=1)
    neptune_read_timeout_seconds: int = 20
    allow_cancel_clean: bool = False
    limits: Limits = Field(default_factory=Limits)
    defaults: Mapping[str, Any] = {}

    @property
    def models(self) -> str:
        """Return the upload folder, such as `s3://my-models/models/`."""
        return f"s3://{self.model_bucket}/{self.model_prefix}"

    def holds_models(self, bucket: str, prefix: str) -> bool:
        """Return True if uploads below this place start training, so that the functions have permission to read it."""
        return bucket == self.model_bucket and prefix.startswith(self.model_prefix)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the functions' variables: `SETTLE_SECONDS`, `LIMIT_instanceTypes`, `DEFAULT_subnets` and so on."""
        plain = {name.lower(): value for name, value in environment.items() if name.isupper()}
        known = {name: value for name, value in plain.items() if name in cls.model_fields and value}
        limits = Limits.model_validate(group(environment, "LIMIT_"))
        return cls.model_validate({**known, "limits": limits, "defaults": defaults(group(environment, "DEFAULT_"))})


def group(environment: Mapping[str, str], prefix: str) -> dict[str, str]:
    """Return the variables whose names start with `prefix`, without it: `{"subnets": "subnet-1a,subnet-2b"}`.

    An empty variable counts as not set, because CloudFormation cannot leave a variable out.
    """
    return {
        name.removeprefix(prefix): value for name, value in environment.items() if name.startswith(prefix) and value
    }


def defaults(texts: Mapping[str, str]) -> dict[str, Any]:
    """Return default parameters in their own types, such as `{"subnets": ["subnet-1a"]}`.

    Raises:
        ValueError: a default is not valid. The function fails as a whole: the deployment is wrong, not a request.
    """
    return {name: of_type(name, split(text) if name in LISTS else text) for name, text in texts.items()}


def of_type(name: str, value: object) -> Any:
    """Return a default in its parameter's own type: numbers as numbers, lists as lists. Raises ValueError."""
    field: Any = TrainingRequest.model_fields[name]
    try:
        return TypeAdapter(field.annotation).validate_python(value)
    except ValidationError as error:
        raise ValueError(f"the stack's default for {name}, {value!r}, is not {field.description}") from error
