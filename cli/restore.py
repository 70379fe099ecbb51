"""`neptune-training restore`: copy from a restored backup of the table what the live table lacks.

A job that was WAITING then may have been trained since. So no record comes back in a form in which the functions would
start it without looking: each job that may run is looked up in Neptune first. docs/operate.md, A restored table, has
the steps around it.
"""

import json as json_text
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from cli.account import ACCOUNT, Account
from cli.exits import CommandError, Exit
from cli.on_off import minutes_until_quiet, switches_of
from cli.screen import Json, print_json, say
from neptune_training.aws.slots import CAPACITY
from neptune_training.aws.table import NEW
from neptune_training.model.times import from_text, to_text

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PAST = {"S": "2000-01-01T00:00:00.000Z"}
TO_LOOK_IT_UP = timedelta(hours=12)
DECIDED_ANEW = ("endBy", "stepUntil", "failedSteps", "missingSince", "unknownSince")
OF_WAITING = ("waitingFor", "waitedFor", "waitingSince")
WAITING, REQUESTED, STARTED = ({"S": status} for status in ("WAITING", "REQUESTED", "STARTED"))


def restore(
    backup: Annotated[str, Parameter(help="The table that was restored from a backup.")],
    /,
    *,
    account: Account = ACCOUNT,
    json: Json = False,
) -> int:
    """Copy from a restored backup of the table what the live table lacks, so that no job is started twice or forgotten.

    Refused while the application is on. No record of the live table is replaced, and it can be run again. Needs
    dynamodb:Scan on the backup, dynamodb:PutItem and dynamodb:UpdateItem on the table, and what `status` needs.

    For example:

        neptune-training off
        neptune-training restore neptune-ml-training-backup
        neptune-training on
    """
    table = account.output("TrainingJobsTable")
    if backup == table:
        raise CommandError(f"{backup} is the live table itself.", "Name the table that was restored from a backup.")
    if not switches_of(account).are_off:
        raise CommandError(
            "The application is on: it could start a job that is restored.",
            f"Switch it off, and wait {minutes_until_quiet(account)} minutes: neptune-training off",
        )
    copied, kept = copy(account.session.client("dynamodb"), backup, table, datetime.now(UTC))
    if json:
        print_json({"copied": copied, "kept": kept})
        return Exit.FINE
    for each in kept:
        say(f"kept as it is in {table}: {each}")
    say(f"{len(copied)} copied from {backup}, {len(kept)} kept")
    return Exit.FINE


def copy(dynamodb: "DynamoDBClient", backup: str, table: str, now: datetime) -> tuple[list[str], list[str]]:
    """Copy the items that `table` lacks; return the keys of those that were copied, and of those that it had."""
    copied: list[str] = []
    kept: list[str] = []
    for page in dynamodb.get_paginator("scan").paginate(TableName=backup, ConsistentRead=True):
        for stored in page["Items"]:
            key = stored["jobId"]["S"]
            if key == CAPACITY:  # the live one is newer; each job that may run takes its slot below
                continue
            item = restored(stored, now)
            if item.get("status") in (REQUESTED, STARTED):
                take_slot(dynamodb, table, key)
            try:
                dynamodb.put_item(TableName=table, Item=item, ConditionExpression=NEW)
            except dynamodb.exceptions.ConditionalCheckFailedException:
                kept.append(key)
            else:
                copied.append(key)
    return copied, kept


def take_slot(dynamodb: "DynamoDBClient", table: str, job_id: str) -> None:
    """Let a job that may run count among those that do. `track` gives the slot back if it does not."""
    dynamodb.update_item(
        TableName=table,
        Key={"jobId": {"S": CAPACITY}},
        UpdateExpression="ADD slots :slot",
        ExpressionAttributeValues={":slot": {"SS": [job_id]}},
    )


def restored(stored: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return an item of the backup, in DynamoDB's types, in the form that is safe now.

    A WAITING job becomes REQUESTED with a lease that is over, so it is looked up before anything is sent. One with an
    explicit id that was never claimed stays WAITING: such an id is looked up before its first start anyway.
    """
    item = dict(stored)
    if item.get("status") == WAITING:
        since = from_text(item.get("waitingSince", item["createdAt"])["S"])
        waited = max(0, int((now - since).total_seconds()))
        item["slotSeconds"] = {"N": str(waited)}  # this time does not count against GiveUpSeconds
        if "request" in item or not json_text.loads(item["asked"]["S"]).get("id"):
            item = {name: value for name, value in item.items() if name not in OF_WAITING}
            item |= {"status": REQUESTED, "leaseUntil": PAST}
    if item.get("status") in (REQUESTED, STARTED):
        item = {name: value for name, value in item.items() if name not in DECIDED_ANEW} | {"nextAttemptAt": PAST}
    if item.get("status") == REQUESTED:
        item["giveUpAt"] = {"S": to_text(now + TO_LOOK_IT_UP)}
    return item
