"""Plan a tick: which jobs `track` ends, and which get a step now.

`plan` is a pure function of the index and the control item. It also chooses the order in which waiting jobs start, and
the probe. Four rules keep one job from delaying another:

- Jobs whose last step succeeded share invocations of `step`. A job whose last step failed has one of its own.
- Of the invocations that can run at once, at least half are for jobs whose last step succeeded.
- A job whose last step failed does not take another job's turn: both try, and the claim decides.
- A refused probe goes to the end of the queue: its place is the time of its refusal.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from neptune_training.model.capacity import Capacity
from neptune_training.model.settings import Settings
from neptune_training.model.statuses import Status, WaitingFor
from neptune_training.model.unfinished import Entry

GROUP = 20  # jobs in one invocation, as long as enough invocations can run
LARGEST_GROUP = 100
SPARE_TURNS = 2
URGENT_FIRST = (Status.WAITING, Status.REQUESTED, Status.STARTED)


@dataclass(frozen=True)
class Concurrency:
    """Hold how much can run at once: training jobs, those of one model, and invocations of `step`."""

    slots: int
    invocations: int
    per_model: int = 500

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the operator's limits."""
        return cls(
            slots=settings.max_concurrent_training_jobs,
            invocations=settings.max_concurrent_steps,
            per_model=settings.max_concurrent_training_jobs_per_model,
        )


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


def plan(jobs: Sequence[Entry], capacity: Capacity, now: datetime, limits: Concurrency) -> Plan:
    """Return what to do about all unfinished jobs."""
    expired = [job for job in jobs if job.is_expired(now)]
    chosen = turns(jobs, capacity, now, limits)
    others = (job for job in jobs if job.is_due(now) and (not job.in_queue or lacks_slot(job, capacity, now, limits)))
    steps = sorted((*chosen, *others), key=order)
    alone = sorted((job for job in steps if job.failed_steps), key=lambda job: job.failed_steps)
    together = [job for job in steps if not job.failed_steps]
    groups = invocations(alone, together, [job for job in jobs if job.in_step(now)], limits.invocations)
    return Plan(
        expired=tuple(job.job_id for job in expired),
        groups=tuple(tuple(job.job_id for job in group) for group in groups),
        turns=frozenset(job.job_id for job in chosen),
    )


def order(job: Entry) -> tuple[int, datetime]:
    """Return the sort key for steps: starts come before looks, then the job that has been due longest."""
    return URGENT_FIRST.index(job.status), job.next_attempt_at


def turns(jobs: Sequence[Entry], capacity: Capacity, now: datetime, limits: Concurrency) -> list[Entry]:
    """Return the jobs of the queue that can start now: first those whose last step succeeded, then the others."""
    running = Counter(job.model for job in jobs if job.status is not Status.WAITING)
    queue = [job for job in jobs if job.is_due(now) and job.in_queue]
    return [
        *chosen_of([job for job in queue if not job.failed_steps], running, capacity, now, limits),
        *chosen_of([job for job in queue if job.failed_steps], running, capacity, now, limits),
    ]


def lacks_slot(job: Entry, capacity: Capacity, now: datetime, limits: Concurrency) -> bool:
    """Return True if the job waits for the end of a pause that is over, while all slots are taken.

    Its step records that it waits for a slot, for which it can wait longer.
    """
    full = not capacity.is_paused(now) and len(capacity.slots) >= limits.slots
    return full and job.in_queue and job.waiting_for is not WaitingFor.SLOT


def chosen_of(
    queue: Iterable[Entry], running: Counter[str], capacity: Capacity, now: datetime, limits: Concurrency
) -> list[Entry]:
    """Return the jobs of a queue that can start now.

    While starts are paused, no job can. After a pause, one job can: the probe, which is the first in the queue.
    Otherwise there are as many as free slots, and two more, in case a record cannot be read or written. The claim still
    enforces the limit. The model with the fewest running jobs comes first, then the job that is first in the queue.
    A model that has `limits.per_model` jobs running gets no turn.
    """
    if capacity.is_paused(now):
        return []
    waiting = sorted(queue, key=lambda job: job.next_attempt_at)
    free = limits.slots - len(capacity.slots)
    probing = capacity.paused_until is not None
    running, chosen = Counter(running), list[Entry]()
    while free > 0 and len(chosen) < (1 if probing else free + SPARE_TURNS):
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
    """Return the jobs of each invocation. Jobs for which there is no room get a step at a later tick.

    Invocations of earlier ticks that may still run take room too. They are told apart by `step_until`, which all steps
    of one invocation share. A step under way counts as failed: above 1, `failed_steps` means an invocation for one job.
    """
    alone_already = {job.step_until for job in in_step if job.failed_steps > 1}
    room = max(most - len({job.step_until for job in in_step}), 0)
    room_alone = min(max(most // 2 - len(alone_already), 0), room)
    singles = [[job] for job in alone[:room_alone]]
    # After a failed step, make the groups smaller: a step that kills its process then ends fewer others.
    trouble = any(job.failed_steps for job in (*alone, *in_step))
    wanted = min(room - len(singles), len(together) if trouble else math.ceil(len(together) / GROUP))
    groups = [list(together[number::wanted][:LARGEST_GROUP]) for number in range(wanted)]
    return groups + singles
