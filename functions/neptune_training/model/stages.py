"""The stages of a training job, which are SageMaker jobs: their order, their ends, and which of them runs now."""

from collections.abc import Mapping
from typing import Any

from neptune_training.model.statuses import FinalStatus, Status

Stages = Mapping[str, Mapping[str, Any]]

# The name of each stage in a record, in their order → the field of Neptune's answer that holds it.
STAGES = {"processing": "processingJob", "hpo": "hpoJob", "transform": "modelTransformJob"}
# The words of Neptune and SageMaker for a job that has ended, in lower case.
ENDED: dict[str, FinalStatus] = {
    "completed": Status.COMPLETED,
    "failed": Status.FAILED,
    **dict.fromkeys(("stopped", "cancelled", "canceled"), Status.STOPPED),
}


def ended_stages(stages: Stages | None) -> int:
    """Return how many stages have ended."""
    return sum(stage_has_ended(stage) for stage in (stages or {}).values())


def current_arn(stages: Stages | None) -> str | None:
    """Return the ARN of the SageMaker job that runs now: of the last stage that Neptune shows.

    None if Neptune shows none yet, or if that stage has ended and the next one is not there yet.
    """
    shown = [stages[name] for name in STAGES if name in stages] if stages else []
    return shown[-1].get("arn") or None if shown and not stage_has_ended(shown[-1]) else None


def stage_has_ended(stage: Mapping[str, Any]) -> bool:
    """Return True if the stage's status is a final one of SageMaker's."""
    return str(stage.get("status")).lower() in ENDED
