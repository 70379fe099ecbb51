"""`neptune-training jobs` and `show`: what the table says about jobs. They read, and write nothing."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from rich.table import Table

from cli.account import ACCOUNT, Account
from cli.exits import CommandError, Exit
from cli.screen import Json, print_json, say, say_json, say_wide, visible
from neptune_training.aws.dynamodb_items import plain
from neptune_training.aws.table import MODEL_INDEX, UNFINISHED_INDEX
from neptune_training.model.result_words import in_words
from neptune_training.model.statuses import UNFINISHED

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

COLUMNS = ("createdAt", "status", "jobId", "waitingFor", "nextAttemptAt", "endBy", "failedSteps")
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
NAMES = {"#status": "status"}


def jobs(
    *,
    model: Annotated[str | None, Parameter(help="This model's newest jobs, by its directory in S3.")] = None,
    trigger: Annotated[str | None, Parameter(help="Jobs whose trigger has this text: a key, an event's id.")] = None,
    limit: Annotated[int, Parameter(help="Show at most this many jobs.")] = 100,
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
    else:
        say("no such job" if model or trigger else "no job is unfinished")
    return Exit.FINE


def show(
    job_id: Annotated[str, Parameter(name="JOB", help="The job's id, such as fraud-b1e336b353b5439ee2aa.")],
    /,
    *,
    account: Account = ACCOUNT,
    json: Json = False,
) -> int:
    """Show a job's record: its status, why, and all that is recorded.

    Needs dynamodb:GetItem.

    For example:

        neptune-training show fraud-b1e336b353b5439ee2aa
        neptune-training show fraud-b1e336b353b5439ee2aa --json | jq -r .arn
    """
    dynamodb, table = account.session.client("dynamodb"), account.output("TrainingJobsTable")
    key = {"jobId": {"S": job_id}}
    record = plain(dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item"))
    if not record:
        raise CommandError(
            f"There is no record of {job_id}.", "Look for its trigger: neptune-training jobs --trigger TEXT"
        )
    if json:
        print_json(record)
        return Exit.FINE
    say_json(record)
    say((record.get("status", ""), "bold"), f"  {record['jobId']}")
    if "waitingFor" in record:
        say(f"waits for {record['waitingFor']}, until {record.get('giveUpAt')} at the latest")
    for kind, colour in (("reasons", "red"), ("warnings", "yellow")):
        for each in record.get(kind, []):
            say((kind.removesuffix("s"), colour), f"  {each.get('field')}: {each.get('problem')}")
            say(f"        {each.get('remedy')}")
    for line in in_words(record.get("result", {})):
        say(line)
    return Exit.FINE


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
    """Yield a model's jobs, the newest first. A directory in S3 ends with a slash."""
    name = f"{model.rstrip('/')}/" if model.startswith("s3://") else model
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table,
        IndexName=MODEL_INDEX,
        KeyConditionExpression="model = :model",
        ExpressionAttributeValues={":model": {"S": name}},
        ScanIndexForward=False,
    )
    return (plain(each) for page in pages for each in page["Items"])


def of_trigger(dynamodb: "DynamoDBClient", table: str, text: str) -> Iterator[dict[str, Any]]:
    """Yield the jobs whose trigger has `text` in its identity, the newest first."""
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=table,
        FilterExpression="contains(#trigger.#identity, :text)",
        ExpressionAttributeNames={"#trigger": "trigger", "#identity": "identity"},
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
