"""What a job's record says to people, where it is not Neptune's or a check's own words."""

from neptune_training.jobs import Job, Status, WaitingFor
from neptune_training.neptune import Found
from neptune_training.reasons import AGAIN, NOTHING_TO_DO, Reason, shown


def settling(job: Job) -> Reason:
    """Files still change: `aws s3 sync` writes the configuration before last week's scripts are replaced."""
    return Reason(
        field=job.model,
        problem="files are still changing",
        remedy=f"{NOTHING_TO_DO}: training starts when they have not changed for SettleSeconds",
    )


def access(job: Job, denied: Exception) -> Reason:
    """The functions may not read the model's directory."""
    remedy = "The operator of the stack grants the functions' role s3:ListBucket and s3:GetObject there"
    return Reason(field=job.model, value=shown(str(denied)), problem="may not be read", remedy=remedy)


def not_checked(path: str) -> Reason:
    """The directory belongs to somebody else, and is for SageMaker alone to read."""
    remedy = f"{NOTHING_TO_DO} if the SageMaker role can read it"
    field_name = "customModelTrainingParameters.sourceS3DirectoryPath"
    return Reason(
        field=field_name, value=shown(path), problem="could not be checked: it may not be read from here", remedy=remedy
    )


def id_taken(job_id: str) -> Reason:
    """Somebody else's job has the id that the request names."""
    remedy = "Choose another id, or leave it out to have one made"
    return Reason(field="id", value=shown(job_id), problem="id taken: Neptune has a job with this id", remedy=remedy)


def superseded(job: Job, by: str) -> Reason:
    """A newer upload of the same file came first."""
    problem = f"was uploaded again before its training started: {by}"
    remedy = f"{NOTHING_TO_DO}: the newer one is trained"
    return Reason(field=job.trigger.key or "", problem=problem, remedy=remedy)


def no_slot(most: int) -> Reason:
    """As many jobs run as may."""
    problem = "are taken: as many training jobs run as the operator of the stack allows"
    remedy = f"{NOTHING_TO_DO}: training starts when another has ended, the oldest request first"
    return Reason(field="MaxConcurrentTrainingJobs", value=str(most), problem=problem, remedy=remedy)


def paused(waiting_for: WaitingFor) -> Reason:
    """Neptune takes no job now, and another job asks it for all."""
    problem = "cannot be reached" if waiting_for is WaitingFor.NEPTUNE else "has too many requests or jobs"
    remedy = f"{NOTHING_TO_DO}: Neptune is asked about once a minute, and training starts the oldest request first"
    return Reason(field="StartMLModelTrainingJob", problem=f"Neptune {problem}", remedy=remedy)


def error(raised: Exception) -> Reason:
    """A step that could not be taken: a bug, or an outage."""
    problem = shown(f"{type(raised).__name__}: {raised}")
    remedy = "It is tried again each minute; if that does not help, the operator of the stack finds it in track's log"
    return Reason(field="track", problem=problem, remedy=remedy)


def gave_up(waiting_for: WaitingFor, reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
    """A job waits for a stated time only. Now there is something to do."""
    ended = Reason(field="giveUpAt", problem=f"waited for {waiting_for} until giveUpAt", remedy=AGAIN)
    still = (
        reason.model_copy(update={"remedy": AGAIN}) if reason.remedy.startswith(NOTHING_TO_DO) else reason
        for reason in reasons
    )
    return (*still, ended)


def arn_unknown(job: Job) -> Reason:
    """The start was accepted and its answer lost; Neptune tells an ARN only in that answer."""
    problem = "unknown: the answer to the start was lost, and Neptune tells it nowhere else"
    return Reason(field="arn", problem=problem, remedy=f"Use the job's id, {job.jobId}, which every call takes")


def unknown_to_neptune(job: Job) -> Reason:
    """It was started, and is gone."""
    problem = "Neptune no longer knows this job"
    return Reason(field="id", value=job.jobId, problem=problem, remedy=AGAIN)


def failures(look: Found) -> tuple[Reason, ...]:
    """What SageMaker says of the stages that failed, or that Neptune says nothing."""
    failed = tuple(
        Reason(
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
    return (Reason(field="neptuneStatus", value=look.status, problem="Neptune does not say why", remedy=remedy),)
