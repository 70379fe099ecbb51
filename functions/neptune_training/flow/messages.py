"""What a job's record says to people, where it is not Neptune's or a check's own words."""

from neptune_training.aws.neptune import Found
from neptune_training.model.jobs import Job, Status, WaitingFor
from neptune_training.model.problems import AGAIN, NOTHING_TO_DO, Problem, shown


def superseded(job: Job, by: str) -> Problem:
    """A newer upload of the same file came first."""
    problem = f"was uploaded again before its training started: {by}"
    remedy = f"{NOTHING_TO_DO}: the newer one is trained"
    return Problem(field=job.trigger.key or "", problem=problem, remedy=remedy)


def no_slot(most: int) -> Problem:
    """As many jobs run as may."""
    problem = "are taken: as many training jobs run as the operator of the stack allows"
    remedy = f"{NOTHING_TO_DO}: training starts when another has ended, the oldest request first"
    return Problem(field="MaxConcurrentTrainingJobs", value=str(most), problem=problem, remedy=remedy)


def paused(waiting_for: WaitingFor) -> Problem:
    """Neptune takes no job now, and another job asks it for all."""
    problem = "cannot be reached" if waiting_for is WaitingFor.NEPTUNE else "has too many requests or jobs"
    remedy = f"{NOTHING_TO_DO}: Neptune is asked about once a minute, and training starts the oldest request first"
    return Problem(field="StartMLModelTrainingJob", problem=f"Neptune {problem}", remedy=remedy)


def error(raised: Exception) -> Problem:
    """A step that could not be taken: a bug, or an outage."""
    problem = shown(f"{type(raised).__name__}: {raised}")
    remedy = "It is tried again each minute; if that does not help, the operator of the stack finds it in track's log"
    return Problem(field="track", problem=problem, remedy=remedy)


def gave_up(waiting_for: WaitingFor, reasons: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """A job waits for a stated time only. Now there is something to do."""
    ended = Problem(field="giveUpAt", problem=f"waited for {waiting_for} until giveUpAt", remedy=AGAIN)
    still = (
        reason.model_copy(update={"remedy": AGAIN}) if reason.remedy.startswith(NOTHING_TO_DO) else reason
        for reason in reasons
    )
    return (*still, ended)


def arn_unknown(job: Job) -> Problem:
    """The start was accepted and its answer lost; Neptune tells an ARN only in that answer."""
    problem = "unknown: the answer to the start was lost, and Neptune tells it nowhere else"
    return Problem(field="arn", problem=problem, remedy=f"Use the job's id, {job.jobId}, which every call takes")


def unknown_to_neptune(job: Job) -> Problem:
    """It was started, and is gone."""
    problem = "Neptune no longer knows this job"
    return Problem(field="id", value=job.jobId, problem=problem, remedy=AGAIN)


def failures(look: Found) -> tuple[Problem, ...]:
    """What SageMaker says of the stages that failed, or that Neptune says nothing."""
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
