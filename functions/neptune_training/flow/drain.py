"""The drain: start the jobs that wait in the queue, one after another, as fast as Neptune accepts them.

    Neptune refuses a start ──► the pause begins ──► the same invocation drains the queue
                                                     ├─► the queue is empty, or no slot is free: the pause ends
                                                     ├─► refused for ten seconds: the pause goes on until a probe
                                                     └─► the invocation is about to end: `track` sends a probe
    a probe ──► not refused: its invocation drains the queue

Without it, each invocation would repeat its own start, and Neptune would refuse most of them. If the invocation is
killed, the pause ends by itself after the time for one start.
"""

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum, auto
from functools import partial
from typing import assert_never

from neptune_training.aws.neptune_errors import LookFailed
from neptune_training.flow import plan, step
from neptune_training.flow.pause import Pause
from neptune_training.flow.services import Services
from neptune_training.flow.step_threads import StepThreads
from neptune_training.model.statuses import WaitingFor

log = logging.getLogger(__name__)

FIRST_PAUSE = timedelta(seconds=5)
MAX_DOUBLINGS = 10  # without a maximum, many refusals in a row would overflow a timedelta
# A job's step begins this long before its start can be sent, because its checks take about so long. `waiting.claim`
# waits for the rest.
TIME_TO_CHECK = timedelta(seconds=0.5)
READ_AGAIN = timedelta(seconds=10)  # so that a new job does not wait for all older ones


class End(Enum):
    """Name why a drain has ended.

    EMPTY: no job of the queue can start. REFUSED: Neptune refused all starts for too long, or cannot be reached.
    SILENT: the last two starts got no answer. OUT_OF_TIME: the invocation is about to end.
    LOST: another invocation holds the pause, or has ended it.
    """

    EMPTY = auto()
    REFUSED = auto()
    SILENT = auto()
    OUT_OF_TIME = auto()
    LOST = auto()


def run(services: Services, pause: Pause, deadline: datetime) -> bool:
    """Drain the queue if this invocation holds the pause; return True if it did.

    It raises nothing: the jobs that it leaves are started after the next tick.
    """
    if not pause.has_written:
        return False
    try:
        if not pause.holds(services.table.capacity()):
            return False
        pause.draining = True
        with StepThreads() as steps:
            ended = drain(services, pause, deadline, steps)
        leave(services, pause, ended)
    except Exception:
        log.exception("the drain failed: the pause ends by itself")
    return True


def drain(services: Services, pause: Pause, deadline: datetime, steps: StepThreads) -> End:
    """Start jobs of the queue until there is a reason to end; return that reason."""
    queue = queued(services, pause, steps)
    while (ended := ends(services, pause, deadline, steps)) is None:
        if (job_id := next(queue, None)) is None:
            return End.EMPTY
        services.sleep(max(pause.seconds_left(services.now()) - TIME_TO_CHECK.total_seconds(), 0))
        if not services.time_to_start(deadline - TIME_TO_CHECK):
            return End.OUT_OF_TIME
        steps.take(partial(take, services, job_id, deadline, pause))
    return ended


def ends(services: Services, pause: Pause, deadline: datetime, steps: StepThreads) -> End | None:
    """Return why the drain has to end; None if it can go on."""
    if pause.is_silent:
        steps.wait()  # the answers may only be slow
    if pause.lost:
        return End.LOST
    if pause.refused_for is WaitingFor.NEPTUNE or pause.pace.is_over(services.now()):
        return End.REFUSED
    if pause.is_silent:
        return End.SILENT
    return None if services.time_to_start(deadline) else End.OUT_OF_TIME


def queued(services: Services, pause: Pause, steps: StepThreads) -> Iterator[str]:
    """Yield the jobs that can start, in the order of `flow.plan`, until no start is sent for any of them.

    The index can lag behind, so it may lack the job that was refused last: that one is tried again.
    """
    while True:
        read_at, sent = services.now(), pause.sent
        for job_id in turns(services) or ([pause.refused_job] if pause.refused_for else []):
            yield job_id
            if pause.sent > sent and services.now() >= read_at + READ_AGAIN:
                break
        else:
            steps.wait()  # one of them may still send its start, or be refused
        if pause.sent == sent:
            return


def turns(services: Services) -> list[str]:
    """Return the jobs of the queue for which there are slots, in the order in which they start."""
    capacity = replace(services.table.capacity(), paused_until=None)
    limits = plan.Concurrency.of(services.settings)
    return [job.job_id for job in plan.turns(services.table.unfinished(), capacity, services.now(), limits)]


def take(services: Services, job_id: str, deadline: datetime, pause: Pause) -> None:
    """Take the step of one job. If it fails, log the error: `track` gives the job another one, which is counted."""
    try:
        step.take(services, job_id, deadline, pause, has_turn=True)
    except LookFailed:
        return  # `flow` has logged it
    except Exception:
        log.exception("step failed", extra={"jobId": job_id})


def leave(services: Services, pause: Pause, ended: End) -> None:
    """End the pause, or set when the next probe can be sent. Leave a pause that another invocation holds."""
    now, capacity = services.now(), services.table.capacity()
    log.info("drained", extra={"end": ended.name, "gapSeconds": pause.pace.gap.total_seconds()})
    if not pause.holds(capacity):
        return
    match ended:
        case End.EMPTY:
            services.table.end_pause(capacity)
        case End.REFUSED:
            refusals = 0 if pause.had_room else capacity.refusals
            until_probe = min(FIRST_PAUSE * 2 ** min(refusals, MAX_DOUBLINGS), services.settings.capacity_probe_seconds)
            paused_for = pause.refused_for or WaitingFor.CAPACITY
            services.table.set_next_probe(capacity, now + until_probe, paused_for, refusals=refusals + 1)
        case End.OUT_OF_TIME:
            services.table.shorten_pause(capacity, now)
        case End.SILENT | End.LOST:
            pass
        case _:
            assert_never(ended)
