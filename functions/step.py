"""`step`: take one step of each job that `track` names. A step that takes long does not delay the others.

    track ──► step ──► WAITING:   check it, claim a slot, StartMLModelTrainingJob
                       REQUESTED: once its lease is over, look whether Neptune has it
                       STARTED:   GetMLModelTrainingJob, until it has ended

`turns` are the jobs that were chosen from the queue to start next:

    {"jobIds": ["fraud-b1e336b353b5439ee2aa", "weekly-42"], "turns": ["weekly-42"]}  →  {"steps": 2}

If there is no time left for a job, it stays due, and the next tick names it again.
"""

import garbage_collection  # before all others, which it makes faster

# isort: split

from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial
from typing import Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from neptune_training.aws.neptune_errors import LookFailed
from neptune_training.flow import drain, started, step
from neptune_training.flow.pause import Pause
from neptune_training.flow.services import Services
from neptune_training.flow.step_threads import StepThreads
from step_wiring import services as make_services
from wiring import Context, deadline, logger

garbage_collection.resume()

services = cache(make_services)
metrics = Metrics()


@dataclass(frozen=True)
class Trouble:
    """Hold the jobs whose step failed, and those that the functions lack the permission to cancel."""

    failed: list[str] = field(default_factory=list)
    denied: list[str] = field(default_factory=list)


class StepsFailed(Exception):  # noqa: N818
    """Say that some steps failed; the others were taken. It is raised so that Lambda counts an error."""


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: Any, context: Context) -> dict[str, int]:
    """Take a step of each job in the event; return `{"steps": number of steps taken}`.

    Raises:
        StepsFailed: some steps failed; the others were taken.
    """
    job_ids, turns = event.get("jobIds", []), set(event.get("turns", []))
    made, end, pause = services(in_group=len(job_ids) > 1), deadline(context), Pause()
    taken: list[str] = []
    trouble = Trouble()
    with StepThreads() as steps:
        for job_id in job_ids:
            if not made.time_to_start(end):
                break
            taken.append(job_id)
            steps.take(partial(take, made, job_id, end, pause, has_turn=job_id in turns, trouble=trouble))
    drain.run(made, pause, end)
    metrics.add_metric("StepsFailed", MetricUnit.Count, len(trouble.failed))
    if trouble.denied:
        metrics.add_metric("AccessDenied", MetricUnit.Count, len(trouble.denied))
    if trouble.failed:
        raise StepsFailed(f"{len(trouble.failed)} of {len(taken)} steps failed: {', '.join(trouble.failed[:10])}")
    return {"steps": len(taken)}


def take(services: Services, job_id: str, end: datetime, pause: Pause, *, has_turn: bool, trouble: Trouble) -> None:
    """Take one step. If it fails, log the error and note the job; raise nothing."""
    try:
        if started.cancellation_denied(step.take(services, job_id, end, pause, has_turn=has_turn)):
            trouble.denied.append(job_id)
    except LookFailed:
        trouble.failed.append(job_id)  # `flow` has logged it
    except Exception:  # noqa: BLE001 - one job must not stop the others
        logger.exception("step failed", extra={"jobId": job_id})
        trouble.failed.append(job_id)
