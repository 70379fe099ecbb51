"""`neptune-training status`, `off` and `on`: show the application's state, and switch it off and on.

It is off while Lambda takes no requests from the queue for `start` and neither rule invokes `track`.
"""

import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from cli.account import ACCOUNT, Account
from cli.exits import CommandError, Exit
from cli.screen import Json, print_json, say
from neptune_training.aws.dynamodb_items import plain
from neptune_training.aws.slots import CAPACITY

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_lambda.type_defs import EventSourceMappingConfigurationTypeDef

RULES = ("TrackFunctionTick", "SageMakerRule")
ON_ITS_WAY_SECONDS, EVERY_SECONDS = 120.0, 2.0  # Lambda takes about a minute


@dataclass(frozen=True)
class Switches:
    """Hold the states of what makes the application run.

    Attributes:
        start: The state of Lambda's event source mapping: Enabled, Disabled, or on its way to one of them.
        track: The state of the rules that invoke it: ENABLED or DISABLED, or both if they differ.
    """

    start: str
    track: str

    @property
    def are_on(self) -> bool:
        """Return True if both are on."""
        return self.start.lower() == self.track.lower() == "enabled"

    @property
    def are_off(self) -> bool:
        """Return True if both are off, or soon will be."""
        return self.start.lower() in ("disabled", "disabling") and self.track.lower() == "disabled"


def status(*, account: Account = ACCOUNT, json: Json = False) -> int:
    """Show the application's state: its version, if it is on, its queues, slots, and if starts are paused.

    It only reads: lambda:ListEventSourceMappings, events:DescribeRule, sqs:GetQueueAttributes, dynamodb:GetItem.

    For example:

        neptune-training status
        neptune-training status --json | jq .queue.waiting
    """
    switches = switches_of(account)
    queue, dead_letters = counts(account, "TrainingQueueUrl"), counts(account, "DeadLetterQueueUrl")
    capacity = capacity_of(account)
    if json:
        seen = {"stack": account.stack_name, "version": account.output("Version"), "switches": asdict(switches)}
        print_json({**seen, "queue": queue, "deadLetters": dead_letters, "capacity": capacity})
        return Exit.FINE
    state = ("on", "green") if switches.are_on else ("off", "yellow") if switches.are_off else ("partly on", "red")
    say((account.stack_name, "bold"), f"  version {account.output('Version')}  ", state)
    say(f"start   event source mapping: {switches.start}")
    say(f"track   rules: {switches.track}")
    say(f"queue   {queue['waiting']} waiting, {queue['inFlight']} in flight")
    said = f"dead    {dead_letters['waiting']} in the dead-letter queue"
    say((f"{said}: neptune-training redrive --dry-run", "red") if dead_letters["waiting"] else said)
    slots = capacity["slots"]
    say(f"slots   {len(slots)} taken{': ' if slots else ''}{', '.join(slots)}")
    if "pausedUntil" in capacity:
        paused = f"paused  until {capacity['pausedUntil']} for {capacity.get('pausedFor', 'capacity')}"
        say((f"{paused}; {capacity.get('refusals', 0)} probes refused in a row", "yellow"))
    return Exit.FINE


def off(*, account: Account = ACCOUNT, json: Json = False) -> int:
    """Switch the application off: no job is recorded, started or followed until it is on again.

    What is on its way already can start a training for 10 minutes more, or for 20 if NeptuneReadTimeoutSeconds is above
    20. Requests gather in the queue for up to 14 days. Jobs that run go on in Neptune. Alarms will go off. A deployment
    may switch it on again. Needs lambda:ListEventSourceMappings, lambda:UpdateEventSourceMapping, events:DisableRule.

    For example:

        neptune-training off
        neptune-training on
    """
    return switch(account, on=False, json=json)


def on(*, account: Account = ACCOUNT, json: Json = False) -> int:
    """Switch the application on again.

    Jobs whose time is over end at once. Needs lambda:ListEventSourceMappings, lambda:UpdateEventSourceMapping,
    events:EnableRule.

    For example:

        neptune-training on
    """
    return switch(account, on=True, json=json)


def switch(account: Account, *, on: bool, json: bool) -> int:
    """Switch the rules of `track` and the event source mapping of `start`, and print the new state."""
    events = account.session.client("events")
    switch_rule = events.enable_rule if on else events.disable_rule
    for rule in RULES:
        switch_rule(Name=account.resource(rule))
    for each in mappings(account):
        set_mapping(account.session.client("lambda"), each["UUID"], on=on)
    if json:
        print_json({"stack": account.stack_name, "on": on})
    elif on:
        say(f"{account.stack_name} is on: requests are taken from the queue, and track runs each minute.")
    else:
        minutes = minutes_until_quiet(account)
        say(f"{account.stack_name} is off. What is on its way can start a training for {minutes} minutes more.")
        say("To switch it on again: neptune-training on")
    return Exit.FINE


def minutes_until_quiet(account: Account) -> int:
    """Return for how many minutes after `off` a training can still start.

    Something that came before is delivered to `track` within 300 seconds and waits there for 60, `track` runs for 60,
    its call of `step` waits for 60, and `step` runs for 120 or less, or up to 720 if NeptuneReadTimeoutSeconds is above
    20 (template.yaml). `start` ends before that: Lambda needs about a minute to switch its mapping off.
    """
    return 10 if int(account.parameters.get("NeptuneReadTimeoutSeconds", "20")) <= 20 else 20


def set_mapping(client: "LambdaClient", uuid: str, *, on: bool) -> None:
    """Enable or disable an event source mapping. Lambda refuses it while the mapping is on its way to another state."""
    until = time.monotonic() + ON_ITS_WAY_SECONDS
    while True:
        try:
            client.update_event_source_mapping(UUID=uuid, Enabled=on)
        except client.exceptions.ResourceInUseException as error:
            if time.monotonic() > until:
                raise CommandError(
                    "The event source mapping is still on its way to another state.",
                    f"The rules of track are {'on' if on else 'off'} already. Run the same command again.",
                ) from error
            time.sleep(EVERY_SECONDS)
        else:
            return


def switches_of(account: Account) -> Switches:
    """Return the states of the two switches."""
    events = account.session.client("events")
    rules = {events.describe_rule(Name=account.resource(rule))["State"] for rule in RULES}
    states = {each["State"] for each in mappings(account)}
    return Switches(start=", ".join(sorted(states)) or "missing", track=", ".join(sorted(rules)))


def mappings(account: Account) -> "list[EventSourceMappingConfigurationTypeDef]":
    """Return the event source mappings of `start`: there is one, for the queue."""
    client = account.session.client("lambda")
    return client.list_event_source_mappings(FunctionName=account.output("StartFunction"))["EventSourceMappings"]


def counts(account: Account, output: str) -> dict[str, int]:
    """Return how many messages a queue has: `{"waiting": 3, "inFlight": 0}`."""
    sqs = account.session.client("sqs")
    found = sqs.get_queue_attributes(QueueUrl=account.output(output), AttributeNames=["All"])["Attributes"]
    waiting, in_flight = found["ApproximateNumberOfMessages"], found["ApproximateNumberOfMessagesNotVisible"]
    return {"waiting": int(waiting), "inFlight": int(in_flight)}


def capacity_of(account: Account) -> dict[str, Any]:
    """Return the control item of the table: who holds a slot, and whether starts are paused."""
    dynamodb, table = account.session.client("dynamodb"), account.output("TrainingJobsTable")
    found = plain(dynamodb.get_item(TableName=table, Key={"jobId": {"S": CAPACITY}}, ConsistentRead=True).get("Item"))
    return {**found, "slots": sorted(found.get("slots", ()))}
