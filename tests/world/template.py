"""What the world takes from template.yaml, so that nothing is said twice: the table, the queue, the environment."""

from functools import cache
from typing import Any

from tests.rendered import Rendered, template


def resource(name: str) -> dict[str, Any]:
    return template()["Resources"][name]["Properties"]


def table() -> dict[str, Any]:
    """The parameters of CreateTable."""
    names = ("KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes", "BillingMode", "StreamSpecification")
    said = {name: resource("TrainingJobs")[name] for name in names}
    return {**said, "StreamSpecification": {"StreamEnabled": True, **said["StreamSpecification"]}}


def default(parameter: str) -> str:
    return str(template()["Parameters"][parameter].get("Default", ""))


def resource_of(name: str, **parameters: str) -> dict[str, Any]:
    """A resource as it is with `parameters` of the stack."""
    return Rendered(**parameters)[name]


@cache
def variables(parameters: frozenset[tuple[str, str]]) -> dict[str, str]:
    """The functions' variables, with `parameters` of the stack."""
    return Rendered(**dict(parameters)).globals["Environment"]["Variables"]
