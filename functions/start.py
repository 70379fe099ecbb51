r"""`start`: record the request, then take the first step of its job.

    TrainingQueue ──► start ──► TrainingJobs: WAITING ──► check, claim, StartMLModelTrainingJob ──► STARTED

One SQS record, as TrainingQueue delivers it:

    {"Records": [{"messageId": "059f36b4-…", "eventSource": "aws:sqs", "body": "{\"source\": \"aws.s3\", …}"}]}

For `sam local invoke`, the event can also be given without SQS around it. Returns
`{"jobId", "status", "arn"}` of the job.

A cancellation ("Neptune ML Training Cancellation Requested") is applied to its job instead, and that job returned.

Once the request is recorded, it cannot be lost. If an error follows, SQS delivers the message again: `start` then finds
the record and changes nothing, and `step` takes the next step.
"""

import garbage_collection  # before all others, which it makes faster

# isort: split

import json
from functools import cache
from typing import Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from neptune_training.flow import drain, intake, step
from neptune_training.flow.pause import Pause
from neptune_training.flow.services import Services
from neptune_training.model.jobs import Waiting
from neptune_training.model.statuses import WaitingFor
from neptune_training.model.triggers import TriggerKind
from step_wiring import services as make_services
from wiring import Context, deadline, logger

garbage_collection.resume()

services = cache(make_services)
metrics = Metrics()


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: Any, context: Context) -> dict[str, Any] | None:
    """Record each request in `event` and take its first step.

    Returns the last job, as `begin` does; None if the event has no records.
    """
    if not is_queue(event):
        return begin(services(), json.dumps(event), None, context)
    answer = None
    for record in event["Records"]:
        answer = begin(services(), record["body"], record["messageId"], context)
    return answer


def is_queue(event: Any) -> bool:
    """Return True if SQS delivers the event. `Records` can be empty: the local stack does that to warm up."""
    records = event.get("Records") if isinstance(event, dict) else None
    return isinstance(records, list) and all(map(is_message, records))


def is_message(record: Any) -> bool:
    """Return True if the record is a message from SQS."""
    match record:
        case {"eventSource": "aws:sqs", "body": str(), "messageId": str()}:
            return True
    return False


def begin(services: Services, body: str, message_id: str | None, context: Context) -> dict[str, Any]:
    """Record one request and take its first step, unless it is a repeat. Or apply a cancellation.

    Returns the job as `{"jobId": "fraud-b1e3…", "status": "STARTED", "arn": "arn:aws:…"}`.
    """
    end, give_up = deadline(context), services.settings.give_up_seconds
    job, new = intake.record(services.table, body, message_id, now=services.now(), first_step_by=end, give_up=give_up)
    counted = "Cancellations" if job.trigger.kind is TriggerKind.CANCELLATION else "Requests"
    if not new:
        logger.info("repeat", extra={"repeats": job.jobId, "status": job.status, "messageId": message_id})
    elif isinstance(job, Waiting):
        pause = Pause()
        job = step.first(services, job, end, pause)
        if drain.run(services, pause, end):
            job = services.table.get(job.jobId) or job
    else:  # the event cannot be read
        logger.info("ended", extra={"jobId": job.jobId, "status": job.status, "reasons": [*map(str, job.reasons)]})
    waiting_for = job.waitingFor if isinstance(job, Waiting) else None
    logger.info("request", extra={"jobId": job.jobId, "status": job.status, "waitingFor": waiting_for})
    metrics.add_metric(f"{counted}{'' if new else 'Repeated'}", MetricUnit.Count, 1)
    if waiting_for is WaitingFor.ACCESS:
        metrics.add_metric("AccessDenied", MetricUnit.Count, 1)
    return {"jobId": job.jobId, "status": job.status, "arn": getattr(job, "arn", None)}
