"""`track`: every minute, one step for each unfinished job that is due, by the same code as `start`.

    every minute ──► track ──► STARTED:   GetMLModelTrainingJob, until it has ended
                               REQUESTED: after its lease, look it up
                               WAITING:   oldest first, while the cluster takes jobs and this invocation has time

The event's content does not matter. Returns how many steps were taken and how many failed:

    {"source": "aws.events", "detail-type": "Scheduled Event", …}  →  {"steps": 3, "failed": 0}
"""

from functools import cache
from typing import Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from neptune_training.flow import plan
from wiring import Context, deadline, logger
from wiring import steps as make_steps

steps = cache(make_steps)
metrics = Metrics()


class StepsFailed(Exception):  # noqa: N818
    """Some jobs could not be looked at; the others were. Raised so that Lambda counts an error."""


@logger.inject_lambda_context
@metrics.log_metrics
def handler(_event: Any, context: Context) -> dict[str, int]:
    """Make one round."""
    done = plan.make(steps(), deadline(context))
    for name, value in done.gauges().items():
        metrics.add_metric(name, MetricUnit.Seconds if name.endswith("Seconds") else MetricUnit.Count, value)
    if done.failed:
        raise StepsFailed(f"{len(done.failed)} of {done.steps} steps failed: {', '.join(done.failed[:10])}")
    return {"steps": done.steps, "failed": 0}
