"""Record a new request in the table. After that it cannot be lost, and a repeat of it is recognised."""

from datetime import datetime, timedelta

from neptune_training.aws.table import Table
from neptune_training.checks import events
from neptune_training.checks.events import Asked, Unreadable
from neptune_training.flow import time_bounds
from neptune_training.model import new_jobs
from neptune_training.model.jobs import Ended, Job
from neptune_training.model.problems import ANOTHER_ID, Problem, shown
from neptune_training.model.triggers import TriggerKind

MAX_RAW_CHARACTERS = 16_384


def record(
    table: Table, body: str, message_id: str | None, *, now: datetime, first_step_by: datetime, give_up: timedelta
) -> tuple[Job, bool]:
    """Record the job that `body` asks for. Return it, and True if it is new. An unreadable event is a REJECTED job.

    Until `first_step_by`, when this invocation ends, only this invocation takes the job's first step.
    A cancellation is not stored here, see `cancellation`.
    """
    try:
        asked = events.read(body, message_id)
    except Unreadable as unreadable:
        return store(table, new_jobs.rejected(unreadable.trigger, unreadable.problems, now, raw_body=raw(body)))
    if asked.trigger.kind is TriggerKind.CANCELLATION:
        return cancellation(table, asked, now, first_step_by)
    job = new_jobs.new(asked.trigger, asked.parameters, now, first_step_by=first_step_by, give_up=give_up)
    if asked.trigger.sequencer:
        table.note_upload(asked.trigger, job.jobId)
    stored, new = store(table, job)
    if not new and stored.fingerprint != job.fingerprint:
        return store(table, conflicting(asked, job, now))
    return stored, new


def cancellation(table: Table, asked: Asked, now: datetime, first_step_by: datetime) -> tuple[Job, bool]:
    """Return the record of a cancellation with False, if it has one; otherwise a new one, not stored yet, with True.

    `flow.cancellation` stores it, if its job has no record or if it is REJECTED.
    """
    new = new_jobs.new(asked.trigger, asked.parameters, now, first_step_by=first_step_by, give_up=time_bounds.KEPT_FOR)
    stored = table.get(new.jobId)
    return (stored, False) if stored else (new, True)


def store(table: Table, job: Job) -> tuple[Job, bool]:
    """Store `job` and return it with True; if its id has a record, return that with False.

    An equal record counts as new: the SDK has sent our own write twice.
    """
    if table.create(job):
        return job, True
    stored = table.get(job.jobId)
    return (stored, stored == job) if stored else (job, table.create(job))


def conflicting(asked: Asked, job: Job, now: datetime) -> Ended:
    """Return a REJECTED job, with an id of its own, for a request whose explicit id another request has used."""
    problem, remedy = "is already used by another request", ANOTHER_ID
    reasons = (Problem(field="id", value=shown(job.jobId), problem=problem, remedy=remedy),)
    return new_jobs.rejected(
        asked.trigger, reasons, now, asked=asked.parameters, request_fingerprint=job.fingerprint, model=job.model
    )


def raw(body: str) -> str:
    """Return the start of a body that cannot be read, as text that DynamoDB can store."""
    return body[:MAX_RAW_CHARACTERS].encode(errors="replace").decode()
