"""What a job's record says to people, where it is not Neptune's or a check's own words."""

from neptune_training.jobs import Job, WaitingFor
from neptune_training.neptune import Found
from neptune_training.reasons import Reason, shown

AGAIN = "Upload the configuration again or send a new event"


def settling(job: Job) -> Reason:
    """Files still change: `aws s3 sync` writes the configuration before last week's scripts are replaced."""
    return Reason(
        field=job.model,
        problem="files are still changing",
        remedy="Nothing to do: training starts when they are all there",
    )


def access(job: Job, denied: Exception) -> Reason:
    """The functions may not read the model's directory."""
    remedy = "The operator of the stack grants the functions' role s3:ListBucket and s3:GetObject there"
    return Reason(field=job.model, value=shown(str(denied)), problem="may not be read", remedy=remedy)


def not_checked(path: str) -> Reason:
    """The directory belongs to somebody else, and is for SageMaker alone to read."""
    remedy = "Nothing to do if the SageMaker role can read it"
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
    problem, remedy = f"was uploaded again before its training started: {by}", "Nothing to do: the newer one is trained"
    return Reason(field=job.trigger.key or "", problem=problem, remedy=remedy)


def gave_up(waiting_for: WaitingFor) -> Reason:
    """A job waits for a stated time only."""
    problem = f"waited for {waiting_for} until giveUpAt"
    return Reason(field="giveUpAt", problem=problem, remedy=AGAIN)


def arn_unknown(job: Job) -> Reason:
    """The start was accepted and its answer lost; Neptune tells an ARN only in that answer."""
    problem = "unknown: the answer to the start was lost, and Neptune tells it nowhere else"
    return Reason(field="arn", problem=problem, remedy=f"Use the job's id, {job.jobId}, which every call takes")


def unknown_to_neptune(job: Job) -> Reason:
    """It was started, and is gone."""
    problem = "Neptune no longer knows this job"
    return Reason(field="id", value=job.jobId, problem=problem, remedy=AGAIN)


def failures(look: Found) -> tuple[Reason, ...]:
    """What SageMaker says of the stages that failed."""
    return tuple(
        Reason(
            field=f"stages.{name}",
            value=stage.get("status"),
            problem=stage["failureReason"],
            remedy=f"See the stage's log: {stage.get('cloudwatchLogUrl', 'Neptune names none')}",
        )
        for name, stage in look.stages.items()
        if stage.get("failureReason")
    )
