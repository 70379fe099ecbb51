"""Make the job of a trigger: its id, the name of its model, and its first record."""

import hashlib
import json
import re
from datetime import datetime, timedelta
from typing import Any, assert_never

from pydantic import ConfigDict, TypeAdapter, ValidationError

from neptune_training.model.jobs import Ended, Waiting
from neptune_training.model.parameters import S3Directory
from neptune_training.model.problems import Problem
from neptune_training.model.statuses import Status, WaitingFor
from neptune_training.model.triggers import Trigger, TriggerKind

MAX_MODEL_CHARACTERS = 512  # `model` is the key of an index: 2,048 bytes at most
DIRECTORY: TypeAdapter[str] = TypeAdapter(S3Directory, config=ConfigDict(defer_build=True))


def fingerprint(asked: object) -> str:
    """Return a hash of JSON. The order of its keys makes no difference."""
    text = json.dumps(asked, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def derived_id(name: str, identity: str) -> str:
    """Return a job id of at most 48 letters, digits and hyphens, such as `fraud-b1e336b353b5439ee2aa`.

    `name` makes it readable, and the hash of `identity` makes it unique.
    """
    slug = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:27].strip("-") or "model"
    return f"{slug}-{hashlib.sha256(identity.encode()).hexdigest()[:20]}"


def new(
    trigger: Trigger, asked: dict[str, Any], now: datetime, *, first_step_by: datetime, give_up: timedelta
) -> Waiting:
    """Return the job of a new request. `start` takes its first step. After `first_step_by`, `step` can take it."""
    model = model_of(trigger, asked)
    name = model.rstrip("/").rpartition("/")[2] if model.startswith("s3://") else ""
    cancels = trigger.kind is TriggerKind.CANCELLATION  # the id of the job to cancel stays free for its request
    explicit = None if cancels else asked.get("id")
    return Waiting(
        jobId=explicit or derived_id("cancel" if cancels else name, trigger.identity),
        model=model,
        trigger=trigger,
        asked=asked,
        fingerprint=fingerprint(asked),
        waitingFor=WaitingFor.TURN,
        waitingSince=now,
        nextAttemptAt=first_step_by,
        giveUpAt=now + give_up,
        endBy=now + give_up,
        failedSteps=1,  # until the first step has ended
        createdAt=now,
        updatedAt=now,
    )


def rejected(
    trigger: Trigger,
    reasons: tuple[Problem, ...],
    now: datetime,
    *,
    model: str | None = None,
    asked: dict[str, Any] | None = None,
    request_fingerprint: str | None = None,
    raw_body: str | None = None,
) -> Ended:
    """Return the job of a request that is not valid. Its id is derived from the trigger; it is never an explicit id."""
    return Ended(
        jobId=derived_id("rejected", trigger.identity),
        status=Status.REJECTED,
        model=model or (trigger.source or trigger.stored_kind)[:MAX_MODEL_CHARACTERS],
        trigger=trigger,
        asked=asked or {},
        fingerprint=request_fingerprint or fingerprint(None),
        reasons=reasons,
        rawBody=raw_body,
        createdAt=now,
        updatedAt=now,
        endedAt=now,
    )


def cancellation_of(job_id: str) -> str:
    """Return what a kept cancellation of the job has as its `model`, to be found by it."""
    return f"cancellation of {job_id}"


def model_of(trigger: Trigger, asked: dict[str, Any]) -> str:
    """Return a name for the model that a request trains: `LATEST` continues the newest job with the same name.

    A custom model's name is the canonical S3 URI of its directory. A built-in model has no directory: its name is the
    ARN of its schedule, or the source of its event.
    """
    match trigger.kind:
        case TriggerKind.UPLOAD:
            return f"s3://{trigger.bucket}/{trigger.directory}"  # a key has 1,024 bytes at most
        case TriggerKind.EVENT:
            # The sender chooses the event's source. It must not look like a directory or like the ARN of a schedule.
            source = trigger.source or trigger.stored_kind
            built_in = f"event {source}" if ":" in source else source
        case TriggerKind.SCHEDULE:
            built_in = trigger.source or trigger.stored_kind
        case TriggerKind.CANCELLATION:
            return cancellation_of(str(asked.get("id")))
        case TriggerKind.UNKNOWN:  # no known kind has a model with this name
            return f"unknown {trigger.source or trigger.stored_kind}"[:MAX_MODEL_CHARACTERS]
        case _:
            assert_never(trigger.kind)
    custom = asked.get("customModelTrainingParameters")
    try:
        return DIRECTORY.validate_python(custom["sourceS3DirectoryPath"] if isinstance(custom, dict) else None)
    except (KeyError, ValidationError):
        return built_in[:MAX_MODEL_CHARACTERS]
