"""Read SageMaker's events: a SageMaker job that runs for one of our jobs, or for somebody else, has ended.

Such an event is a hint to look at a job now, never a fact: it may come twice, late or never, and whoever runs a
SageMaker job chooses its name. An event that cannot be read is ignored.
"""

from typing import Any, NamedTuple

from neptune_training.model.jobs import Started
from neptune_training.model.stages import current_arn

# Detail type → how the names of the detail's fields begin (SageMaker AI developer guide, "EventBridge").
FIELD_PREFIXES = {
    "SageMaker Processing Job State Change": "ProcessingJob",
    "SageMaker HyperParameter Tuning Job State Change": "HyperParameterTuningJob",
    "SageMaker Transform Job State Change": "TransformJob",
    "SageMaker Training Job State Change": "TrainingJob",
}
TRIAL = "TrainingJob"
# How many characters of a job's id the names of its SageMaker jobs begin with (assumed: two such names were seen).
ID_CHARACTERS_IN_NAME = 8


class SageMakerEnd(NamedTuple):
    """Hold which SageMaker job has ended. `may_be_trial` is True for a SageMaker training job, as each trial is one."""

    arn: str
    name: str
    may_be_trial: bool

    def concerns(self, job: Started) -> bool:
        """Return True if the SageMaker job may be one that Neptune runs for `job`.

        Its ARN is among the job's stages, or its name begins with the first characters of the job's id. A tuning job
        has up to hundreds of trials with such names, and a trial's end is not a stage's end. So the name of a SageMaker
        training job counts only while the current stage's ARN is not known.
        """
        named_after = is_named_after(self.name, job.jobId)
        return self.is_stage_of(job) or (named_after and not (self.may_be_trial and current_arn(job.stages)))

    def is_stage_of(self, job: Started) -> bool:
        """Return True if the SageMaker job's ARN is among the job's stages."""
        return any(stage.get("arn") == self.arn for stage in (job.stages or {}).values())


def is_named_after(name: str, job_id: str) -> bool:
    """Return True if a SageMaker job's name begins with the first 8 characters of the job's id.

    After an id with fewer characters, no letter can follow: `p-1` may belong to the job `p`, `pytorch-1` does not.
    """
    first, next_one = job_id[:ID_CHARACTERS_IN_NAME], name[len(job_id) :][:1]
    return name.startswith(first) and (len(job_id) >= ID_CHARACTERS_IN_NAME or not next_one.isalpha())


def kind_of(event: Any) -> str | None:
    """Return the kind of SageMaker job that the event is about, None for any other event."""
    detail_type = event.get("detail-type") if isinstance(event, dict) else None
    return FIELD_PREFIXES.get(detail_type) if isinstance(detail_type, str) else None


def read(event: Any, kind: str) -> SageMakerEnd | None:
    """Return which SageMaker job the event is about: `("arn:aws:sagemaker:…", "fraud-b1-2026-…")`; None if none."""
    match event.get("detail"):
        case dict(detail):
            arn, name = (detail.get(f"{kind}{field}") for field in ("Arn", "Name"))
            if isinstance(arn, str) and isinstance(name, str) and arn and name:
                return SageMakerEnd(arn, name, kind == TRIAL)
    return None
