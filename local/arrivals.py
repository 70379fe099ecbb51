"""Show each upload to the local stack's bucket and each event on its bus, also those that start no training."""

import json
import time
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.course import Line
from local.stack import Stack

QUEUE = "arrivals"


class Arrivals:
    """Receive copies of all events, by rules of their own beside the template's."""

    def __init__(self, stack: Stack) -> None:
        self._sqs = stack.client("sqs")
        self._url = self._sqs.create_queue(QueueName=QUEUE)["QueueUrl"]
        names = ["QueueArn"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=names)["Attributes"]["QueueArn"]
        policy = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}
        policies = json.dumps({"Statement": {**policy, "Resource": arn}})
        self._sqs.set_queue_attributes(QueueUrl=self._url, Attributes={"Policy": policies})
        events = stack.client("events")
        uploads = {"source": ["aws.s3"], "detail": {"bucket": {"name": [stack.outputs["ModelBucket"]]}}}
        for bus, pattern in (("default", uploads), (stack.outputs["EventBus"], {"source": [{"prefix": ""}]})):
            events.put_rule(Name=QUEUE, EventBusName=bus, EventPattern=json.dumps(pattern))
            events.put_targets(Rule=QUEUE, EventBusName=bus, Targets=[{"Id": QUEUE, "Arn": arn}])

    def lines(self) -> Iterator[Line]:
        """Yield what has arrived since the last call."""
        try:
            batch = self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10, WaitTimeSeconds=0)
            for each in batch.get("Messages", []):
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=each["ReceiptHandle"])
                yield arrived(json.loads(each["Body"]))
        except (BotoCoreError, ClientError):
            return  # the emulator is ending


def arrived(event: dict[str, Any]) -> Line:
    """Return the line about an event."""
    detail = event["detail"]
    if event["source"] == "aws.s3":
        return Line(time.time(), "", "upload", f"s3://{detail['bucket']['name']}/{detail['object']['key']}")
    told = f"{event['source']}: {event['detail-type']} {json.dumps(detail)}"
    return Line(time.time(), "", "event", told)
