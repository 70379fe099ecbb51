"""template.yaml as CloudFormation renders it for given parameters: conditions decided, functions applied.

What only a deployed resource could tell becomes its name: `!Ref TrainingJobs` is `TrainingJobs`, and its ARN is
`TrainingJobs.Arn`.
"""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import yaml

TEMPLATE = Path(__file__).parent.parent / "template.yaml"
PSEUDO = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackName": "neptune-ml-training",
}
REQUIRED = {"NeptuneEndpointUrl": "https://neptune.invalid:8182", "NeptuneClusterResourceId": "cluster-ABC"}
NO_VALUE = object()


class Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms: `!Ref x` is `{Ref: x}`, `!If [...]` is `{Fn::If: [...]}`."""


def function(loader: Loader, name: str, node: yaml.Node) -> dict[str, Any]:
    construct: dict[type[yaml.Node], Callable[[Any], Any]] = {
        yaml.ScalarNode: loader.construct_scalar,
        yaml.SequenceNode: lambda node: loader.construct_sequence(node, deep=True),
        yaml.MappingNode: lambda node: loader.construct_mapping(node, deep=True),
    }
    value = construct[type(node)](node)
    if name == "GetAtt":
        value = value.split(".", 1)
    return {name if name in ("Ref", "Condition") else f"Fn::{name}": value}


Loader.add_multi_constructor("!", function)


@cache
def template() -> dict[str, Any]:
    return yaml.load(TEMPLATE.read_text(), Loader)


def takes(parameter: str, text: str) -> bool:
    """Whether CloudFormation takes `text` for a parameter. A pattern is for all of it, or for each item of a list."""
    said = template()["Parameters"][parameter]
    items = [each.strip() for each in text.split(",")] if said["Type"] == "CommaDelimitedList" else [text]
    pattern = said.get("AllowedPattern", ".*")
    return (
        len(text) <= said.get("MaxLength", 4096)
        and text in said.get("AllowedValues", [text])
        and all(re.fullmatch(pattern, each, re.DOTALL) for each in items)
    )


class Rendered:
    """The template for `parameters`. `resources` are those whose condition holds; `referred` is what they refer to."""

    def __init__(self, **parameters: str) -> None:
        declared = self.document()["Parameters"]
        assert parameters.keys() <= declared.keys()
        texts = {name: str(each.get("Default", "")) for name, each in declared.items()} | REQUIRED | parameters
        self.parameters = {
            name: text.split(",") if declared[name]["Type"] == "CommaDelimitedList" else text
            for name, text in texts.items()
        }
        self.own: dict[str, Callable[[Any], Any]] = {
            "Condition": self.condition,
            "Ref": self.ref,
            "Fn::GetAtt": self.attribute,
            "Fn::If": self.choice,
            "Fn::Sub": self.sub,
            "Fn::FindInMap": self.find_in_map,
        }
        self.referred: set[str] = set()
        self.resources = {
            name: self.of(each)
            for name, each in self.document()["Resources"].items()
            if "Condition" not in each or self.condition(each["Condition"])
        }
        self.outputs = self.of(self.document()["Outputs"])
        self.globals = self.of(self.document().get("Globals", {}).get("Function", {}))

    def document(self) -> dict[str, Any]:
        return template()

    def __getitem__(self, name: str) -> dict[str, Any]:
        return self.resources[name]["Properties"]

    def all(self, type_: str) -> dict[str, dict[str, Any]]:
        """The properties of all resources of a type."""
        return {name: each["Properties"] for name, each in self.resources.items() if each["Type"] == type_}

    def refusals(self) -> list[str]:
        """What the rules say against the parameters."""
        return [
            each["AssertDescription"]
            for rule in self.document()["Rules"].values()
            if self.of(rule["RuleCondition"])
            for each in rule["Assertions"]
            if not self.of(each["Assert"])
        ]

    def condition(self, name: str) -> bool:
        return self.of(self.document()["Conditions"][name])

    def of(self, value: Any) -> Any:
        """`value`, with its functions applied and what has no value left out."""
        if isinstance(value, list):
            return [each for each in map(self.of, value) if each is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        [name, arguments], *others = value.items() or [("", None)]
        if name in self.own and not others and not isinstance(arguments, dict):
            return self.own[name](arguments)
        if name in FUNCTIONS:
            return FUNCTIONS[name](*self.of(arguments))
        found = {name: self.of(each) for name, each in value.items()}
        return {name: each for name, each in found.items() if each is not NO_VALUE}

    def choice(self, arguments: list[Any]) -> Any:
        condition, then, otherwise = arguments
        return self.of(then if self.condition(condition) else otherwise)

    def ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in PSEUDO:
            return PSEUDO[name]
        return self.parameters[name] if name in self.parameters else self.attribute([name])

    def attribute(self, name_and_attribute: list[str]) -> str:
        self.referred.add(name_and_attribute[0])
        return ".".join(name_and_attribute)

    def find_in_map(self, arguments: list[Any]) -> Any:
        name, first, second = self.of(arguments)
        return self.document()["Mappings"][name][str(first)][second]

    def sub(self, arguments: str | list[Any]) -> str:
        text, variables = arguments if isinstance(arguments, list) else (arguments, {})

        def value(match: re.Match[str]) -> str:
            name = match[1]
            if name in variables:
                return self.of(variables[name])
            return self.attribute(name.split(".", 1)) if "." in name else self.ref(name)

        return re.sub(r"\$\{([^}]+)\}", value, text)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "Fn::And": lambda *each: all(each),
    "Fn::Or": lambda *each: any(each),
    "Fn::Not": lambda one: not one,
    "Fn::Equals": lambda one, other: one == other,
    "Fn::Join": lambda between, texts: between.join(texts),
    "Fn::Split": lambda between, text: text.split(between),
    "Fn::Select": lambda index, texts: texts[index] if len(texts) > 1 else texts[0],  # a name for an ARN has no parts
    "Fn::Contains": lambda texts, text: text in texts,
    "Fn::EachMemberIn": lambda some, all_: set(some) <= set(all_),
}
