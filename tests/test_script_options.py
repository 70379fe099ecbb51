"""A hyperparameter that the training script does not know ends each trial with exit code 2: a warning says so."""

import json
from typing import Any

import pytest

from neptune_training.checks import scripts
from neptune_training.checks.events import CONFIGURATION
from tests.fuzz.parsers import DOCUMENT, MODEL, preparation_of

PARSER = """
import argparse
def main():
    parser = argparse.ArgumentParser(description="trains")
    parser.add_argument("--smoothing", type=float, default=1.0)
    group = parser.add_argument_group("more")
    group.add_argument("-m", "--minimum-count", type=int)
    args = parser.parse_args()
"""


def warned(script: str, *names: str) -> dict[str, tuple[str, str]]:
    """The warnings about these parameters, by parameter."""
    document = json.loads(json.dumps(DOCUMENT))
    document["models"][0]["fixed-param"] = [{"param": name, "type": "int", "default": 1} for name in names]
    document["models"][0]["1-tier-param"] = []
    contents = {**MODEL, CONFIGURATION: json.dumps(document).encode(), "training.py": script.encode()}
    warnings = preparation_of("upload", {}, contents).warnings
    return {each.value or "": (each.problem, each.remedy) for each in warnings if "is not an option" in each.problem}


def test_a_parameter_that_the_script_does_not_know_is_a_warning_with_the_nearest_one_that_it_knows() -> None:
    problem = "is not an option of training.py, which would exit with code 2"
    assert warned(PARSER, "smothing", "smoothing", "minimum-count", "m") == {
        '"smothing"': (problem, 'Did you mean "smoothing"?')
    }


def test_the_beginning_of_an_options_name_is_known_as_argparse_knows_it() -> None:
    assert warned(PARSER, "smooth", "mini") == {}


def test_a_name_with_an_underscore_is_not_the_one_with_a_hyphen() -> None:
    assert list(warned(PARSER, "minimum_count")) == ['"minimum_count"']


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("parse_args()", "parse_known_args()"),
        ("parse_args()", "parse_args(known)"),
        ("parser.parse_args()", "other(parser)"),
        ('"--smoothing"', "name"),
        ('"--smoothing"', "*names"),
        ('description="trains"', "parents=[common]"),
        ('description="trains"', "**options"),
        ("    args =", "    add_more(parser)\n    args ="),
        ("    args =", "    add_more(to=group)\n    args ="),
        ("    args =", "    parser.add_subparsers()\n    args ="),
        ("    args =", "    sys.argv = []\n    args ="),
        ("argparse.ArgumentParser(", "own.Parser("),
        ('argparse.ArgumentParser(description="trains")', "extended(argparse.ArgumentParser())"),
    ],
)
def test_nothing_is_said_of_a_script_whose_options_are_not_all_known(old: str, new: str) -> None:
    script = PARSER.replace(old, new)
    assert scripts.check_parsed(scripts.parse({"training.py": script.encode()})) == ((), ())
    assert warned(script, "smothing") == {}


@pytest.mark.parametrize(
    "script", ["", "import click", "x.add_argument(7)", "add_argument()", "x.add_argument(*a, **b)"]
)
def test_nothing_is_said_of_a_script_without_argparse(script: str) -> None:
    assert warned(script, "smothing") == {}


def test_nothing_is_said_of_a_script_with_options_without_end() -> None:
    script = PARSER + "".join(f"    parser.add_argument('--o{number}')\n" for number in range(501))
    assert warned(script, "smothing") == {}


def test_a_script_that_is_too_deep_to_look_for_options_still_compiles() -> None:
    deep: Any = scripts.parse({"training.py": (PARSER + "x = " + "f(" * 90 + ")" * 90).encode()})
    assert scripts.check_parsed(deep) == ((), ())
