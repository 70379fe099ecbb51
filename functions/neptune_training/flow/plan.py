"""Which jobs `track` ends and which get a step now: the order of the queue, probes, and what may run at once.

One pure function over what the index and the control item say. Three rules keep one job from delaying another:

- A job whose last step ended well shares an invocation of `step` with others; any other job has one of its own.
- Of the invocations that may run at once, at least half are for the jobs whose last step ended well.
- A refused probe goes behind all jobs that wait: its place in the queue is the time of its refusal.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from neptune_training.model.capacity import Capacity
from neptune_training.model.statuses import Status
from neptune_training.model.unfinished import Entry

GROUP = 20  # jobs of one invocation, where that is enough
LARGEST_GROUP = 100
URGENT_FIRST = (Status.WAITING, Status.REQUESTED, Status.STARTED)


@dataclass(frozen=True)
class Limits:
    """Hold how much can run at once: training jobs, those of one model, and invocations of `step`."""

    slots: int
    invocations: int
    per_model: int = 500


@dataclass(frozen=True)
class Plan:
    """Hold what a tick does.

    Attributes:
        expired: Jobs whose bound has passed, as far as the index knows.
        groups: The job ids of each invocation of `step`.
        turns: The jobs among them that were chosen from the queue to start.
    """

    expired: tuple[str, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()
    turns: frozenset[str] = frozenset()


def plan(jobs: Sequence[Entry], capacity: Capacity, now: datetime, limits: Limits) -> Plan:
    """Return what to do about all unfinished jobs."""
    expired = [job for job in jobs if job.end_by is not None and job.end_by <= now]
    due = [job for job in jobs if job not in expired and job.next_attempt_at <= now and not job.in_step(now)]
    running = Counter(job.model for job in jobs if job.status is not Status.WAITING)
    chosen = turns([job for job in due if job.in_queue], running, capacity, now, limits)
    steps = sorted((*chosen, *(job for job in due if not job.in_queue)), key=order)
    alone = [job for job in steps if job.failed_steps]
    together = [job for job in steps if not job.failed_steps]
    groups = invocations(alone, together, [job for job in jobs if job.in_step(now)], limits.invocations)
    return Plan(
        expired=tuple(job.job_id for job in expired),
        groups=tuple(tuple(job.job_id for job in group) for group in groups),
        turns=frozenset(job.job_id for job in chosen),
    )


def order(job: Entry) -> tuple[int, datetime]:
    """Return the key by which jobs get their steps: starts before looks, then whoever is due longest."""
    return URGENT_FIRST.index(job.status), job.next_attempt_at


def turns(
    queue: Iterable[Entry], running: Counter[str], capacity: Capacity, now: datetime, limits: Limits
) -> list[Entry]:
    """Return the jobs of the queue that can start now.

    While starts are paused: none. After a pause: one, the probe, which is the first in the queue. Otherwise as many as
    slots are free: each goes to the model with the fewest jobs running, then to the first in the queue. A model with
    as many jobs running as the operator allows gets none.
    """
    if capacity.is_paused(now):
        return []
    waiting = sorted(queue, key=lambda job: job.next_attempt_at)
    free = limits.slots - len(capacity.slots)
    probing = capacity.paused_until is not None
    running, chosen = Counter(running), list[Entry]()
    while len(chosen) < (min(free, 1) if probing else free):
        waiting = [job for job in waiting if running[job.model] < limits.per_model]
        if not waiting:
            break
        job = waiting[0] if probing else min(waiting, key=lambda each: running[each.model])
        waiting.remove(job)
        running[job.model] += 1
        chosen.append(job)
    return chosen


def invocations(
    alone: Sequence[Entry], together: Sequence[Entry], in_step: Sequence[Entry], most: int
) -> list[list[Entry]]:
    """Return the jobs of each invocation; what does not fit in gets its turn at the next tick.

    Invocations of earlier ticks that may still run count. All steps of one invocation have the same `step_until`; that
    of a job with a failed step before it runs alone.
    """
    alone_already = {job.step_until for job in in_step if job.failed_steps > 1}
    room = max(most - len({job.step_until for job in in_step}), 0)
    room_alone = min(max(most // 2 - len(alone_already), 0), room)
    singles = [[job] for job in alone[:room_alone]]
    wanted = min(room - len(singles), math.ceil(len(together) / GROUP))
    groups = [list(together[number::wanted][:LARGEST_GROUP]) for number in range(wanted)]
    return groups + singles
