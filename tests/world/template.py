"""What the world takes from template.yaml, so that nothing is said twice: the table, the queue, the environment."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

TEMPLATE = Path(__file__).parents[2] / "template.yaml"


class Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short functions: `!Ref X` is `{"Ref": "X"}`."""


def function(loader: Loader, name: str, node: yaml.Node) -> dict[str, Any]:
    match node:
        case yaml.ScalarNode():
            return {name: loader.construct_scalar(node)}
        case yaml.SequenceNode():
            return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}


Loader.add_multi_constructor("!", function)


@cache
def template() -> dict[str, Any]:
    return yaml.load(TEMPLATE.read_text(), Loader)


def resource(name: str) -> dict[str, Any]:
    return template()["Resources"][name]["Properties"]


def table() -> dict[str, Any]:
    """The parameters of CreateTable."""
    names = ("KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes", "BillingMode", "StreamSpecification")
    said = {name: resource("TrainingJobs")[name] for name in names}
    return {**said, "StreamSpecification": {"StreamEnabled": True, **said["StreamSpecification"]}}


def default(parameter: str) -> str:
    return str(template()["Parameters"][parameter].get("Default", ""))


def environment(parameters: Mapping[str, str], resources: Mapping[str, str]) -> dict[str, str]:
    """The functions' variables, with `parameters` of the stack, and `resources` by their variables' names."""
    unknown = set(parameters) - set(template()["Parameters"])
    assert not unknown, f"the template has no parameters {unknown}"
    values = template()["Globals"]["Function"]["Environment"]["Variables"]
    return {name: str(resources.get(name, valued(value, parameters))) for name, value in values.items()}


def valued(value: Any, parameters: Mapping[str, str]) -> str:
    match value:
        case {"Ref": str(name)} | {"Join": [_, {"Ref": str(name)}]} if name in template()["Parameters"]:
            return parameters.get(name, default(name))
        case str():
            return value
    return ""
