"""Queues, topics, rules, the schedule, and what invokes the functions."""

import json
from dataclasses import dataclass
from typing import Any

from cli.facts.aws import Aws


@dataclass(frozen=True)
class Queue:
    """A queue: who can send to it, where it puts what fails, and how many messages are in it."""

    arn: str
    policy: dict[str, Any]
    dead_letter_target: str  # an ARN; empty if there is none
    messages: int


@dataclass(frozen=True)
class Subscription:
    """A subscription of a topic. One by e-mail is not confirmed until the link in its first e-mail is opened."""

    protocol: str
    endpoint: str
    confirmed: bool


@dataclass(frozen=True)
class Source:
    """Hold an event source mapping: Lambda polls a queue or stream for a function if `state` is `Enabled`."""

    id: str
    state: str
    result: str


@dataclass(frozen=True)
class Function:
    """A function's state, `Active` if it can run (`Inactive` after weeks without an invocation: the next wakes it)."""

    state: str
    reason: str


@dataclass(frozen=True)
class Alarm:
    """An alarm's state: `OK`, `ALARM` or `INSUFFICIENT_DATA`."""

    state: str
    reason: str


def queue(aws: Aws, url: str) -> Queue | None:
    """Return a queue; None if there is none at this URL."""
    absent = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
    answer = aws.ask("sqs", "get_queue_attributes", absent, QueueUrl=url, AttributeNames=["All"])
    if answer is None:
        return None
    said = answer["Attributes"]
    target = json.loads(said.get("RedrivePolicy", "{}")).get("deadLetterTargetArn", "")
    policy = json.loads(said.get("Policy") or "{}")
    return Queue(said["QueueArn"], policy, target, int(said["ApproximateNumberOfMessages"]))


def subscriptions(aws: Aws, topic: str) -> list[Subscription] | None:
    """Return the subscriptions of a topic; None if there is no such topic."""
    absent = ("NotFound", "NotFoundException")
    if aws.ask("sns", "list_subscriptions_by_topic", absent, TopicArn=topic) is None:
        return None
    found = aws.pages("sns", "list_subscriptions_by_topic", "Subscriptions", TopicArn=topic)
    return [
        Subscription(each["Protocol"], each["Endpoint"], each["SubscriptionArn"].startswith("arn:")) for each in found
    ]


def rule_state(aws: Aws, name: str, bus: str = "default") -> str | None:
    """Return `ENABLED` or `DISABLED`; None if there is no such rule."""
    answer = aws.ask("events", "describe_rule", ("ResourceNotFoundException",), Name=name, EventBusName=bus)
    return str(answer["State"]) if answer else None


def bus_exists(aws: Aws, name: str) -> bool:
    """Return True if there is an event bus of this name."""
    return aws.ask("events", "describe_event_bus", ("ResourceNotFoundException",), Name=name) is not None


def schedule_state(aws: Aws, group: str, name: str) -> str | None:
    """Return `ENABLED` or `DISABLED`; None if there is no such schedule."""
    answer = aws.ask("scheduler", "get_schedule", ("ResourceNotFoundException",), GroupName=group, Name=name)
    return str(answer.get("State", "ENABLED")) if answer else None


def sources(aws: Aws, function: str) -> list[Source]:
    """Return what Lambda takes for a function."""
    found = aws.pages("lambda", "list_event_source_mappings", "EventSourceMappings", FunctionName=function)
    return [Source(each["UUID"], each["State"], each.get("LastProcessingResult", "")) for each in found]


def function(aws: Aws, name: str) -> Function | None:
    """Return a function's state; None if there is no such function."""
    said = aws.ask("lambda", "get_function_configuration", ("ResourceNotFoundException",), FunctionName=name)
    return Function(said.get("State", "Active"), said.get("StateReason", "")) if said else None


def alarms(aws: Aws, names: list[str]) -> dict[str, Alarm]:
    """Return the alarms of these names that there are; at most 100 (API reference of CloudWatch)."""
    found = aws.pages("cloudwatch", "describe_alarms", "MetricAlarms", AlarmNames=names)
    return {each["AlarmName"]: Alarm(each["StateValue"], each.get("StateReason", "")) for each in found}
