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
RESUME = "REMOVE pausedUntil, pausedFor, refusals"


def taken(job_id: str, seen: Capacity, *, limit: int, now: datetime, probe_until: datetime) -> dict[str, Any]:
    """Take a slot for the job, if fewer than `limit` are taken and starts are not paused.

    If starts were paused when the item was `seen`, the pause must be over and unchanged. It then lasts until
    `probe_until`, so that no other job is started before the answer to this one.
    """
    values: dict[str, Any] = {":slot": {"SS": [job_id]}, ":job": {"S": job_id}, ":limit": {"N": str(limit)}}
    room = "(attribute_not_exists(slots) OR size(slots) < :limit OR contains(slots, :job))"
    if seen.paused_until:
        condition = f"{room} AND pausedUntil = :seen AND pausedUntil <= :now"
        update = "ADD slots :slot SET pausedUntil = :until"
        values |= {
            ":seen": {"S": seen.pause_text},
            ":now": {"S": to_text(now)},
            ":until": {"S": to_text(probe_until)},
        }
    else:
        condition, update = f"{room} AND attribute_not_exists(pausedUntil)", "ADD slots :slot"
    return update_of(CAPACITY, update, values, ConditionExpression=condition)


def freed(job_id: str, paused_for: WaitingFor, *, pause_until: datetime | None, resume: bool) -> dict[str, Any]:
    """Free the slot of the job. `pause_until` also begins or lengthens the pause of all starts; `resume` ends it."""
    update = "DELETE slots :slot"
    values: dict[str, Any] = {":slot": {"SS": [job_id]}}
    if pause_until:
        update += " SET pausedUntil = :until, pausedFor = :for ADD refusals :one"
        values |= {":until": {"S": to_text(pause_until)}, ":for": {"S": paused_for}, ":one": {"N": "1"}}
    elif resume:
        update += f" {RESUME}"
    return update_of(CAPACITY, update, values)


def resumed() -> dict[str, Any]:
    """End the pause of all starts."""
    return update_of(CAPACITY, RESUME)


def shorter_pause(seen: Capacity, until: datetime) -> dict[str, Any]:
    """Let the pause end at `until`, if it is as it was `seen`."""
    values = {":seen": {"S": seen.pause_text}, ":until": {"S": to_text(until)}}
    return update_of(CAPACITY, "SET pausedUntil = :until", values, ConditionExpression="pausedUntil = :seen")


def added(job_ids: Iterable[str]) -> dict[str, Any]:
    """Take slots for these jobs, whatever the limit is."""
    return update_of(CAPACITY, "ADD slots :slots", {":slots": {"SS": sorted(job_ids)}})


def forgotten(job_ids: Iterable[str]) -> dict[str, Any]:
    """Free the slots of these jobs."""
    return update_of(CAPACITY, "DELETE slots :slots", {":slots": {"SS": sorted(job_ids)}})
