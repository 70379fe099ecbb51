"""`make redrive`: send the dead-letter queue's messages back, after the cause is fixed.

It does not use StartMessageMoveTask: that moves only messages that came from a queue, but rules and schedules also put
here what they cannot deliver. If it is interrupted, a message can be sent twice; that makes no second job.
"""

import os
import sys
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

console = Console(highlight=False, soft_wrap=True)
VARIABLES = ("DEAD_LETTER_QUEUE_URL", "TRAINING_QUEUE_URL")


def main() -> int:
    """Run the program."""
    missing = [name for name in VARIABLES if not os.environ.get(name)]
    if missing:
        console.print(f"Set {' and '.join(missing)}: the stack's outputs have them, or `. .local/env`", style="red")
        return 2
    if os.environ[VARIABLES[0]] == os.environ[VARIABLES[1]]:
        console.print(f"{' and '.join(VARIABLES)} name one queue; it would be read and written for ever", style="red")
        return 2
    moved = redrive(boto3.client("sqs"), *(os.environ[name] for name in VARIABLES))
    console.print(f"{moved} {'message' if moved == 1 else 'messages'} sent back")
    return 0


def redrive(sqs: Any, dead_letters: str, queue: str) -> int:
    """Move every message of `dead_letters` to `queue`; return how many there were."""
    moved = 0
    while batch := receive(sqs, dead_letters):
        for each in batch:
            sqs.send_message(QueueUrl=queue, MessageBody=each["Body"])
            sqs.delete_message(QueueUrl=dead_letters, ReceiptHandle=each["ReceiptHandle"])
            moved += 1
    return moved


def receive(sqs: Any, url: str) -> list[Any]:
    """Return some of the messages of a queue; none if it stays empty for two seconds."""
    answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=2)
    return list(answer.get("Messages", []))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\nStopped. What was not sent back is still in the dead-letter queue.")
    except (BotoCoreError, ClientError, ValueError) as error:  # a region that is set to nothing is a ValueError
        sys.exit(f"make redrive: {error}")
