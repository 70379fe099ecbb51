"""`make logs`: follow what the functions of `make up` log, until Ctrl-C or until the stack ends."""

import sys
import time
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from cli.screen import say, visible_lines
from local import joining, locks
from local.function_logs import Reader
from local.joining import NotJoined
from local.run_folders import UP_LOCK

COLOURS = {"WARNING": "yellow", "ERROR": "red", "CRITICAL": "red"}
SECONDS = 0.5  # between two looks


def main() -> int:
    """Run the program."""
    try:
        reader = Reader(client(joining.read()))
    except NotJoined as error:
        say(error, style="red")
        return 1
    while locks.is_held(UP_LOCK):
        try:
            show(reader)
        except (BotoCoreError, ClientError):
            continue  # the stack is ending
        finally:
            time.sleep(SECONDS)
    say("The local stack has ended.")
    return 0


def client(variables: dict[str, str]) -> Any:
    """Return a client of the local stack's CloudWatch Logs."""
    return boto3.client(
        "logs",
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        region_name=variables["AWS_REGION"],
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
    )


def show(reader: Reader) -> None:
    """Print what is new."""
    for entry in reader.entries():
        for line in visible_lines(entry).split("\n"):
            say(line, style=COLOURS.get(entry.level, ""))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(0)
