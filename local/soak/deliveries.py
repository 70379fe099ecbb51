"""Deliveries to the training queue, as the platforms make them: at least once, in any order.

EventBridge puts events there itself. A second target of the same rules shows which, so that a fifth of them can be
delivered once more, some seconds later, byte for byte.
"""

import random
import threading
from typing import Any, Self

from botocore.exceptions import BotoCoreError, ClientError

from local.stack import Stack

AGAIN = 1 / 5
LATEST = 9  # seconds after the first delivery


class Deliveries:
    """The training queue, and a thread that repeats some of what EventBridge delivers to it."""

    def __init__(self, stack: Stack, chance: random.Random) -> None:
        self._sqs: Any = stack.client("sqs")
        self._url = stack.outputs["TrainingQueueUrl"]
        self._chance = chance
        self._stopping = threading.Event()
        self._seen_url = self._sqs.create_queue(QueueName="soak-deliveries")["QueueUrl"]
        self.repeated = 0
        self._watch(stack)

    def __enter__(self) -> Self:
        threading.Thread(target=self._repeat, name="repeat", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()

    def send(self, body: str, delay: int = 0) -> str:
        """Put a message into the training queue; return its id."""
        message_id: str = self._sqs.send_message(QueueUrl=self._url, MessageBody=body, DelaySeconds=delay)["MessageId"]
        return message_id

    def perhaps_again(self, body: str) -> None:
        """Deliver a fifth of what comes a second time, later."""
        if self._chance.random() < AGAIN:
            self.send(body, self._chance.randint(0, LATEST))
            self.repeated += 1

    def waiting(self) -> int:
        """Return how many messages the training queue has, visible or not."""
        names = [f"ApproximateNumberOfMessages{each}" for each in ("", "NotVisible", "Delayed")]
        found = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=names)["Attributes"]
        return sum(int(found.get(name, 0)) for name in names)

    def _watch(self, stack: Stack) -> None:
        """Have EventBridge deliver to a queue of ours, too, what its rules deliver to the training queue."""
        events = stack.client("events")
        arn = self._sqs.get_queue_attributes(QueueUrl=self._seen_url, AttributeNames=["QueueArn"])
        for bus in ("default", stack.outputs["EventBus"]):
            for rule in events.list_rules(EventBusName=bus)["Rules"]:
                targets = events.list_targets_by_rule(Rule=rule["Name"], EventBusName=bus)["Targets"]
                if stack.outputs["TrainingQueueArn"] in (each["Arn"] for each in targets):
                    target = {"Id": "soak", "Arn": arn["Attributes"]["QueueArn"]}
                    events.put_targets(Rule=rule["Name"], EventBusName=bus, Targets=[target])

    def _repeat(self) -> None:
        while not self._stopping.is_set():
            try:
                answer = self._sqs.receive_message(QueueUrl=self._seen_url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
                for each in answer.get("Messages", []):
                    self._sqs.delete_message(QueueUrl=self._seen_url, ReceiptHandle=each["ReceiptHandle"])
                    self.perhaps_again(each["Body"])
            except (BotoCoreError, ClientError):
                self._stopping.wait(0.2)
