"""`neptune-training redrive`: send the dead-letter queue's messages back, after the cause is fixed.

It does not use StartMessageMoveTask: that moves only messages that came from a queue, but rules and schedules also put
here what they cannot deliver. If it is interrupted, a message can be sent twice; that makes no second job.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from cli.account import ACCOUNT, Account
from cli.exits import CommandError, Exit
from cli.screen import Json, print_json, say

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

LOOK_SECONDS = 60  # how long a message that is only looked at stays hidden, if the look is interrupted
DryRun = Annotated[bool, Parameter(negative="", show_default=False, help="Show the messages, and move none.")]
Source = Annotated[
    str | None,
    Parameter(name="--from", env_var="DEAD_LETTER_QUEUE_URL", help="The queue to empty. Default: the stack's."),
]
Target = Annotated[
    str | None,
    Parameter(name="--to", env_var="TRAINING_QUEUE_URL", help="The queue to fill. Default: the training queue."),
]


def redrive(
    *,
    dry_run: DryRun = False,
    source: Source = None,
    target: Target = None,
    account: Account = ACCOUNT,
    json: Json = False,
) -> int:
    """Send the dead-letter queue's messages back to the training queue.

    Fix the cause first. Messages that were recorded before are only repeated, so no job starts twice. Needs
    sqs:ReceiveMessage and sqs:DeleteMessage on the one queue, sqs:SendMessage on the other.

    For example:

        neptune-training redrive --dry-run     # what is in the queue, and why
        neptune-training redrive
        neptune-training redrive --stack-name my-stack --region eu-west-1
    """
    source = source or account.output("DeadLetterQueueUrl")
    target = target or account.output("TrainingQueueUrl")
    if source == target:
        raise CommandError(
            "--from and --to name the same queue: its messages would be moved for ever.",
            "Are DEAD_LETTER_QUEUE_URL and TRAINING_QUEUE_URL set? Unset them, and the stack's queues are used.",
        )
    sqs = account.session.client("sqs")
    if dry_run:
        show(look(sqs, source), source, json=json)
        return Exit.FINE
    moved = move(sqs, source, target)
    if json:
        print_json({"from": source, "to": target, "moved": moved})
    else:
        say(f"{moved} {'message' if moved == 1 else 'messages'} sent back")
    return Exit.FINE


def move(sqs: "SQSClient", source: str, target: str) -> int:
    """Move every message of the queue `source` to `target`; return how many there were."""
    moved = 0
    for each in received(sqs, source):
        sqs.send_message(QueueUrl=target, MessageBody=each["Body"])
        sqs.delete_message(QueueUrl=source, ReceiptHandle=each["ReceiptHandle"])
        moved += 1
    return moved


def look(sqs: "SQSClient", url: str) -> "list[MessageTypeDef]":
    """Return the messages of a queue, and leave them there."""
    seen: dict[str, MessageTypeDef] = {}
    try:
        for each in received(sqs, url, hidden_for=LOOK_SECONDS):
            if each["MessageId"] in seen:
                break
            seen[each["MessageId"]] = each
    finally:
        for each in seen.values():
            sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"], VisibilityTimeout=0)
    return list(seen.values())


def received(sqs: "SQSClient", url: str, *, hidden_for: int | None = None) -> "Iterator[MessageTypeDef]":
    """Yield the messages of a queue, until it stays empty for two seconds.

    Each stays hidden for `hidden_for` seconds; if that is None, for the queue's visibility timeout.
    """
    asked: Any = {"MaxNumberOfMessages": 10, "WaitTimeSeconds": 2}
    asked |= {"MessageSystemAttributeNames": ["All"], "MessageAttributeNames": ["All"]}
    asked |= {} if hidden_for is None else {"VisibilityTimeout": hidden_for}
    while batch := sqs.receive_message(QueueUrl=url, **asked).get("Messages", []):
        yield from batch


def show(messages: "list[MessageTypeDef]", url: str, *, json: bool) -> None:
    """Print the messages, each with why it is there."""
    found = [described(each) for each in messages]
    if json:
        print_json({"from": url, "messages": found})
        return
    for each in found:
        say((each["sent"], "bold"), f"  {each['reason']}")
        say(f"  {each['body']}")
    say(f"{len(found)} {'message' if len(found) == 1 else 'messages'} in {url}; none was moved")


def described(message: "MessageTypeDef") -> dict[str, str]:
    """Return when a message was sent, its body, and why it is in a dead-letter queue.

    EventBridge and Scheduler add ERROR_CODE and ERROR_MESSAGE (EventBridge guide, Using dead-letter queues).
    """
    attributes = {name: each.get("StringValue", "") for name, each in message.get("MessageAttributes", {}).items()}
    sent = int(message.get("Attributes", {}).get("SentTimestamp", "0")) / 1000
    reason = "start failed on it: look for the error in its log at this time"
    if code := attributes.get("ERROR_CODE"):
        reason = f"not delivered: {code} {attributes.get('ERROR_MESSAGE', '')}".rstrip()
    when = datetime.fromtimestamp(sent, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"sent": when, "reason": reason, "body": message["Body"]}
