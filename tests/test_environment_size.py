"""The functions' variables: Lambda takes 4 KB of them, and refuses the deployment if there are more."""

import json
import re
from typing import Any

import pytest

from tests.rendered import Rendered, template

LAMBDAS_LIMIT = 4096  # bytes, of the variables as one JSON object: Lambda's error shows what it has measured
UNBOUNDED = 100_000


class Longest(Rendered):
    """The template with the longest value of each parameter, and with the longest names that CloudFormation makes."""

    stack_name = "s" * 128

    def __init__(self) -> None:
        found = {name: longest(name) for name in template()["Parameters"] if length(name) < UNBOUNDED}
        super().__init__(**found | {"AwsEndpointUrl": ""})  # where it is set, there is no Lambda

    def ref(self, name: str) -> Any:
        pseudo = {"AWS::StackName": self.stack_name, "AWS::Region": "ap-southeast-1", "AWS::Partition": "aws-us-gov"}
        return pseudo.get(name) or super().ref(name)

    def attribute(self, name_and_attribute: list[str]) -> str:
        name = name_and_attribute[0]
        kind = template()["Resources"][name]["Type"]
        most = {"AWS::S3::Bucket": 63, "AWS::Serverless::Function": 64}.get(kind, 255)
        made = f"{self.stack_name}-{name}-{'X' * 13}"[:most]
        return f"arn:aws-us-gov:sns:ap-southeast-1:123456789012:{made}" if kind == "AWS::SNS::Topic" else made


def longest(name: str) -> str:
    """Return a text of the length of the parameter's longest value."""
    values = template()["Parameters"][name].get("AllowedValues")
    return max(values, key=len) if values else "x" * length(name)


def length(name: str) -> int:
    """Return how many characters a parameter can have, by its values, its pattern and its MaxLength."""
    said = template()["Parameters"][name]
    if "AllowedValues" in said:
        return max(map(len, said["AllowedValues"]))
    bounds = [said["MaxLength"]] if "MaxLength" in said and said["Type"] == "String" else []
    if "AllowedPattern" in said and said["Type"] == "String":  # a list's pattern is for each of its items
        bounds.append(re._parser.parse(said["AllowedPattern"]).getwidth()[1])  # type: ignore[attr-defined]
    return min([*bounds, UNBOUNDED])


def used_by_functions() -> set[str]:
    """Return the parameters that a function has in its environment."""
    functions = [each["Properties"] for each in template()["Resources"].values() if "Function" in each["Type"]]
    written = json.dumps([each.get("Environment") for each in (template()["Globals"]["Function"], *functions)])
    return {name for name in template()["Parameters"] if re.search(rf'"{name}"|\${{{name}}}', written)}


@pytest.mark.parametrize("name", sorted(used_by_functions()))
def test_what_a_function_has_in_its_environment_has_a_longest_value_without_what_json_escapes(name: str) -> None:
    assert length(name) < UNBOUNDED
    said = template()["Parameters"][name]
    assert "AllowedValues" in said or not any(re.fullmatch(said["AllowedPattern"], f"a{c}b") for c in '"\\\n')


@pytest.mark.parametrize("function", Rendered().all("AWS::Serverless::Function"))
def test_the_longest_environment_of_a_function_is_one_that_lambda_takes(function: str) -> None:
    stack = Longest()
    own = stack[function].get("Environment", {}).get("Variables", {})
    measured = json.dumps({**stack.globals["Environment"]["Variables"], **own}, separators=(",", ":"))
    assert 0.8 * LAMBDAS_LIMIT < len(measured.encode()) <= LAMBDAS_LIMIT
