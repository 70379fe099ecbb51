"""The stack's own KMS key."""

import json
from collections.abc import Iterator

from cli.doctor.findings import Wrong, check
from cli.facts import storage
from cli.facts.aws import NotCheckable, NotNeeded
from cli.facts.facts import Facts
from cli.facts.policies import Request, allows


@check("KmsKeyArn can be used")
def key(facts: Facts) -> Iterator[Wrong]:
    """Look at the key's state."""
    arn = _arn(facts)
    found = storage.key(facts.aws, arn)
    if not found:
        yield Wrong(f"There is no key {arn}", "The deployment fails.", "Correct KmsKeyArn and deploy again")
    elif found.state != "Enabled":
        pending = found.state == "PendingDeletion"
        enable = f"aws kms enable-key --key-id {arn}"
        yield Wrong(
            f"{arn} is {found.state}",
            "Nothing can be read or written under it: no trigger is recorded, no job makes progress.",
            f"aws kms cancel-key-deletion --key-id {arn}; {enable}" if pending else enable,
        )


@check("The key's policy allows what EventBridge, CloudWatch Logs and IAM do with it")
def key_policy(facts: Facts) -> Iterator[Wrong]:
    """Compare the policy with docs/security.md, "Your own KMS key"."""
    arn, aws = _arn(facts), facts.aws
    document = storage.key_policy(aws, arn)
    owner = {"aws:SourceAccount": aws.account}
    group = f"arn:{aws.partition}:logs:{aws.region}:{aws.account}:log-group:{facts.stack_name}-StartLogs"
    wanted: tuple[tuple[str, list[str], dict[str, str], str], ...] = (
        (
            f"arn:{aws.partition}:iam::{aws.account}:root",
            ["kms:Decrypt", "kms:GenerateDataKey"],
            {},
            "the roles' own policies do not count",
        ),
        ("events.amazonaws.com", ["kms:GenerateDataKey", "kms:Decrypt"], owner, "events do not reach the queue"),
        (
            f"logs.{aws.region}.amazonaws.com",
            ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey"],
            {"kms:EncryptionContext:aws:logs:arn": group},
            "the log groups cannot be made",
        ),
    )
    for principal, actions, context, what in wanted:
        answers = {
            action: allows(document, Request(principal=principal, action=action, resource=arn, context=context))
            for action in actions
        }
        refused = [action for action, answer in answers.items() if answer is False]
        if refused:
            who = {"AWS": principal} if principal.startswith("arn:") else {"Service": principal}
            statement = {"Effect": "Allow", "Principal": who, "Action": refused, "Resource": "*"}
            yield Wrong(
                f"The key's policy does not let {principal} use {', '.join(refused)}",
                f"Without it, {what}.",
                f"Add {json.dumps(statement)} with the conditions of docs/security.md: "
                f"aws kms get-key-policy --key-id {arn} --query Policy --output text > policy.json; "
                f"aws kms put-key-policy --key-id {arn} --policy-name default --policy file://policy.json",
            )
        elif None in answers.values():
            raise NotCheckable(f"a condition on {principal} in the key's policy cannot be judged from here")


def _arn(facts: Facts) -> str:
    if not facts.value("KmsKeyArn"):
        raise NotNeeded("KmsKeyArn is empty")
    return facts.value("KmsKeyArn")
