"""A training job and its record: one type for each status, and the transitions between them.

    Waiting ⇄ Requested → Started → Ended (COMPLETED, FAILED, STOPPED)
       └─────────┴──────────────→ Ended (REJECTED, SUPERSEDED)

A job is a value: a method returns a new job and does not change the old one. `flow` decides which transition is taken.
`aws.table` stores the result only if the record has not changed since `flow` read it.
"""

import json
from datetime import datetime
from typing import Annotated, Any, Literal, Self, TypeAlias, assert_never

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
)

from neptune_training.model.problems import Problem
from neptune_training.model.statuses import FinalStatus, Status, WaitingFor
from neptune_training.model.times import to_milliseconds, to_text
from neptune_training.model.triggers import Trigger


def read_back(asked: object) -> object:
    """Return `asked` as a dict. It is stored as JSON text, because DynamoDB cannot hold all numbers that JSON can."""
    return json.loads(asked) if isinstance(asked, str) else asked


Time = Annotated[datetime, AfterValidator(to_milliseconds), PlainSerializer(to_text)]
Asked = Annotated[dict[str, Any], BeforeValidator(read_back), PlainSerializer(json.dumps)]


class Record(BaseModel):
    """Hold what every record has.

    Attributes:
        asked: The parameters as the trigger named them.
        request: The parameters of StartMLModelTrainingJob as sent. None before the first claim.
        files: ETags of the model's files by name, as they were when the request was made.
        attempts: How often the job was claimed.
        unanswered: A start was or may have been sent, and no answer came. `request` must not change any more.
        cancelledBy: The event that has cancelled the job, such as `event my.app 6a7e…`. The job ends STOPPED.
        cancelClean: The cancellation asks Neptune to delete what the job has written.
        later: Fields that only a newer release knows. They are written back unchanged.
    """

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")

    jobId: str
    status: Status
    version: int = 1
    model: str
    trigger: Trigger
    asked: Asked = {}
    fingerprint: str
    request: dict[str, Any] | None = None
    files: dict[str, str] | None = None
    reasons: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    attempts: int = 0
    unanswered: bool = False
    cancelledBy: str | None = None
    cancelClean: bool = Field(default=False, exclude_if=lambda clean: not clean)
    createdAt: Time
    updatedAt: Time
    later: dict[str, Any] = Field(default={}, exclude=True)

    def next_version(self, now: datetime, reasons: tuple[Problem, ...] = ()) -> dict[str, Any]:
        """Return the next record's common fields, such as `{"jobId": "fraud-b1e3…", "version": 3}`."""
        kept = {name: getattr(self, name) for name in Record.model_fields if name != "status"}
        return {**kept, "version": self.version + 1, "updatedAt": now, "reasons": reasons}

    def ended(
        self,
        status: FinalStatus,
        now: datetime,
        reasons: tuple[Problem, ...] = (),
        *,
        superseded_by: str | None = None,
        neptune_status: str | None = None,
        stages: dict[str, dict[str, Any]] | None = None,
    ) -> "Ended":
        """Return the job with a final status. It keeps the fields of its run, such as `arn` and `stages`."""
        ran = {name: getattr(self, name, None) for name in Ran.model_fields.keys() - Record.model_fields.keys()}
        said = {"neptuneStatus": neptune_status, "stages": stages}
        ran |= {name: value for name, value in said.items() if value is not None}
        return Ended(status=status, endedAt=now, supersededBy=superseded_by, **ran, **self.next_version(now, reasons))


class Ran(Record):
    """Hold what is known of a job that Neptune has or had.

    Attributes:
        arn: None if the answer to the start was lost: no other answer of Neptune has the ARN.
        stages: The SageMaker jobs under the training job, by `processing`, `hpo` and `transform`.
    """

    arn: str | None = None
    creationTimeInMillis: int | None = None
    neptuneStatus: str | None = None
    stages: dict[str, dict[str, Any]] | None = None
    startedAt: Time | None = None


class Unfinished(Record):
    """Hold what a job has until it has ended.

    Attributes:
        nextAttemptAt: When its next step is due.
        endBy: When `track` ends the job, if nothing else has. See `flow.time_bounds`.
        stepUntil: Set while a step of the job is under way: when that step's invocation ends.
        failedSteps: How many steps in a row failed. A step that is under way counts as failed until it has ended.
    """

    nextAttemptAt: Time
    endBy: Time | None = None
    stepUntil: Time | None = None
    failedSteps: int = Field(default=0, exclude_if=lambda count: count == 0)

    def _changed(self, changes: dict[str, object]) -> Self:
        """Return the same version of the record with other values. An unknown name raises ValidationError."""
        return type(self).model_validate({**dict(self), **changes})

    def _next(self, now: datetime, changes: dict[str, object]) -> Self:
        return self._changed({**changes, "version": self.version + 1, "updatedAt": now})

    def in_step(self, now: datetime) -> bool:
        """Return True if a step of the job may be under way."""
        return self.stepUntil is not None and now < self.stepUntil

    def step_begun(self, now: datetime, *, until: datetime, again_at: datetime) -> Self:
        """Return the job, postponed until `again_at` while its step is under way.

        So a step that never ends does not delay other jobs.
        """
        return self._next(now, {"stepUntil": until, "nextAttemptAt": again_at, "failedSteps": self.failedSteps + 1})

    def step_over(self, now: datetime, *, again_at: datetime) -> Self:
        """Return the job, whose next step is due at `again_at`. A step that is under way, or has failed, is over."""
        return self._next(now, {"stepUntil": None, "nextAttemptAt": again_at})

    def step_next(self, now: datetime) -> Self:
        """Return the job, due now. If a step is under way, its outcome will be lost: it does not count as failed."""
        failed = max(0, self.failedSteps - 1) if self.in_step(now) else self.failedSteps
        return self._next(now, {"stepUntil": None, "nextAttemptAt": now, "failedSteps": failed})

    def next_unchanged(self, now: datetime) -> Self:
        """Return the next version of the record, with nothing changed in it."""
        return self._next(now, {})

    def cancelled(self, by: str, *, clean: bool) -> Self:
        """Return the same version of the job with the mark of its cancellation."""
        return self._changed({"cancelledBy": by, "cancelClean": clean})

    def bounded(self, end_by: datetime) -> Self:
        """Return the same version of the job with its bound."""
        return self._changed({"endBy": end_by})


class Waiting(Unfinished):
    """WAITING: the job will be started as soon as possible.

    Attributes:
        giveUpAt: When the job is REJECTED if it still waits for the same thing.
        waitingSince: Since when it has waited for `waitingFor`. None in records of version 0.1.0.
        queuedAt: When Neptune last refused to start it. This is its place in the queue; if None, `createdAt` is.
        slotSeconds: Seconds that it has waited for a slot. They do not count against GiveUpSeconds.
    """

    status: Literal[Status.WAITING] = Status.WAITING
    waitingFor: WaitingFor
    giveUpAt: Time
    waitedFor: WaitingFor | None = None
    waitingSince: Time | None = None
    queuedAt: Time | None = None
    slotSeconds: int = Field(default=0, exclude_if=lambda seconds: seconds == 0)

    @property
    def place(self) -> datetime:
        """Return the job's place in the queue: the earliest is the first."""
        return self.queuedAt or self.createdAt

    def slot_seconds(self, now: datetime) -> int:
        """Return how many seconds the job has waited for a slot until now."""
        if self.waitingFor is not WaitingFor.SLOT or self.waitingSince is None:
            return self.slotSeconds
        return self.slotSeconds + max(0, int((now - self.waitingSince).total_seconds()))

    def still_waits(
        self,
        waiting_for: WaitingFor,
        now: datetime,
        *,
        next_attempt: datetime,
        give_up: datetime,
        reasons: tuple[Problem, ...],
        failed_steps: int = 0,
    ) -> "Waiting":
        """Return the job WAITING for `waiting_for`: the same as before, or something else."""
        same = waiting_for is self.waitingFor
        return Waiting(
            waitingFor=waiting_for,
            waitedFor=self.waitedFor,
            waitingSince=(self.waitingSince or now) if same else now,
            queuedAt=self.queuedAt,
            slotSeconds=self.slotSeconds if same else self.slot_seconds(now),
            nextAttemptAt=next_attempt,
            giveUpAt=give_up,
            failedSteps=failed_steps,
            **self.next_version(now, reasons),
        )

    def claimed(
        self,
        now: datetime,
        *,
        lease_until: datetime,
        give_up: datetime,
        request: dict[str, Any],
        files: dict[str, str],
        warnings: tuple[Problem, ...],
    ) -> "Requested":
        """Return the job REQUESTED. Until `lease_until`, only the invocation that stores it is allowed to start it."""
        kept = self.next_version(now)
        kept |= {"attempts": self.attempts + 1, "request": request, "files": files, "warnings": warnings}
        return Requested(
            leaseUntil=lease_until,
            nextAttemptAt=lease_until,
            giveUpAt=give_up,
            failedSteps=self.failedSteps,
            waitedFor=self.waitingFor,
            queuedAt=self.queuedAt,
            slotSeconds=self.slot_seconds(now),
            **kept,
        )


class Requested(Unfinished):
    """REQUESTED: the job was claimed. It is not known if Neptune has it.

    Attributes:
        leaseUntil: Until then, only the invocation that claimed the job takes its steps: its start could still reach
            Neptune. Others can only write the mark of a cancellation.
        giveUpAt: No start is sent after this time. None in records of version 0.1.0.
        waitedFor: What it waited for before the claim. If it waits for that again, no message is sent.
    """

    status: Literal[Status.REQUESTED] = Status.REQUESTED
    leaseUntil: Time
    giveUpAt: Time | None = None
    waitedFor: WaitingFor | None = None
    queuedAt: Time | None = None
    slotSeconds: int = Field(default=0, exclude_if=lambda seconds: seconds == 0)

    def in_doubt(
        self, now: datetime, *, next_attempt: datetime, reasons: tuple[Problem, ...], failed_steps: int
    ) -> "Requested":
        """Return the job, still REQUESTED: it is not known yet if Neptune has it."""
        return Requested(
            leaseUntil=self.leaseUntil,
            nextAttemptAt=next_attempt,
            giveUpAt=self.giveUpAt,
            failedSteps=failed_steps,
            waitedFor=self.waitedFor,
            queuedAt=self.queuedAt,
            slotSeconds=self.slotSeconds,
            **{**self.next_version(now, reasons), "unanswered": True},
        )

    def not_started(
        self,
        waiting_for: WaitingFor,
        now: datetime,
        *,
        next_attempt: datetime,
        give_up: datetime,
        queued_at: datetime | None,
        reasons: tuple[Problem, ...],
        unanswered: bool,
    ) -> Waiting:
        """Return the job WAITING again: Neptune does not have it."""
        return Waiting(
            waitingFor=waiting_for,
            waitedFor=self.waitedFor,
            waitingSince=now,
            queuedAt=queued_at,
            slotSeconds=self.slotSeconds,
            nextAttemptAt=next_attempt,
            giveUpAt=give_up,
            **{**self.next_version(now, reasons), "unanswered": unanswered},
        )

    def started(
        self,
        now: datetime,
        *,
        look_again: datetime,
        warnings: tuple[Problem, ...],
        arn: str | None = None,
        created: int | None = None,
        adopted: bool = False,
    ) -> "Started":
        """Return the job STARTED. With `adopted`, it could be another request's: Neptune shows no output of it yet."""
        return Started(
            startedAt=now,
            nextAttemptAt=look_again,
            neptuneStatus="InProgress",
            arn=arn,
            creationTimeInMillis=created,
            adopted=adopted,
            **{**self.next_version(now), "warnings": warnings},
        )


class Started(Unfinished, Ran):
    """STARTED: Neptune has the job.

    Attributes:
        missingSince: When Neptune first answered that it has no such job. None while it has the job.
        unknownSince: Since when all looks have failed. None after a look that succeeded.
        adopted: The job was adopted under an explicit id, and Neptune does not show its output yet. So it could be
            another request's job.
        lookOftenUntil: SageMaker has announced the end of a stage that Neptune does not show yet: until then, the job
            is looked at more often.
    """

    status: Literal[Status.STARTED] = Status.STARTED
    missingSince: Time | None = None
    unknownSince: Time | None = None
    adopted: bool = Field(default=False, exclude_if=lambda adopted: not adopted)
    lookOftenUntil: Time | None = None

    def looks_fail(self, now: datetime) -> bool:
        """Return True if the last completed look failed. `failedSteps` also counts a step that is under way."""
        return self.failedSteps > (1 if self.in_step(now) else 0)

    def hinted(self, now: datetime, *, look_often_until: datetime) -> Self:
        """Return the job, due now: SageMaker says that one of its stages may have ended."""
        return self._next(now, {"nextAttemptAt": now, "lookOftenUntil": look_often_until})

    def warned(self, warnings: tuple[Problem, ...]) -> Self:
        """Return the same version of the job with these warnings."""
        return self._changed({"warnings": warnings})

    def looked_at(
        self,
        now: datetime,
        *,
        look_again: datetime,
        neptune_status: str,
        stages: dict[str, dict[str, Any]],
        adopted: bool,
        warnings: tuple[Problem, ...],
        look_often_until: datetime | None,
    ) -> Self:
        """Return the job after a look that found it, not ended."""
        seen = {"neptuneStatus": neptune_status, "stages": stages, "adopted": adopted, "warnings": warnings}
        succeeded = {"missingSince": None, "unknownSince": None, "failedSteps": 0, "lookOftenUntil": look_often_until}
        return self._after_look(now, look_again, {**seen, **succeeded})

    def missing(self, now: datetime, *, look_again: datetime, since: datetime) -> Self:
        """Return the job after a look that found it absent. `since` is when Neptune first gave this answer."""
        return self._after_look(now, look_again, {"missingSince": since, "unknownSince": None, "failedSteps": 0})

    def unknown(self, now: datetime, *, look_again: datetime, since: datetime, failed_steps: int) -> Self:
        """Return the job after a look that failed. All looks have failed since `since`."""
        return self._after_look(now, look_again, {"unknownSince": since, "failedSteps": failed_steps})

    def _after_look(self, now: datetime, look_again: datetime, changes: dict[str, object]) -> Self:
        over = {"stepUntil": None, "nextAttemptAt": look_again, "endBy": None, "reasons": ()}
        return self._next(now, {**over, **changes})


class Ended(Ran):
    """A job with a final status. A job that is REJECTED or SUPERSEDED never started, and never will.

    Attributes:
        rawBody: The first part of an event that could not be read.
        supersededBy: The id of the newer upload's job, or a description of that upload.
        result: The best trial, or the log of what failed. See `announce.result`. `notify` adds it after the end.
    """

    status: FinalStatus
    endedAt: Time | None = None
    rawBody: str | None = None
    supersededBy: str | None = None
    result: dict[str, Any] | None = None


UnfinishedJob: TypeAlias = Waiting | Requested | Started
Job: TypeAlias = UnfinishedJob | Ended


def type_of(status: Status) -> type[Job]:
    """Return the type of a job with this status."""
    match status:
        case Status.WAITING:
            return Waiting
        case Status.REQUESTED:
            return Requested
        case Status.STARTED:
            return Started
        case Status.COMPLETED | Status.FAILED | Status.STOPPED | Status.REJECTED | Status.SUPERSEDED:
            return Ended
    assert_never(status)
