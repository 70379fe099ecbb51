"""The two queues between the triggers and start."""

import json
from collections.abc import Iterator

from cli.doctor.findings import Wrong, check, drifted
from cli.facts import messaging
from cli.facts.aws import NotCheckable
from cli.facts.facts import Facts
from cli.facts.messaging import Queue
from cli.facts.policies import Request, allows


def _rules(facts: Facts) -> dict[str, str]:
    """Return the ARNs of the rules that send to the queues."""
    start = f"arn:{facts.aws.partition}:events:{facts.aws.region}:{facts.aws.account}:rule"
    found = {each: facts.rule(each) for each in ("UploadRule", "RequestRule") if each in facts.resources}
    return {
        each: f"{start}/{rule}" if bus == "default" else f"{start}/{bus}/{rule}" for each, (bus, rule) in found.items()
    }


@check("The queues take what the rules send")
def queue_policies(facts: Facts) -> Iterator[Wrong]:
    """Look at the policies of both queues."""
    for output in ("TrainingQueueUrl", "DeadLetterQueueUrl"):
        url = facts.output(output)
        queue = messaging.queue(facts.aws, url)
        if not queue:
            yield Wrong(f"The queue {url} is not there", "Requests are lost.", drifted(facts))
            continue
        answers = {rule: _may_send(queue, arn, facts.aws.account) for rule, arn in _rules(facts).items()}
        refused = [rule for rule, answer in answers.items() if answer is False]
        if refused:
            yield Wrong(
                f"The policy of {queue.arn} does not let {' and '.join(refused)} send",
                "What triggers a training is lost." if output[0] == "D" else "It goes to the dead-letter queue.",
                drifted(facts),
            )
        elif None in answers.values():
            raise NotCheckable(f"a condition in the policy of {queue.arn} cannot be judged from here")


def _may_send(queue: Queue, rule: str, account: str) -> bool | None:
    context = {"aws:SourceArn": rule, "aws:SourceAccount": account, "aws:SecureTransport": "true"}
    return allows(
        queue.policy,
        Request(principal="events.amazonaws.com", action="sqs:SendMessage", resource=queue.arn, context=context),
    )


@check("Requests that fail go to the dead-letter queue")
def redrive_policy(facts: Facts) -> Iterator[Wrong]:
    """Look where the training queue puts what start failed on."""
    url, target = facts.output("TrainingQueueUrl"), facts.output("DeadLetterQueueArn")
    queue = messaging.queue(facts.aws, url)
    if queue and queue.dead_letter_target != target:
        attributes = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": target, "maxReceiveCount": 5})}
        yield Wrong(
            f"The dead-letter queue of {url} is not the stack's",
            "A request that fails is lost after 14 days.",
            f"aws sqs set-queue-attributes --queue-url {url} --attributes '{json.dumps(attributes)}'",
        )


@check("The dead-letter queue is empty")
def dead_letters(facts: Facts) -> Iterator[Wrong]:
    """Count the messages."""
    queue = messaging.queue(facts.aws, facts.output("DeadLetterQueueUrl"))
    if queue and queue.messages:
        yield Wrong(
            f"{queue.messages} {'request is' if queue.messages == 1 else 'requests are'} in the dead-letter queue",
            "They could not be recorded, and are lost 14 days after they were sent.",
            f"Fix the cause (docs/operate.md#deadletteralarm), then: "
            f"neptune-training redrive --stack-name {facts.stack_name}",
        )
