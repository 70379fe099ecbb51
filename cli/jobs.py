"""`neptune-training jobs` and `show`: what the table says about jobs. They read, and write nothing."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter, validators
from rich.table import Table

from cli.account import ACCOUNT, Account
from cli.exits import CommandError, Exit
from cli.screen import Json, console, print_json, say, say_wide, visible
from neptune_training.aws.dynamodb_items import plain
from neptune_training.aws.table import MODEL_INDEX, UNFINISHED_INDEX
from neptune_training.model.result_words import in_words
from neptune_training.model.statuses import UNFINISHED

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

COLUMNS = ("createdAt", "status", "jobId", "waitingFor", "nextAttemptAt", "endBy", "failedSteps")
FACTS = (
    *("model", "arn", "neptuneStatus", "createdAt", "startedAt", "nextAttemptAt", "endedAt"),
    *("cancelledBy", "supersededBy"),
)
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
NAMES = {"#status": "status"}
MODEL = "This model's newest jobs: s3://bucket/models/fraud/, the ARN of a schedule, or the source of events."
TRIGGER = "Jobs whose trigger has this text: in a key, an event's id, a schedule's ARN, or the source of an event."


def jobs(
    *,
    model: Annotated[str | None, Parameter(help=MODEL)] = None,
    trigger: Annotated[str | None, Parameter(help=TRIGGER)] = None,
    limit: Annotated[int, Parameter(help="Show at most this many jobs.", validator=validators.Number(gte=1))] = 100,
    account: Account = ACCOUNT,
    json: Json = False,
) -> int:
    """List jobs: all unfinished ones, those of one model, or those of one trigger.

    --trigger reads the whole table. Needs dynamodb:Query on the table's indexes, or dynamodb:Scan for --trigger.

    For example:

        neptune-training jobs
        neptune-training jobs --model s3://my-models/models/fraud/ --limit 10
        neptune-training jobs --trigger models/fraud/
    """
    if "" in (model, trigger):
        raise CommandError("--model or --trigger is empty.", "Leave it out to list all unfinished jobs.")
    if model and trigger:
        raise CommandError("--model and --trigger cannot be combined.", "Leave one out.")
    dynamodb, table = account.session.client("dynamodb"), account.output("TrainingJobsTable")
    if model:
        found = of_model(dynamodb, table, model)
    elif trigger:
        found = of_trigger(dynamodb, table, trigger)
    else:
        found = unfinished(dynamodb, table)
    rows = [{name: each[name] for name in COLUMNS if name in each} for each in islice(found, limit)]
    if json:
        print_json(rows)
    elif rows:
        say_wide(as_table(rows))
    elif trigger:
        say(f"no job whose trigger has {trigger} in its key, its event's id or its source")
    else:
        say(f"no job of the model {directory(model)}" if model else "no job is unfinished")
    return Exit.FINE


def show(
    job_id: Annotated[str, Parameter(name="JOB", help="The job's id, such as fraud-b1e336b353b5439ee2aa.")],
    /,
    *,
    account: Account = ACCOUNT,
    json: Json = False,
) -> int:
    """Show how a job is, why, and what to do. With --json, or into a pipe or a file: its whole record.

    Needs dynamodb:GetItem.

    For example:

        neptune-training show fraud-b1e336b353b5439ee2aa
        neptune-training show fraud-b1e336b353b5439ee2aa --json | jq -r .arn
    """
    record = read(account, job_id)
    if not record:
        raise CommandError(
            f"There is no record of {job_id}.", "Look for its trigger: neptune-training jobs --trigger TEXT"
        )
    if json or not console.is_terminal:
        print_json(record)
        return Exit.FINE
    say((record.get("status", ""), "bold"), f"  {record['jobId']}")
    for name in FACTS:
        if name in record:
            say((f"{name:<13}", "dim"), f" {record[name]}")
    if isinstance(trigger := record.get("trigger"), dict):
        source = trigger.get("source")
        say((f"{'trigger':<13}", "dim"), f" {trigger.get('identity')}", f", from {source}" if source else "")
    if "waitingFor" in record:
        say(f"waits for {record['waitingFor']}, until {record.get('giveUpAt')} at the latest")
    for kind, colour in (("reasons", "red"), ("warnings", "yellow")):
        for each in problems_in(record.get(kind)):
            value = f" (value: {each['value']})" if each.get("value") is not None else ""
            say((kind.removesuffix("s"), colour), f"  {each.get('field')}: {each.get('problem')}{value}")
            say(f"        {each.get('remedy')}")
    for line in in_words(record.get("result", {})):
        say(line)
    say((f"The whole record: neptune-training show {record['jobId']} --json", "dim"))
    return Exit.FINE


def problems_in(field: Any) -> list[dict[str, Any]]:
    """Return the problems that a field of a record has; none if a person has written something else there."""
    return [each for each in field if isinstance(each, dict)] if isinstance(field, list) else []


def read(account: Account, job_id: str) -> dict[str, Any]:
    """Return a job's record; empty if there is none. Raises an error of botocore, or `CommandError`."""
    dynamodb, table = account.session.client("dynamodb"), account.output("TrainingJobsTable")
    key = {"jobId": {"S": job_id}}
    return plain(dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item"))


def unfinished(dynamodb: "DynamoDBClient", table: str) -> Iterator[dict[str, Any]]:
    """Yield all unfinished jobs as the index has them, by status, the one that is due longest first."""
    for status in UNFINISHED:
        pages = dynamodb.get_paginator("query").paginate(
            TableName=table,
            IndexName=UNFINISHED_INDEX,
            KeyConditionExpression="#status = :status",
            ExpressionAttributeNames=NAMES,
            ExpressionAttributeValues={":status": {"S": status}},
        )
        yield from (plain(each) for page in pages for each in page["Items"])


def of_model(dynamodb: "DynamoDBClient", table: str, model: str) -> Iterator[dict[str, Any]]:
    """Yield a model's jobs, the newest first."""
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table,
        IndexName=MODEL_INDEX,
        KeyConditionExpression="model = :model",
        ExpressionAttributeValues={":model": {"S": directory(model)}},
        ScanIndexForward=False,
    )
    return (plain(each) for page in pages for each in page["Items"])


def directory(model: str) -> str:
    """Return a model's name as its records have it: a directory in S3 ends with a slash."""
    return f"{model.rstrip('/')}/" if model.startswith("s3://") else model


def of_trigger(dynamodb: "DynamoDBClient", table: str, text: str) -> Iterator[dict[str, Any]]:
    """Yield the jobs whose trigger has `text` in its identity or its source, the newest first."""
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=table,
        FilterExpression="contains(#trigger.#identity, :text) OR contains(#trigger.#source, :text)",
        ExpressionAttributeNames={"#trigger": "trigger", "#identity": "identity", "#source": "source"},
        ExpressionAttributeValues={":text": {"S": text}},
    )
    found = (plain(each) for page in pages for each in page["Items"])
    return iter(sorted(found, key=lambda each: str(each.get("createdAt")), reverse=True))


def as_table(rows: list[dict[str, Any]]) -> Table:
    """Return the jobs as a table, without the columns in which nothing is."""
    table = Table(box=None, pad_edge=False)
    columns = [name for name in COLUMNS if any(name in each for each in rows)]
    for name in columns:
        table.add_column(name, no_wrap=True)
    for each in rows:
        table.add_row(*(visible(shown(each.get(name, ""))) for name in columns))
    return table


def shown(value: Any) -> str:
    """Return a value of a record for people: a time up to its minute."""
    text = str(value)
    return f"{text[:10]} {text[11:16]}" if re.fullmatch(TIME, text) else text
