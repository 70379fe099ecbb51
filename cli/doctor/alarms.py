"""Alarms, and who gets messages."""

from collections.abc import Iterator

from cli.doctor.findings import Wrong, check, drifted
from cli.facts import messaging
from cli.facts.aws import NotNeeded
from cli.facts.facts import Facts


@check("The alarms are there, and none is going off")
def alarms(facts: Facts) -> Iterator[Wrong]:
    """Look at the states of the stack's alarms."""
    ours = {physical: logical for logical, physical in facts.resources.items() if logical.endswith("Alarm")}
    found = messaging.alarms(facts.aws, sorted(ours))
    for name, logical in ours.items():
        if name not in found:
            why = "No alarm is sent when what it watches goes wrong."
            yield Wrong(f"The alarm {name} is not there", why, drifted(facts))
        elif found[name].state == "ALARM":
            fix = f"The runbook: docs/operate.md#{logical.lower()}"
            yield Wrong(f"{name} is going off", found[name].reason or "See its state.", fix)


@check("Alarms are sent to a subscriber")
def alarm_topic(facts: Facts) -> Iterator[Wrong]:
    """Look at the subscriptions of AlarmTopicArn."""
    topic = facts.value("AlarmTopicArn")
    if not topic:
        raise NotNeeded("AlarmTopicArn is empty: no alarm is sent")
    found = messaging.subscriptions(facts.aws, topic)
    if found is None:
        yield Wrong(f"There is no topic {topic}", "No alarm is sent.", "Correct AlarmTopicArn and deploy again")
    elif not any(each.confirmed for each in found):
        yield Wrong(
            f"{topic} has no confirmed subscription",
            "Nobody gets the alarms.",
            f"aws sns subscribe --topic-arn {topic} --protocol email --notification-endpoint <address>; "
            "then open the link in its e-mail",
        )


@check("NotificationEmail is confirmed")
def email(facts: Facts) -> Iterator[Wrong]:
    """Look at the e-mail's subscription of the training topic."""
    address = facts.value("NotificationEmail")
    if not address:
        raise NotNeeded("NotificationEmail is empty: no e-mail is sent")
    topic = facts.output("TrainingTopicArn")
    found = messaging.subscriptions(facts.aws, topic) or []
    if not any(each.confirmed for each in found if each.endpoint == address):
        yield Wrong(
            f"{address} has not confirmed its subscription",
            "It gets no e-mail.",
            f"Open the link in the e-mail from AWS Notifications. For a new one: aws sns subscribe --topic-arn {topic} "
            f"--protocol email --notification-endpoint {address}",
        )
