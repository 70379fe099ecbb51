"""The deployed stack, as CloudFormation has it."""

from dataclasses import dataclass
from typing import Any

from cli.facts.aws import Aws, NotCheckable


@dataclass(frozen=True)
class Stack:
    """A stack: its parameters and outputs, by their names."""

    name: str
    status: str
    reason: str
    parameters: dict[str, str]
    outputs: dict[str, str]


def read(aws: Aws, name: str) -> Stack | None:
    """Return a stack; None if there is none of that name."""
    answer = _ask(aws, "describe_stacks", name)
    if answer is None:
        return None
    [found] = answer["Stacks"]
    return Stack(
        name,
        found["StackStatus"],
        found.get("StackStatusReason", ""),
        {each["ParameterKey"]: each.get("ParameterValue", "") for each in found.get("Parameters", [])},
        {each["OutputKey"]: each.get("OutputValue", "") for each in found.get("Outputs", [])},
    )


def resources(aws: Aws, name: str) -> dict[str, str]:
    """Return the physical ids of a stack's resources by their names in the template, such as `{"StartRole": "…"}`."""
    found = (_ask(aws, "describe_stack_resources", name) or {}).get("StackResources", [])
    return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in found if each.get("PhysicalResourceId")}


def _ask(aws: Aws, operation: str, name: str) -> Any:
    """Ask about a stack; return None if there is none."""
    try:
        return aws.ask("cloudformation", operation, StackName=name)
    except NotCheckable as unknown:
        if "does not exist" in unknown.why:  # a ValidationError, which also a wrong name is
            return None
        raise
