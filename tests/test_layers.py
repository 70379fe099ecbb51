"""The imports of the entry points. `make lint` holds the library and the local programs to their layers (pyproject)."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

FUNCTIONS = Path(__file__).parents[1] / "functions"
ENTRY_POINTS = sorted(path.stem for path in FUNCTIONS.glob("*.py"))
WIRING = {"wiring", "step_wiring", "track_wiring", "result_wiring"}
FUNCTIONS_OF_LAMBDA = ["start", "step", "track", "notify", "emit"]
MODULES = "import json, sys; __import__(sys.argv[1]); print(json.dumps(sorted(sys.modules)))"
COLLECTIONS = """
import gc, json, sys
early = []
gc.collect()
gc.callbacks.append(lambda *_: early.append(gc.get_freeze_count() == 0))
__import__(sys.argv[1])
print(json.dumps({"during_imports": sum(early), "enabled": gc.isenabled(), "frozen": gc.get_freeze_count()}))
"""


def imported(module: str) -> set[str]:
    """The first names of all that a module imports."""
    tree = ast.parse((FUNCTIONS / f"{module}.py").read_text())
    plain = {each.name for node in ast.walk(tree) if isinstance(node, ast.Import) for each in node.names}
    named = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    return {name.partition(".")[0] for name in plain | named}


@pytest.mark.parametrize("module", ENTRY_POINTS)
def test_an_entry_point_imports_the_library_and_wiring_but_no_other_entry_point_test_or_program(
    module: str,
) -> None:
    allowed = {"wiring"} if module in WIRING else {*WIRING, "garbage_collection"}
    assert not imported(module) & {*ENTRY_POINTS, "cli", "local", "tests"} - allowed


def printed_by(program: str, function: str) -> Any:
    """Return what a program prints that imports a function in a new process, as a cold start does."""
    environment = {**os.environ, "PYTHONPATH": str(FUNCTIONS), "POWERTOOLS_METRICS_NAMESPACE": "x"}
    command = [sys.executable, "-c", program, function]
    return json.loads(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)


def modules_of(function: str) -> set[str]:
    """All modules that a cold start imports, also those that others import."""
    return set(printed_by(MODULES, function))


def test_track_imports_no_check_of_a_model_and_does_not_call_neptune() -> None:
    found = modules_of("track")
    assert {name for name in found if name.startswith("neptune_training.checks.")} == {
        "neptune_training.checks.sagemaker_events"
    }
    assert not found & {"neptune_training.aws.neptune", "neptune_training.aws.model_files", "packaging"}


@pytest.mark.parametrize("function", ["notify", "emit"])
def test_a_function_that_only_announces_imports_neither_pydantic_nor_the_state_machine(function: str) -> None:
    assert not modules_of(function) & {"pydantic", "tenacity", "neptune_training.flow", "neptune_training.checks"}


@pytest.mark.parametrize("function", FUNCTIONS_OF_LAMBDA)
def test_nothing_is_collected_while_a_function_is_imported_and_later_only_what_is_made_later(function: str) -> None:
    found = printed_by(COLLECTIONS, function)
    assert found["during_imports"] == 0
    assert found["enabled"]
    assert found["frozen"] > 10_000
