"""What a job's record says to people, where it is not Neptune's or a check's own words."""

from neptune_training.aws.neptune import Found
from neptune_training.model.jobs import Record
from neptune_training.model.problems import AGAIN, NOTHING_TO_DO, Problem, shown
from neptune_training.model.statuses import Status, WaitingFor


def superseded(job: Record, by: str) -> Problem:
    """Say that a newer upload of the same file is trained instead."""
    problem = f"was uploaded again before its training started: {by}"
    remedy = f"{NOTHING_TO_DO}: the newer one is trained"
    return Problem(field=job.trigger.key or "", problem=problem, remedy=remedy)


def no_slot(limit: int) -> Problem:
    """Say that as many jobs run as are allowed."""
    problem = "are running: the operator of the stack allows no more at once"
    remedy = f"{NOTHING_TO_DO}: training starts when another job has ended, the oldest request first"
    return Problem(field="MaxConcurrentTrainingJobs", value=str(limit), problem=problem, remedy=remedy)


def paused(waiting_for: WaitingFor) -> Problem:
    """Say that starts are paused because Neptune has refused another job's."""
    problem = "cannot be reached" if waiting_for is WaitingFor.NEPTUNE else "has too many requests or jobs"
    remedy = f"{NOTHING_TO_DO}: one job is tried about once a minute, and the others start as soon as one does"
    return Problem(field="StartMLModelTrainingJob", problem=f"Neptune {problem}", remedy=remedy)


def error(raised: Exception) -> Problem:
    """Say what kept a step from being taken: a bug, or an outage."""
    problem = shown(f"{type(raised).__name__}: {raised}")
    remedy = (
        "It is tried again within five minutes; if that does not help, the operator of the stack finds it in the log"
    )
    return Problem(field="step", problem=problem, remedy=remedy)


def gave_up(waited_for: WaitingFor, reasons: tuple[Problem, ...], *, unanswered: bool) -> tuple[Problem, ...]:
    """Say that the job has waited for as long as it may, and what it waited for."""
    waited = f"waited for {waited_for} until giveUpAt"
    unheard = "was sent to Neptune without an answer until giveUpAt, and Neptune has no such job"
    ended = Problem(field="giveUpAt", problem=unheard if unanswered else waited, remedy=AGAIN)
    still = (
        Problem(field=each.field, problem=each.problem, value=each.value, remedy=AGAIN)
        if each.remedy.startswith(NOTHING_TO_DO)
        else each
        for each in reasons
    )
    return (*still, ended)


def arn_unknown(job: Record) -> Problem:
    """Say that the start was accepted and its answer lost: Neptune tells the ARN only in that answer."""
    problem = "unknown: the answer to the start was lost, and Neptune tells it nowhere else"
    return Problem(field="arn", problem=problem, remedy=f"Use the job's id, {job.jobId}, which every call takes")


def maybe_not_ours(job: Record) -> Problem:
    """Say that a job with this id was found, and that Neptune has not told yet whose it is."""
    problem = "a job with this id was found after a start without an answer, and Neptune does not tell its output yet"
    remedy = f"{NOTHING_TO_DO}: if its output turns out to be another request's, this one is REJECTED"
    return Problem(field="id", value=job.jobId, problem=problem, remedy=remedy)


def unknown_to_neptune(job: Record) -> Problem:
    """Say that the job was started and is gone."""
    problem = "Neptune no longer knows this job"
    return Problem(field="id", value=job.jobId, problem=problem, remedy=AGAIN)


def in_doubt(job: Record, problem: str) -> Problem:
    """Say that the job is not followed any more although it may be running."""
    remedy = (
        f"It may still be running and cost money: look for {job.jobId} in Neptune, and for its jobs in SageMaker,"
        " and cancel it there if nobody needs it"
    )
    return Problem(field="id", value=job.jobId, problem=problem, remedy=remedy)


def failures(look: Found) -> tuple[Problem, ...]:
    """Return what SageMaker says of the stages that failed, or that Neptune does not say why."""
    failed = tuple(
        Problem(
            field=f"stages.{name}",
            value=stage.get("status"),
            problem=stage.get("failureReason") or "failed, and Neptune does not say why",
            remedy=f"See the stage's log: {stage.get('cloudwatchLogUrl', 'Neptune names none')}",
        )
        for name, stage in look.stages.items()
        if stage.get("failureReason") or stage.get("status", "").lower() == "failed"
    )
    if failed or look.end is not Status.FAILED:
        return failed
    remedy = "Look at this job's stages in SageMaker, in the account's console"
    return (Problem(field="neptuneStatus", value=look.status, problem="Neptune does not say why", remedy=remedy),)
