"""Take a hint: SageMaker says that one of its jobs has ended. The jobs that it may belong to are looked at now.

event ──► no STARTED job that it concerns: nothing
└─► record: due now, then each minute for a while ──► invoke `step`

Neptune may show the end only later, so the job is looked at often until Neptune shows something new, for ten minutes at
most. If only the name matches, while Neptune shows what runs now, the event is most likely about a job with a similar
id: then the job is looked at twice. If `step` could not be invoked, or MaxConcurrentSteps invocations of it are
under way, the job is due, and the next tick passes it to `step`.

Many hints do not lead to many writes, and never keep a step from writing its outcome: see `taken_already`.
"""

import logging
from datetime import datetime
from functools import partial

from neptune_training.aws.writes import retried
from neptune_training.checks.sagemaker_events import SageMakerEnd
from neptune_training.flow.plan import LARGEST_GROUP, Plan
from neptune_training.flow.tick import TIME_TO_INVOKE, Done, Tracker
from neptune_training.model.jobs import Started
from neptune_training.model.stages import current_arn

log = logging.getLogger(__name__)

# For how many times StatusCheckSeconds a job is looked at often after a hint: if it is surely its own, or by name only.
LOOKS_IF_SURE = 10
LOOKS_IF_ONLY_NAMED = 1


def take(tracker: Tracker, end: SageMakerEnd, deadline: datetime) -> Done:
    """Let the jobs that the hint concerns be looked at now. An error with one job does not stop the others."""
    done, healthy, running, now = Done(), list[str](), tracker.table.started(), tracker.now()
    for job_id in (each.job_id for each in running):
        if tracker.now() >= deadline - TIME_TO_INVOKE:
            log.error("no time left for the hint", extra={"jobId": job_id})
            done.failed.append(job_id)
            break
        try:
            job = retried(partial(hinted, tracker, job_id, end))
        except Exception:
            log.exception("hint not recorded", extra={"jobId": job_id})
            done.failed.append(job_id)
            continue
        if job:
            log.info("hint", extra={"jobId": job_id, "sageMakerArn": end.arn})
        if job and not job.looks_fail(now):  # a job whose looks fail waits for the tick, and gets its own invocation
            healthy.append(job_id)
    groups = tuple(tuple(healthy[first : first + LARGEST_GROUP]) for first in range(0, len(healthy), LARGEST_GROUP))
    room = tracker.settings.max_concurrent_steps - len({each.step_until for each in running if each.in_step(now)})
    tracker.invoke_steps(Plan(groups=groups[: max(room, 0)]), deadline, done)
    return done


def hinted(tracker: Tracker, job_id: str, end: SageMakerEnd) -> Started | None:
    """Write that the job is due now; return the job as it was before. None if the hint does not lead to a step.

    Raises:
        RecordChanged: another invocation wrote the record since it was read. After the last retry, the hint is lost.
    """
    job = tracker.table.get(job_id)
    if not isinstance(job, Started) or not end.concerns(job):
        return None
    now, check = tracker.now(), tracker.settings.status_check_seconds
    sure = end.is_stage_of(job) or current_arn(job.stages) is None
    often_until = now + (LOOKS_IF_SURE if sure else LOOKS_IF_ONLY_NAMED) * check
    if taken_already(job, now, often_until - check):
        return None
    tracker.table.save(job.hinted(now, look_often_until=often_until))
    made_due_by_hint = job.lookOftenUntil and now < job.lookOftenUntil and job.nextAttemptAt <= now
    return None if made_due_by_hint else job


def taken_already(job: Started, now: datetime, before: datetime) -> bool:
    """Return True if an earlier hint has the same effect, so that nothing has to be written.

    It was taken less than StatusCheckSeconds ago: then `lookOftenUntil` is later than `before`. Or a step is under way,
    and its outcome must not be lost to a second hint. The job is looked at again within StatusCheckSeconds.
    """
    until = job.lookOftenUntil
    return until is not None and (until > before or (until > now and job.in_step(now)))
