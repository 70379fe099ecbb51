"""The updates of the control item `#capacity`: its slots, and the pause of all starts.

Each function returns the parameters of an UpdateItem. `table` sends it, in one transaction with the record of the job
that takes or frees a slot.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from neptune_training.aws.writes import update_of
from neptune_training.model.capacity import Capacity
from neptune_training.model.statuses import WaitingFor
from neptune_training.model.times import to_text

CAPACITY = "#capacity"


def taken(
    job_id: str, seen: Capacity, *, limit: int, now: datetime, pause_until: datetime | None, holds: bool
) -> dict[str, Any]:
    """Return the update that takes a slot for the job, if fewer than `limit` are taken and starts are not paused.

    With `pause_until`, starts were paused when the item was `seen`: the pause must be unchanged, and over unless the
    invocation `holds` it. It then lasts until `pause_until`, so that no other invocation starts a job before the answer
    to this start.
    """
    values: dict[str, Any] = {":slot": {"SS": [job_id]}, ":job": {"S": job_id}, ":limit": {"N": str(limit)}}
    room = "(attribute_not_exists(slots) OR size(slots) < :limit OR contains(slots, :job))"
    if pause_until:
        condition = f"{room} AND pausedUntil = :seen"
        update = "ADD slots :slot SET pausedUntil = :until"
        values |= {":seen": {"S": seen.pause_text}, ":until": {"S": to_text(pause_until)}}
        if not holds:
            condition += " AND pausedUntil <= :now"
            values[":now"] = {"S": to_text(now)}
    else:
        condition, update = f"{room} AND attribute_not_exists(pausedUntil)", "ADD slots :slot"
    return update_of(CAPACITY, update, values, ConditionExpression=condition)


def freed(job_id: str, paused_for: WaitingFor, *, pause_until: datetime | None) -> dict[str, Any]:
    """Return the update that frees the job's slot. With `pause_until`, it begins the pause if there is none."""
    update = "DELETE slots :slot"
    values: dict[str, Any] = {":slot": {"SS": [job_id]}}
    if pause_until:
        update += " SET pausedUntil = if_not_exists(pausedUntil, :until), pausedFor = if_not_exists(pausedFor, :for)"
        values |= {":until": {"S": to_text(pause_until)}, ":for": {"S": paused_for}}
    return update_of(CAPACITY, update, values)


def next_probe(seen: Capacity, until: datetime, paused_for: WaitingFor, *, refusals: int) -> dict[str, Any]:
    """Return the update that sets when the next probe can be sent, if the pause is as it was `seen`."""
    values = {
        ":seen": {"S": seen.pause_text},
        ":until": {"S": to_text(until)},
        ":for": {"S": paused_for},
        ":refusals": {"N": str(refusals)},
    }
    update = "SET pausedUntil = :until, pausedFor = :for, refusals = :refusals"
    return update_of(CAPACITY, update, values, ConditionExpression="pausedUntil = :seen")


def no_pause(seen: Capacity) -> dict[str, Any]:
    """Return the update that ends the pause of all starts, if it is as it was `seen`."""
    values = {":seen": {"S": seen.pause_text}}
    update = "REMOVE pausedUntil, pausedFor, refusals"
    return update_of(CAPACITY, update, values, ConditionExpression="pausedUntil = :seen")


def shorter_pause(seen: Capacity, until: datetime) -> dict[str, Any]:
    """Return the update that lets the pause end at `until`, if it is as it was `seen`."""
    values = {":seen": {"S": seen.pause_text}, ":until": {"S": to_text(until)}}
    return update_of(
        CAPACITY, "SET pausedUntil = :until REMOVE refusals", values, ConditionExpression="pausedUntil = :seen"
    )


def added(job_ids: Iterable[str]) -> dict[str, Any]:
    """Return the update that takes slots for these jobs, whatever the limit is."""
    return update_of(CAPACITY, "ADD slots :slots", {":slots": {"SS": sorted(job_ids)}})


def forgotten(job_ids: Iterable[str]) -> dict[str, Any]:
    """Return the update that frees the slots of these jobs."""
    return update_of(CAPACITY, "DELETE slots :slots", {":slots": {"SS": sorted(job_ids)}})
