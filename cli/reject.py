"""`neptune-training reject`: end a job by hand if it cannot be found out whether Neptune has it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

from cyclopts import Parameter
from pydantic import ValidationError

from cli.account import ACCOUNT, Account
from cli.exits import CommandError, Exit
from cli.screen import Json, Yes, confirm, print_json, say
from neptune_training.aws.table import Table
from neptune_training.aws.writes import RecordChanged
from neptune_training.model.jobs import Requested
from neptune_training.model.problems import AGAIN, Problem
from neptune_training.model.statuses import Status
from neptune_training.model.times import to_text

BY_HAND = Problem(field="job", problem="an operator has ended it: Neptune has no such job", remedy=AGAIN)


def reject(
    job_id: Annotated[str, Parameter(name="JOB", help="The job's id. It has to be REQUESTED.")],
    /,
    *,
    yes: Yes = False,
    account: Account = ACCOUNT,
    json: Json = False,
) -> int:
    """End a REQUESTED job as REJECTED, and free its slot.

    Only if you have made sure that Neptune has no such job: one that runs is not followed any more. Refused while the
    job's start may be on its way. Needs dynamodb:GetItem, dynamodb:PutItem and dynamodb:UpdateItem.

    For example:

        neptune-training reject fraud-b1e336b353b5439ee2aa
    """
    table = Table(account.session.client("dynamodb"), account.output("TrainingJobsTable"))
    end(table, job_id, datetime.now(UTC), lambda: confirm(f"Does Neptune have no job {job_id}, for certain?", yes=yes))
    if json:
        print_json({"jobId": job_id, "status": Status.REJECTED})
    else:
        say(f"{job_id} is REJECTED, and its slot is free. It will be announced.")
    return Exit.FINE


def end(table: Table, job_id: str, now: datetime, asked: Callable[[], None]) -> None:
    """Save the job as REJECTED and free its slot, in one transaction, after `asked` has returned.

    Raises `CommandError` if the job is not REQUESTED, if its lease is not over, or if a step has changed it meanwhile.
    """
    try:
        job = table.get(job_id)
    except ValidationError as error:
        problem = f"The record of {job_id} cannot be read by this version."
        raise CommandError(problem, "Install the version that the stack has: neptune-training status") from error
    if job is None:
        raise CommandError(f"There is no record of {job_id}.", "List the unfinished jobs: neptune-training jobs")
    if not isinstance(job, Requested):
        raise CommandError(f"{job_id} is {job.status}, not REQUESTED.", "Nothing was done.")
    if now < job.leaseUntil:
        until = to_text(job.leaseUntil)
        raise CommandError(f"The start of {job_id} may be on its way until {until}.", "Try again after that.")
    asked()
    try:
        table.release(job.ended(Status.REJECTED, now, (BY_HAND,)))
    except RecordChanged as error:
        raise CommandError(f"{job_id} has changed meanwhile.", f"Read it: neptune-training show {job_id}") from error
