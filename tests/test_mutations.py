"""`make mutate` takes long and is run rarely: what it is given must stay true in between."""

import ast
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import libcst
import pytest
from mutmut.stats import status_by_exit_code

from tests.mutation import adapted, by_hand, survivors
from tests.mutation.__main__ import chosen, pattern
from tests.mutation.survivors import Mutant

FUNCTIONS = Path(__file__).parent.parent / "functions"
MODEL = "neptune_training/model"


def functions_of(file: str) -> dict[str, str]:
    """Return the source of each function and method of a file, as `plan` or `Capacity.is_paused`."""
    source = (FUNCTIONS / file).read_text()
    found: dict[str, str] = {}
    for node in ast.parse(source).body:
        members = node.body if isinstance(node, ast.ClassDef) else [node]
        prefix = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
        for each in members:
            if isinstance(each, ast.FunctionDef):
                found[prefix + each.name] = ast.get_source_segment(source, each) or ""
    return found


def lines_of(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines()]


@pytest.mark.parametrize("mutation", by_hand.MUTATIONS, ids=lambda mutation: mutation.rule)
def test_what_a_mutation_replaces_is_in_its_file_exactly_once(mutation: by_hand.Mutation) -> None:
    assert [(FUNCTIONS / edit.file).read_text().count(edit.old) for edit in mutation.edits] == [1] * len(mutation.edits)


@pytest.mark.parametrize(
    "entry", survivors.explained(), ids=lambda entry: f"{entry.mutant.function} {entry.mutant.after}"
)
def test_an_explained_survivor_changes_lines_that_its_function_has_and_gives_a_reason(
    entry: survivors.Explained,
) -> None:
    there = functions_of(entry.mutant.file)[entry.mutant.function]
    assert set(lines_of(entry.mutant.before)) <= set(lines_of(there))
    assert entry.mutant.before != entry.mutant.after
    assert len(entry.reason.split()) >= 3


def test_each_survivor_is_explained_once() -> None:
    mutants = [entry.mutant for entry in survivors.explained()]
    assert len(mutants) == len(set(mutants))


def test_each_file_is_mutated_or_listed_as_not_judged() -> None:
    listed = {file for name in survivors.not_judged() for file in chosen([FUNCTIONS / name])}
    assert sorted([*listed, *chosen([])]) == sorted(FUNCTIONS.rglob("*.py"))
    assert not listed & {FUNCTIONS / entry.mutant.file for entry in survivors.explained()}


def test_a_folder_chooses_the_files_in_it_judged_or_not() -> None:
    assert chosen([FUNCTIONS / MODEL]) == sorted((FUNCTIONS / MODEL).rglob("*.py"))


@pytest.mark.parametrize(
    ("file", "named"),
    [("step.py", "step.x[_ǁ]*"), (f"{MODEL}/__init__.py", "neptune_training.model.x[_ǁ]*")],
)
def test_mutants_are_named_by_their_module(file: str, named: str) -> None:
    assert pattern(FUNCTIONS / file) == named


def test_what_mutmut_shows_becomes_an_entry_that_can_be_read_back() -> None:
    diff = (
        "# a name: survived\n--- src/a/b.py\n+++ src/a/b.py\n@@ -1,2 +1,2 @@\n def f(self):\n"
        "-    return it['a'] < 1\n+    return it['a'] <= 1\n"
    )
    mutant = survivors.from_diff("a.b.xǁThingǁf__mutmut_2", diff)
    assert mutant == Mutant("a/b.py", "Thing.f", "return it['a'] < 1", "return it['a'] <= 1")
    assert survivors.from_diff("a.b.x_f__mutmut_2", diff).function == "f"
    assert tomllib.loads(mutant.as_toml())["survivor"] == [mutant._asdict() | {"reason": ""}]


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ('"jobId"', True),
        ('"attribute_not_exists(jobId) AND version = :seen"', True),
        ('"could not be claimed, although a slot was free"', False),
    ],
)
def test_mutmut_changes_keys_and_expressions_but_no_sentences(text: str, changed: bool) -> None:
    literal = libcst.parse_expression(text)
    assert isinstance(literal, libcst.BaseString)
    [operator] = [operator for node, operator in adapted.OPERATORS if node is libcst.BaseString]
    assert bool(list(operator(literal))) is changed


def test_a_mutant_meets_the_quickest_of_its_tests_while_they_take_a_tenth_of_all_tests_time() -> None:
    seconds = {"third": 0.5, "slow": 8.4, "first": 0.1, "second": 0.4, "fourth": 0.6, "of another": 0.1}
    assert sum(seconds.values()) * adapted.PART_OF_ALL_TESTS == pytest.approx(1.01)
    assert adapted.quickest(["slow", "third", "fourth", "second", "first"], seconds) == {"first", "second", "third"}


def test_a_mutant_that_only_slow_tests_call_meets_the_quickest_one() -> None:
    seconds = {"slow": 30.0, "slower": 40.0}
    assert adapted.quickest(["slower", "slow"], seconds) == {"slow"}


def test_a_mutant_whose_function_no_test_calls_meets_none() -> None:
    assert adapted.quickest([], {"of another": 1.0}) == set()


def test_a_change_that_a_test_notices_is_killed_and_another_one_survives(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": (
            '[tool.pytest.ini_options]\nfilterwarnings = ["error"]\n\n'
            '[tool.mutmut]\nsource_paths = ["src"]\npytest_add_cli_args_test_selection = ["tests"]\n'
        ),
        "src/thing.py": (
            "def grown(age):\n    return age > 17\n\n\ndef loud(text):\n    return text.upper()\n\n\n"
            "def unused(number):\n    return not number\n"
        ),
        "tests/test_thing.py": (
            "from thing import grown, loud\n\n\ndef test_grown():\n    assert (grown(17), grown(18)) == (False, True)\n"
            '\n\ndef test_loud():\n    assert loud("1") == "1"\n'
        ),
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHON_CPU_COUNT": "1"}
    command = [sys.executable, "-P", adapted.__file__, "run"]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)
    found = json.loads((tmp_path / "mutants" / "src" / "thing.py.meta").read_text())["exit_code_by_key"]
    assert {name: status_by_exit_code[code] for name, code in found.items()} == {
        "thing.x_grown__mutmut_1": "killed",
        "thing.x_grown__mutmut_2": "killed",
        "thing.x_loud__mutmut_1": "survived",
        "thing.x_unused__mutmut_1": "no tests",
    }
