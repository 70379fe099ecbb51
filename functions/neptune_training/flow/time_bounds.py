"""The bound on every wait: until when a job can be started, and when `track` ends it.

docs/how-it-works.md has the same as a table. These are pure functions: they do no I/O.
"""

import math
from datetime import datetime, timedelta
from typing import assert_never

from neptune_training.flow.services import MARGIN
from neptune_training.model.jobs import Requested, Started, UnfinishedJob, Waiting
from neptune_training.model.parameters import NEPTUNES_DEFAULTS
from neptune_training.model.settings import Settings
from neptune_training.model.statuses import WaitingFor
from neptune_training.model.triggers import TriggerKind

# How long a cancellation without a job is kept: SQS may deliver it before its request. SQS delivers a request up to
# five times if `start` fails on it. The queue's longest visibility timeout is 72 minutes; five of these are six hours.
KEPT_FOR = timedelta(hours=6)
LAST_LOOK = timedelta(minutes=10)  # time for a kept cancellation to look for its job after `giveUpAt`
CLOCKS_DIFFER = timedelta(minutes=1)
OTHER_STAGES = 2  # the processing before the trials and the transform after them: each can take as long as one
# With managed spot training, SageMaker can wait for instances as long as a trial can train (assumed, not measured).
SPOT_FACTOR = 2


def give_up_at(job: Waiting | Requested, settings: Settings, now: datetime) -> datetime:
    """Return until when the job can be started.

    A job can wait for a slot for SlotWaitSeconds; that time does not count against GiveUpSeconds. It can wait for
    missing files for FilesGraceSeconds after they were first missed.
    """
    if isinstance(job, Requested):
        return job.giveUpAt or job.createdAt + settings.give_up_seconds
    return wait_ends_at(job, job.waitingFor, settings, now)


def wait_ends_at(job: Waiting | Requested, waiting_for: WaitingFor, settings: Settings, now: datetime) -> datetime:
    """Return until when the job can wait for `waiting_for`."""
    if job.trigger.kind is TriggerKind.CANCELLATION:
        return job.createdAt + KEPT_FOR
    overall = job.createdAt + settings.give_up_seconds + waited_for_slot(job, now)
    match waiting_for:
        case WaitingFor.SLOT:
            return job.createdAt + settings.slot_wait_seconds
        case WaitingFor.FILES:
            waits_already = isinstance(job, Waiting) and job.waitingFor is WaitingFor.FILES
            grace = job.giveUpAt if waits_already and job.giveUpAt else now + settings.files_grace_seconds
            return min(overall, grace)
    return overall


def waited_for_slot(job: Waiting | Requested, now: datetime) -> timedelta:
    """Return for how long the job has waited for a slot."""
    return timedelta(seconds=job.slot_seconds(now) if isinstance(job, Waiting) else job.slotSeconds)


def parameter_of(job: Waiting | Requested, waiting_for: WaitingFor, settings: Settings, now: datetime) -> str:
    """Return the parameter that limits how long the job can wait for `waiting_for`."""
    if waiting_for is WaitingFor.SLOT:
        return "SlotWaitSeconds"
    overall = wait_ends_at(job, WaitingFor.TURN, settings, now)
    files_first = waiting_for is WaitingFor.FILES and wait_ends_at(job, waiting_for, settings, now) < overall
    return "FilesGraceSeconds" if files_first else "GiveUpSeconds"


def end_by(job: UnfinishedJob, settings: Settings, now: datetime) -> datetime:
    """Return when `track` ends the job by itself, if nothing else has."""
    match job:
        case Waiting():
            cancels = job.trigger.kind is TriggerKind.CANCELLATION
            return give_up_at(job, settings, now) + (LAST_LOOK if cancels else timedelta())
        case Requested():
            return max(give_up_at(job, settings, now), job.leaseUntil) + settings.doubt_seconds
        case Started():
            longest = (job.startedAt or job.createdAt) + longest_run(job.request or {}) + settings.doubt_seconds
            return min(longest, job.unknownSince + settings.doubt_seconds) if job.unknownSince else longest
    assert_never(job)


def expired(job: UnfinishedJob, settings: Settings, now: datetime) -> bool:
    """Return True if the job has to be ended: its bound has passed."""
    return now >= end_by(job, settings, now)


def longest_run(request: dict[str, object]) -> timedelta:
    """Return how long the job can run: all batches of trials, and the stages before and after them."""
    said = {**NEPTUNES_DEFAULTS, **request}
    trials, parallel, timeout = (
        value if isinstance(value := said[name], int) and value > 0 else 1
        for name in ("maxHPONumberOfTrainingJobs", "maxHPOParallelTrainingJobs", "trainingTimeOutInSeconds")
    )
    factor = SPOT_FACTOR if said.get("enableManagedSpotTraining") else 1
    return timedelta(seconds=min((math.ceil(trials / parallel) + OTHER_STAGES) * timeout * factor, 10 * 365 * 86_400))


def hold(settings: Settings) -> timedelta:
    """Return for how long an invocation holds the pause with one start: until that start must have its answer."""
    return timedelta(seconds=settings.neptune_read_timeout_seconds) + MARGIN


def longest_pause(settings: Settings) -> timedelta:
    """Return the longest pause of all starts that is ever set: after a refusal, or while an invocation holds it."""
    return max(settings.capacity_probe_seconds, hold(settings)) + CLOCKS_DIFFER
