"""Show each upload to the local stack's bucket and each event on its bus, also those that start no training."""

import json
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.course import Line
from local.stack import Stack
from neptune_training.aws.model_files import STATUS_FILE

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
            batch = self._sqs.receive_message(
                QueueUrl=self._url, MaxNumberOfMessages=10, WaitTimeSeconds=0, AttributeNames=["SentTimestamp"]
            )
            for each in batch.get("Messages", []):
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=each["ReceiptHandle"])
                at = int(each["Attributes"]["SentTimestamp"]) / 1000
                if line := arrived(at, json.loads(each["Body"])):
                    yield line
        except (BotoCoreError, ClientError):
            return  # the emulator is ending


def arrived(at: float, event: dict[str, Any]) -> Line | None:
    """Return the line about an event that came `at` (epoch seconds).

    Return None for a status file, which the application itself has written.
    """
    detail = event["detail"]
    if event["source"] == "aws.s3":
        if detail["object"]["key"].endswith(f"/{STATUS_FILE}"):
            return None
        return Line(at, "", "upload", f"s3://{detail['bucket']['name']}/{detail['object']['key']}")
    told = f"{event['source']}: {event['detail-type']} {json.dumps(detail)}"
    return Line(at, "", "event", told)
