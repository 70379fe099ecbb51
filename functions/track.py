"""`track`: every minute, decide which jobs get a step. At a hint, make the jobs due that it concerns.

    every minute ──► track ──► invokes `step` for the jobs that are due
                           └─► ends the jobs whose bound has passed
    a SageMaker job has ended ──► track ──► invokes `step` for the jobs that it may belong to

It runs outside Neptune's VPC and never calls Neptune, so a slow answer from Neptune cannot delay it. Any other event
than SageMaker's is a tick. Returns how many invocations of `step` it asked for and how many jobs it has ended:

    {"source": "aws.events", "detail-type": "Scheduled Event", …}  →  {"invoked": 3, "ended": 0}
    {"detail-type": "SageMaker Processing Job State Change", "detail": {"ProcessingJobArn": …}, …}  →
    {"invoked": 1, "ended": 0}
"""

import garbage_collection  # before all others, which it makes faster

# isort: split

from functools import cache
from typing import Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from neptune_training.checks import sagemaker_events
from neptune_training.flow import sagemaker_hints
from neptune_training.flow.tick import Done
from track_wiring import tracker as make_tracker
from wiring import Context, deadline, logger

garbage_collection.resume()

tracker = cache(make_tracker)
metrics = Metrics()


class SomeJobsFailed(Exception):  # noqa: N818
    """Say that something failed for some jobs; the others were handled. It is raised so that Lambda counts an error."""


@logger.inject_lambda_context
def handler(event: Any, context: Context) -> dict[str, int]:
    """Make one tick, or take one hint; return `{"invoked": invocations of step, "ended": jobs}`.

    Raises:
        SomeJobsFailed: some jobs could not be ended or handed to `step`.
    """
    kind = sagemaker_events.kind_of(event)
    done = hint(event, kind, context) if kind else tick(event, context)
    if done.failed:
        raise SomeJobsFailed(
            f"{len(done.failed)} jobs could not be ended or handed to step: {', '.join(done.failed[:10])}"
        )
    return {"invoked": done.invoked, "ended": len(done.ended)}


@metrics.log_metrics
def tick(_event: Any, context: Context) -> Done:
    """Make one tick, and publish what it saw as metrics."""
    done = tracker().tick(deadline(context))
    for name, value in done.metrics().items():
        metrics.add_metric(name, MetricUnit.Seconds if name.endswith("Seconds") else MetricUnit.Count, value)
    return done


def hint(event: Any, kind: str, context: Context) -> Done:
    """Take a hint. It looks at few of the jobs, so it publishes no metrics."""
    end = sagemaker_events.read(event, kind)
    return sagemaker_hints.take(tracker(), end, deadline(context)) if end else Done()
