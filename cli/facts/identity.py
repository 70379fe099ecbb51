"""Roles: what they can do, by IAM's own simulation, and who can assume them."""

from collections.abc import Mapping
from typing import Any

from cli.facts.aws import Aws


def refused(aws: Aws, role: str, actions: list[str], resource: str, context: Mapping[str, str]) -> list[str]:
    """Return those of `actions` that a role's policies and permissions boundary do not allow on a resource's ARN.

    `context` has condition keys of the request, such as `{"s3:prefix": "models/"}`. Policies of the resource are not
    looked at: "Simulation of resource-based policies isn't supported for IAM roles" (API reference of IAM).
    """
    entries = [
        {"ContextKeyName": name, "ContextKeyValues": [value], "ContextKeyType": "string"}
        for name, value in context.items()
    ]
    results = aws.ask(
        "iam",
        "simulate_principal_policy",
        PolicySourceArn=role,
        ActionNames=actions,
        ResourceArns=[resource],
        ContextEntries=entries,
    )["EvaluationResults"]
    return [each["EvalActionName"] for each in results if each["EvalDecision"] != "allowed"]


def trust(aws: Aws, role: str) -> dict[str, Any] | None:
    """Return the policy that says who can assume a role; None if there is no such role."""
    answer = aws.ask("iam", "get_role", ("NoSuchEntity", "NoSuchEntityException"), RoleName=name_of(role))
    return dict(answer["Role"]["AssumeRolePolicyDocument"]) if answer else None


def name_of(role: str) -> str:
    """Return the name in a role's ARN, which may have a path before it."""
    return role.rpartition("/")[2]
