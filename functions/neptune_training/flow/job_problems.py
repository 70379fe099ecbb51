"""Problems that the state machine finds. Those of the checks are in `checks`, Neptune's in `aws.neptune_errors`."""

from datetime import datetime
from typing import TYPE_CHECKING

from neptune_training.flow import time_bounds
from neptune_training.model.jobs import Record, Requested, Waiting
from neptune_training.model.problems import AGAIN, NOTHING_TO_DO, Problem, shown
from neptune_training.model.statuses import Status, WaitingFor
from neptune_training.model.times import duration
from neptune_training.model.triggers import TriggerKind

if TYPE_CHECKING:  # `track` imports this module, and never calls Neptune
    from neptune_training.aws.neptune import Found

# Why `track` ends a job that may still run: each names the parameters of the bound (see `time_bounds`).
NEVER_FOUND_OUT = "for as long as DoubtSeconds allows, it was not known if Neptune had started this job"
NEVER_SEEN = "no status could be read from Neptune for as long as DoubtSeconds allows"
RAN_TOO_LONG = (
    "has run for longer than trainingTimeOutInSeconds allows for all its trials, and DoubtSeconds beyond that"
)


def superseded(job: Record, by: str) -> Problem:
    """Say that a newer upload of the same file is trained instead."""
    problem = f"was uploaded again before its training started: {by}"
    remedy = f"{NOTHING_TO_DO}: the newer one is trained"
    return Problem(field=job.trigger.key or "", problem=problem, remedy=remedy)


def no_slot(limit: int) -> Problem:
    """Say that as many jobs run as the operator allows."""
    problem = "jobs are running or being started, and the operator allows no more"
    remedy = (
        f"{NOTHING_TO_DO}: training starts when a slot is free. A free slot goes to the model with the fewest jobs,"
        " then to the first job in the queue"
    )
    return Problem(field="MaxConcurrentTrainingJobs", value=str(limit), problem=problem, remedy=remedy)


def paused(waiting_for: WaitingFor) -> Problem:
    """Say that starts are paused because Neptune has refused another job's."""
    problem = "cannot be reached" if waiting_for is WaitingFor.NEPTUNE else "has too many requests or jobs"
    remedy = f"{NOTHING_TO_DO}: one start is tried about once a minute; when it succeeds, the other jobs start"
    return Problem(field="StartMLModelTrainingJob", problem=f"Neptune {problem}", remedy=remedy)


def error(raised: Exception) -> Problem:
    """Say why a step failed: a bug, or an outage."""
    problem = shown(f"{type(raised).__name__}: {raised}")
    remedy = "Wait: it is tried again within five minutes. If it keeps failing, ask the operator to read the log"
    return Problem(field="step", problem=problem, remedy=remedy)


def not_claimed(job: Record) -> Problem:
    """Say that the job could not be claimed although a slot was free: an item of the table is not as expected."""
    problem = "could not be claimed, although a slot was free"
    remedy = f"{NOTHING_TO_DO}: it is tried again within five minutes"
    return Problem(field="jobId", value=job.jobId, problem=problem, remedy=remedy)


def gave_up(
    job: Waiting | Requested,
    waited_for: WaitingFor,
    reasons: tuple[Problem, ...],
    now: datetime,
    *,
    unanswered: bool,
    limit: str,
) -> tuple[Problem, ...]:
    """Say that the job has waited until its bound: for how long, for what, and that `limit` is the bound."""
    if job.trigger.kind is TriggerKind.CANCELLATION:
        return (no_such_job(job),)
    since, apart = job.createdAt, ""
    if limit == "FilesGraceSeconds" and isinstance(job, Waiting) and job.waitingFor is WaitingFor.FILES:
        since = job.waitingSince or since  # counted from when they were first missed
    elif limit == "GiveUpSeconds" and (for_slot := time_bounds.waited_for_slot(job, now)):
        since, apart = since + for_slot, f" (and {duration(for_slot)} for a slot)"
    age = f"{duration(now - since)}{apart}"
    waited = f"has passed: the job has waited {age}, as long as {limit} allows, and still waits for {waited_for}"
    no_answer = (
        "has passed: the start was sent to Neptune but never answered, Neptune has no such job, and"
        f" {limit} allows no second start"
    )
    ended = Problem(field="giveUpAt", problem=no_answer if unanswered else waited, remedy=AGAIN)
    still = (
        Problem(field=each.field, problem=each.problem, value=each.value, remedy=AGAIN)
        if each.remedy.startswith(NOTHING_TO_DO)
        else each
        for each in reasons
    )
    return (*still, ended)


def cancelled(job: Record) -> Problem:
    """Say who has cancelled the job."""
    problem = "is the event that cancelled this job"
    return Problem(field="cancelledBy", value=shown(job.cancelledBy), problem=problem, remedy=NOTHING_TO_DO)


def not_known_yet(cancellation: Record) -> Problem:
    """Say that a cancellation is kept: its request may arrive later."""
    problem = "is not the id of any job yet"
    remedy = f"{NOTHING_TO_DO}: the cancellation is kept for six hours, since its request may arrive later"
    return Problem(field="id", value=shown(cancellation.asked["id"]), problem=problem, remedy=remedy)


def no_such_job(cancellation: Record) -> Problem:
    """Say that no job has the id that a cancellation names."""
    problem = "is not the id of any job: nothing was cancelled"
    remedy = "Use the id that the job's messages and its record have, and send the cancellation again"
    return Problem(field="id", value=shown(cancellation.asked["id"]), problem=problem, remedy=remedy)


def cancellation_applied(cancellation: Record) -> Problem:
    """Say that the request of a kept cancellation has arrived. The job may have ended before, with any status."""
    problem = "is the id of a job that has a record now: the cancellation was applied to it"
    remedy = f"{NOTHING_TO_DO}: the record of that job says what became of it"
    return Problem(field="id", value=shown(cancellation.asked["id"]), problem=problem, remedy=remedy)


def clean_not_allowed() -> Problem:
    """Say that the operator does not allow a cancellation that deletes results."""
    problem = "deletes what the job has written, and the operator does not allow that"
    remedy = "Leave it out, or ask the operator of the stack to set AllowCancelClean"
    return Problem(field="clean", value="true", problem=problem, remedy=remedy)


def arn_unknown(job: Record) -> Problem:
    """Say that the ARN is not known: only the answer to the start has it, and that answer was lost."""
    problem = "is not known: the answer to the start was lost, and Neptune gives the ARN in no other answer"
    return Problem(field="arn", problem=problem, remedy=f"Use the job's id, {job.jobId}: every API call accepts it")


def maybe_not_ours(job: Record) -> Problem:
    """Say that a job with this id was found, and that it could be another request's."""
    problem = "a job with this id was found after a start without an answer, and Neptune does not show its output yet"
    remedy = f"{NOTHING_TO_DO}: if its output belongs to another request, this request will be REJECTED"
    return Problem(field="id", value=job.jobId, problem=problem, remedy=remedy)


def unknown_to_neptune(job: Record) -> Problem:
    """Say that the job was started, and that Neptune no longer has it."""
    problem = "Neptune no longer knows this job: it has had no such job for as long as MissingSeconds allows"
    return Problem(field="id", value=job.jobId, problem=problem, remedy=AGAIN)


def in_doubt(job: Record, problem: str) -> Problem:
    """Say that the job may still be running, and that the application no longer checks its status."""
    remedy = (
        f"It may still be running and cost money: look for {job.jobId} in Neptune and for its jobs in SageMaker,"
        " and cancel it if it is not needed"
    )
    return Problem(field="id", value=job.jobId, problem=problem, remedy=remedy)


def failures(look: "Found") -> tuple[Problem, ...]:
    """Return SageMaker's reason for each stage that failed; one problem without a reason if Neptune gives none."""
    failed = tuple(
        Problem(
            field=f"stages.{name}",
            value=stage.get("status"),
            problem=stage.get("failureReason") or "failed, and Neptune gives no reason",
            remedy=f"Read the stage's log: {stage.get('cloudwatchLogUrl', 'Neptune gives no link to it')}",
        )
        for name, stage in look.stages.items()
        if stage.get("failureReason") or stage.get("status", "").lower() == "failed"
    )
    if failed or look.end is not Status.FAILED:
        return failed
    remedy = "Look at this job's stages in the SageMaker console"
    return (Problem(field="neptuneStatus", value=look.status, problem="Neptune gives no reason", remedy=remedy),)
