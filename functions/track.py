"""`track`: every minute, decide which jobs get a step.

    every minute ──► track ──► invokes `step` for the jobs that are due
                           └─► ends the jobs whose bound has passed

It runs outside Neptune's VPC and never calls Neptune, so a slow answer from Neptune cannot delay it. It ignores the
event's content. Returns how many invocations of `step` it asked for and how many jobs it has ended:

    {"source": "aws.events", "detail-type": "Scheduled Event", …}  →  {"invoked": 3, "ended": 0}
"""

from functools import cache
from typing import Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from wiring import Context, deadline, logger
from wiring import tracker as make_tracker

tracker = cache(make_tracker)
metrics = Metrics()


class TickFailed(Exception):  # noqa: N818
    """Say that something failed for some jobs; the others were handled. It is raised so that Lambda counts an error."""


@logger.inject_lambda_context
@metrics.log_metrics
def handler(_event: Any, context: Context) -> dict[str, int]:
    """Make one tick; return `{"invoked": invocations of step, "ended": jobs}`.

    Raises:
        TickFailed: some jobs could not be ended or handed to `step`.
    """
    done = tracker().tick(deadline(context))
    for name, value in done.metrics().items():
        metrics.add_metric(name, MetricUnit.Seconds if name.endswith("Seconds") else MetricUnit.Count, value)
    if done.failed:
        raise TickFailed(f"{len(done.failed)} jobs could not be ended or handed to step: {', '.join(done.failed[:10])}")
    return {"invoked": done.invoked, "ended": len(done.ended)}
