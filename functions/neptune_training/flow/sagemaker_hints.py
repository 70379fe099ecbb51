"""Take a hint: SageMaker says that one of its jobs has ended. The jobs that it may belong to are looked at now.

event ──► no STARTED job that it concerns: nothing
└─► record: due now, then each minute for a while ──► invoke `step`

Neptune may show the end only later, so the job is looked at often until Neptune shows something new, for ten minutes at
most. If `step` could not be invoked, the job is due, and the next tick passes it to `step`.
"""

import logging
from datetime import datetime
from functools import partial

from neptune_training.aws.writes import retried
from neptune_training.checks.sagemaker_events import SageMakerEnd
from neptune_training.flow.plan import LARGEST_GROUP, Plan
from neptune_training.flow.tick import Done, Tracker
from neptune_training.model.jobs import Started

log = logging.getLogger(__name__)

OFTEN_FOR_CHECKS = 10  # times StatusCheckSeconds, during which the job is looked at each StatusCheckSeconds


def take(tracker: Tracker, end: SageMakerEnd, deadline: datetime) -> Done:
    """Let the jobs that the hint concerns be looked at now. An error with one job does not stop the others."""
    done, healthy = Done(), list[str]()
    for job_id in tracker.table.started():
        try:
            job = retried(partial(hinted, tracker, job_id, end))
        except Exception:
            log.exception("hint not recorded", extra={"jobId": job_id})
            done.failed.append(job_id)
            continue
        if job:
            log.info("hint", extra={"jobId": job_id, "sageMakerArn": end.arn})
        if job and not job.looks_fail:  # a job whose looks fail waits for the tick, which gives it its own invocation
            healthy.append(job_id)
    groups = tuple(tuple(healthy[first : first + LARGEST_GROUP]) for first in range(0, len(healthy), LARGEST_GROUP))
    tracker.invoke_steps(Plan(groups=groups), deadline, done)
    return done


def hinted(tracker: Tracker, job_id: str, end: SageMakerEnd) -> Started | None:
    """Write that the job is due now; return the job as it was before, None if the hint does not concern it.

    Raises:
        RecordChanged: another invocation wrote the record since it was read. After the last retry, the hint is lost.
    """
    job = tracker.table.get(job_id)
    if not isinstance(job, Started) or not end.concerns(job):
        return None
    now = tracker.now()
    often_until = now + OFTEN_FOR_CHECKS * tracker.settings.status_check_seconds
    tracker.table.save(job.hinted(now, look_often_until=often_until))
    return job
