"""`neptune-training status-files`: write the missing files beside uploads again, such as after an outage of S3."""

import json as json_text
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

from botocore.config import Config
from cyclopts import Parameter

from cli.account import ACCOUNT, Account
from cli.exits import CommandError, Exit
from cli.screen import Json, print_json, say
from neptune_training.model.times import from_text, to_text

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient

AT_ONCE = 10  # as the function gets them from the stream
ONE_INVOCATION = Config(read_timeout=70, retries={"mode": "standard", "total_max_attempts": 2})  # it ends after 60 s


def status_files(
    *,
    since: Annotated[str, Parameter(help="Jobs whose status is from then or later, such as 2026-11-30T03:00Z.")],
    account: Account = ACCOUNT,
    json: Json = False,
) -> int:
    """Write the missing or outdated training-job.status.json of uploads again, such as after an outage of S3.

    It reads the whole table, and the function emit writes the files. No event or message is sent again, and a file that
    is as new as its record stays. Needs dynamodb:Scan on the table and lambda:InvokeFunction on emit.

    For example:

        neptune-training status-files --since 2026-11-30T03:00Z
    """
    begin = time_of(since)
    table, function = account.output("TrainingJobsTable"), account.output("EmitFunction")
    if account.parameters.get("WriteStatusFile") == "false":
        raise CommandError(
            "The stack writes no status files: its parameter WriteStatusFile is false.", "Set it to true, and deploy."
        )
    lambda_ = account.session.client("lambda", config=ONE_INVOCATION)
    counts: Counter[str] = Counter()
    records = uploads(account.session.client("dynamodb"), table, begin)
    while images := list(islice(records, AT_ONCE)):
        answer = written(lambda_, function, images)
        counts.update(jobs=len(images), written=answer["files"], notWritten=answer["filesNotWritten"])
    if json:
        print_json({name: counts[name] for name in ("jobs", "written", "notWritten")})
    else:
        say(f"{counts['written']} written, for {counts['jobs']} jobs of uploads")
    if counts["notWritten"]:
        raise CommandError(
            f"{counts['notWritten']} could not be written.", "Read why in the log of emit, and run this again."
        )
    return Exit.FINE


def time_of(text: str) -> str:
    """Return a time in ISO 8601 as records have it; it is UTC unless it says otherwise. Raises `CommandError`."""
    try:
        return to_text(from_text(text))
    except (ValueError, OverflowError):
        raise CommandError(f"--since {text} is not a time.", "Write it as 2026-11-30T03:00Z, for example.") from None


def uploads(dynamodb: "DynamoDBClient", table: str, since: str) -> Iterator[dict[str, Any]]:
    """Yield the records of uploads whose status is from `since` or later, in DynamoDB's types."""
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=table,
        FilterExpression="#trigger.#kind = :upload AND updatedAt >= :since",
        ExpressionAttributeNames={"#trigger": "trigger", "#kind": "kind"},
        ExpressionAttributeValues={":upload": {"S": "upload"}, ":since": {"S": since}},
    )
    return (each for page in pages for each in page["Items"])


def written(lambda_: "LambdaClient", function: str, images: list[dict[str, Any]]) -> dict[str, int]:
    """Let `emit` write the files of some records; return its answer. Raises `CommandError` if it fails."""
    event = {"Records": [{"dynamodb": {"NewImage": each}} for each in images], "onlyFiles": True}
    answer = lambda_.invoke(FunctionName=function, Payload=json_text.dumps(event).encode())
    said = json_text.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise CommandError(f"{function} failed: {said.get('errorMessage')}.", "Read its log, and run this again.")
    return dict(said)
