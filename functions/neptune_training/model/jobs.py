"""What a training job is: its states and what its record holds.

    WAITING ⇄ REQUESTED → STARTED → COMPLETED | FAILED | STOPPED
       └──────────┴─────→ REJECTED | SUPERSEDED

A `Job` is a value. Each method here returns the next one and touches nothing else; `steps` decides which, and `table`
stores it only where the record still is what the step has seen.
"""

import hashlib
import json
import re
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    TypeAdapter,
    ValidationError,
)

from neptune_training.model.parameters import S3Directory
from neptune_training.model.problems import Problem
from neptune_training.model.times import to_milliseconds, to_text


def read_back(asked: object) -> object:
    """What was asked is stored as text: it may hold numbers that DynamoDB has no room for."""
    return json.loads(asked) if isinstance(asked, str) else asked


Time = Annotated[datetime, AfterValidator(to_milliseconds), PlainSerializer(to_text)]


DIRECTORY: TypeAdapter[str] = TypeAdapter(S3Directory)
MAX_MODEL_CHARACTERS = 512  # the key of an index: 2,048 bytes at most


class Status(StrEnum):
    """Where a job is. The final ones are final: to try again is a new upload or event."""

    WAITING = "WAITING"
    REQUESTED = "REQUESTED"
    STARTED = "STARTED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    STOPPED = "STOPPED"
    REJECTED = "REJECTED"
    SUPERSEDED = "SUPERSEDED"

    @property
    def final(self) -> bool:
        """Whether nothing will happen to the job any more."""
        return self not in UNFINISHED


UNFINISHED = (Status.STARTED, Status.REQUESTED, Status.WAITING)


class WaitingFor(StrEnum):
    """What a WAITING job waits for."""

    TURN = "its turn"
    SETTLING = "files to settle"
    FILES = "files"
    DATA_PROCESSING = "data processing"
    PREVIOUS_TRAINING = "previous training"
    SLOT = "a slot"
    CAPACITY = "capacity"
    NEPTUNE = "Neptune"
    ACCESS = "access"
    ERROR = "an error to pass"


# One probe speaks for all jobs that wait for these.
CLUSTER_WIDE = (WaitingFor.SLOT, WaitingFor.CAPACITY, WaitingFor.NEPTUNE)


class Trigger(BaseModel):
    """What asked for the training. `identity` is the same for every delivery of it and for nothing else."""

    model_config = ConfigDict(frozen=True, extra="allow")

    kind: str
    identity: str
    source: str | None = None
    eventId: str | None = None
    time: str | None = None
    bucket: str | None = None
    key: str | None = None
    etag: str | None = None
    versionId: str | None = None
    sequencer: str | None = None

    @property
    def directory(self) -> str:
        """The key of the uploaded file without its name: `models/fraud/`."""
        return (self.key or "").rpartition("/")[0] + "/"


class Job(BaseModel):
    """One record of the TrainingJobs table. `request` holds StartMLModelTrainingJob's parameters as sent."""

    model_config = ConfigDict(frozen=True, extra="allow")  # a field of a later release survives a write by this one

    jobId: str
    status: Status
    version: int = 1
    model: str
    trigger: Trigger
    asked: Annotated[dict[str, Any], BeforeValidator(read_back), PlainSerializer(json.dumps)] = {}
    fingerprint: str
    request: dict[str, Any] | None = None
    files: dict[str, str] | None = None
    reasons: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    rawBody: str | None = None

    waitingFor: WaitingFor | None = None
    waitedFor: WaitingFor | None = None
    nextAttemptAt: Time | None = None
    giveUpAt: Time | None = None
    leaseUntil: Time | None = None
    attempts: int = 0
    unanswered: bool = False
    supersededBy: str | None = None

    arn: str | None = None
    creationTimeInMillis: int | None = None
    neptuneStatus: str | None = None
    stages: dict[str, dict[str, Any]] | None = None
    missingSince: Time | None = None

    createdAt: Time
    updatedAt: Time
    startedAt: Time | None = None
    endedAt: Time | None = None

    def becomes(self, status: Status, now: datetime, **changes: Any) -> Self:
        """The next version of this record: what concerned only the state that it leaves is gone."""
        leaves = dict.fromkeys(("waitingFor", "waitedFor", "nextAttemptAt", "giveUpAt", "leaseUntil"))
        return self.model_copy(
            update={**leaves, "reasons": (), **changes, "status": status, "version": self.version + 1, "updatedAt": now}
        )

    def waits(
        self, reason: WaitingFor, now: datetime, *, next_attempt: datetime, give_up: datetime, **changes: Any
    ) -> Self:
        """WAITING for `reason`."""
        return self.becomes(
            Status.WAITING, now, waitingFor=reason, nextAttemptAt=next_attempt, giveUpAt=give_up, **changes
        )

    def claimed(self, now: datetime, lease_until: datetime, **changes: Any) -> Self:
        """REQUESTED by whoever stores this. What it waited for is kept: to wait for that again is no news."""
        return self.becomes(
            Status.REQUESTED,
            now,
            leaseUntil=lease_until,
            nextAttemptAt=lease_until,
            attempts=self.attempts + 1,
            waitedFor=self.waitingFor or self.waitedFor,
            **changes,
        )

    def started(self, now: datetime, *, look_again: datetime, **changes: Any) -> Self:
        """STARTED: Neptune has it."""
        return self.becomes(
            Status.STARTED, now, startedAt=now, nextAttemptAt=look_again, neptuneStatus="InProgress", **changes
        )

    def followed(self, now: datetime, *, look_again: datetime, **changes: Any) -> Self:
        """Still STARTED, looked at once more."""
        return self.becomes(Status.STARTED, now, nextAttemptAt=look_again, **changes)

    def ended(self, status: Status, now: datetime, reasons: tuple[Problem, ...] = (), **changes: Any) -> Self:
        """A final state."""
        return self.becomes(status, now, endedAt=now, reasons=reasons, **changes)


def fingerprint(asked: object) -> str:
    """Tells one request from another: equal for equal JSON, in whatever order its keys come."""
    text = json.dumps(asked, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def derived_id(name: str, identity: str) -> str:
    """A job id, at most 48 letters, digits and hyphens: readable by `name`, unique by the trigger's `identity`."""
    slug = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:27].strip("-") or "model"
    return f"{slug}-{hashlib.sha256(identity.encode()).hexdigest()[:20]}"


def new(trigger: Trigger, asked: dict[str, Any], now: datetime, *, first_step_by: datetime, give_up: timedelta) -> Job:
    """Write a request down. `start` takes the first step; if it has not by `first_step_by`, `track` does."""
    model = model_of(trigger, asked)
    name = model.rstrip("/").rpartition("/")[2] if model.startswith("s3://") else ""
    return Job(
        jobId=asked.get("id") or derived_id(name, trigger.identity),
        status=Status.WAITING,
        model=model,
        trigger=trigger,
        asked=asked,
        fingerprint=fingerprint(asked),
        waitingFor=WaitingFor.TURN,
        nextAttemptAt=first_step_by,
        giveUpAt=now + give_up,
        createdAt=now,
        updatedAt=now,
    )


def rejected(trigger: Trigger, reasons: tuple[Problem, ...], now: datetime, **known: Any) -> Job:
    """Write a request down that cannot be trained. Its id is the trigger's, never one that the request names."""
    model = (trigger.source or trigger.kind)[:MAX_MODEL_CHARACTERS]
    known = {"model": model, "asked": {}, "fingerprint": fingerprint(None), **known}
    return Job(
        jobId=derived_id("rejected", trigger.identity),
        status=Status.REJECTED,
        trigger=trigger,
        reasons=reasons,
        createdAt=now,
        updatedAt=now,
        endedAt=now,
        **known,
    )


def model_of(trigger: Trigger, asked: dict[str, Any]) -> str:
    """Which model a request trains: the one whose earlier jobs `"previousModelTrainingJobId": "LATEST"` looks among.

    A custom model is its directory, in the canonical form in which it is sent: nothing else has the same text.
    A built-in model has none: it is what its schedule, or its event's source, trains.
    """
    if trigger.kind == "upload":
        return f"s3://{trigger.bucket}/{trigger.directory}"  # a key has 1,024 bytes at most
    custom = asked.get("customModelTrainingParameters")
    try:
        return DIRECTORY.validate_python(custom["sourceS3DirectoryPath"] if isinstance(custom, dict) else None)
    except (KeyError, ValidationError):
        source = trigger.source or trigger.kind
    # A sender chooses its event's source: it must not look like a directory, or like the ARN of a schedule.
    chosen = trigger.kind == "event" and ":" in source
    return (f"event {source}" if chosen else source)[:MAX_MODEL_CHARACTERS]
