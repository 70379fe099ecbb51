"""The stack itself, its functions, and what invokes them."""

from collections.abc import Iterator

from cli.doctor.findings import Wrong, check, drifted
from cli.facts import messaging
from cli.facts.aws import NotNeeded
from cli.facts.facts import Facts

FINE = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"}
FUNCTIONS = ("StartFunction", "StepFunction", "TrackFunction", "NotifyFunction", "EmitFunction")


@check("The last deployment succeeded")
def deployed(facts: Facts) -> Iterator[Wrong]:
    """Look at the stack's status."""
    name, stack = facts.stack_name, facts.stack
    deploy = "sam build && sam deploy --parameter-overrides file://parameters.yaml"
    failed = "StackEvents[?contains(ResourceStatus,'FAILED')].[LogicalResourceId,ResourceStatusReason]"
    events = f'aws cloudformation describe-stack-events --stack-name {name} --query "{failed}"'
    if not stack:
        yield Wrong(
            f"There is no stack {name}", "Nothing is deployed, or it has another name (--stack-name) or region.", deploy
        )
    elif stack.status == "ROLLBACK_COMPLETE":
        why = "The first deployment failed. CloudFormation deploys this stack again only after it is deleted."
        yield Wrong(
            f"The stack is {stack.status}", why, f"{events}; aws cloudformation delete-stack --stack-name {name}"
        )
    elif stack.status not in FINE:
        why = f"A deployment failed or is not finished{f': {stack.reason}' if stack.reason else '.'}"
        yield Wrong(f"The stack is {stack.status}", why, events)


@check("The functions can run")
def functions(facts: Facts) -> Iterator[Wrong]:
    """Look at the functions' states."""
    for output in FUNCTIONS:
        name = facts.output(output)
        found = messaging.function(facts.aws, name)
        if not found:
            yield Wrong(f"{output} is not there", "It was deleted by hand.", drifted(facts))
        elif found.state == "Failed":
            why = f"Lambda cannot invoke it: {found.reason or 'see its state'}"
            yield Wrong(f"{name} is {found.state}", why, drifted(facts))


@check("The functions' triggers are on")
def triggers(facts: Facts) -> Iterator[Wrong]:
    """Look at what Lambda takes from the queue and the stream, at the rules and at the schedule."""
    yield from event_sources(facts)
    yield from rules(facts)
    if schedule := facts.resources.get("Schedule"):
        name = schedule.rpartition("/")[2]  # its id is its group's name, a slash and its own
        if messaging.schedule_state(facts.aws, facts.resources["ScheduleGroup"], name) != "ENABLED":
            why = "Nothing is trained on schedule."
            yield Wrong(f"The schedule {schedule} is disabled or not there", why, drifted(facts))


def event_sources(facts: Facts) -> Iterator[Wrong]:
    """Look at what Lambda takes from the queue and the stream."""
    readers = [("StartFunction", "requests are not recorded"), ("NotifyFunction", "nothing is announced")]
    if facts.value("StatusEventBus") or facts.value("WriteStatusFile") == "true":  # without both, its mapping is off
        readers.append(("EmitFunction", "no status event is sent, and no status file is written"))
    for output, what in readers:
        name = facts.output(output)
        found = messaging.sources(facts.aws, name)
        if not found:
            yield Wrong(f"{name} has no event source mapping", f"Without it, {what}.", drifted(facts))
        for each in found:
            if each.state not in ("Enabled", "Enabling", "Creating", "Updating"):
                fix = f"aws lambda update-event-source-mapping --uuid {each.id} --enabled"
                yield Wrong(f"The event source mapping of {name} is {each.state}", f"As long as it is, {what}.", fix)


def rules(facts: Facts) -> Iterator[Wrong]:
    """Look at the rules of EventBridge."""
    for logical, what in (
        ("UploadRule", "uploads start nothing"),
        ("RequestRule", "events start nothing"),
        ("TrackFunctionTick", "no job makes progress"),
        ("SageMakerRule", "the end of a training can be recorded a quarter of an hour late"),
    ):
        bus, rule = facts.rule(logical)
        state = messaging.rule_state(facts.aws, rule, bus) if rule else None
        if state is None:
            yield Wrong(f"The rule {logical} is not there", f"Without it, {what}.", drifted(facts))
        elif state == "DISABLED":
            fix = f"aws events enable-rule --name {rule} --event-bus-name {bus}"
            yield Wrong(f"The rule {rule} is {state}", f"As long as it is, {what}.", fix)


@check("The bus for status events exists")
def status_event_bus(facts: Facts) -> Iterator[Wrong]:
    """Look for the bus that StatusEventBus names."""
    name = facts.value("StatusEventBus")
    if not name:
        raise NotNeeded("StatusEventBus is empty: no status event is sent")
    if not messaging.bus_exists(facts.aws, name):
        yield Wrong(
            f"There is no event bus {name} in {facts.aws.region}",
            "emit fails or its events reach no rule: StatusEventBus names a bus that does not exist.",
            f"aws events create-event-bus --name {name}; or set StatusEventBus to default and deploy again",
        )
