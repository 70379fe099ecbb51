"""The imports of the entry points. `make lint` holds the library and the local programs to their layers (pyproject)."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

FUNCTIONS = Path(__file__).parents[1] / "functions"
ENTRY_POINTS = sorted(path.stem for path in FUNCTIONS.glob("*.py"))
WIRING = {"wiring", "step_wiring", "track_wiring", "result_wiring"}
PROGRAM = "import json, sys; __import__(sys.argv[1]); print(json.dumps(sorted(sys.modules)))"


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
    allowed = {"wiring"} if module in WIRING else WIRING
    assert not imported(module) & {*ENTRY_POINTS, "cli", "local", "tests"} - allowed


def modules_of(function: str) -> set[str]:
    """All modules that a cold start imports, also those that others import."""
    environment = {**os.environ, "PYTHONPATH": str(FUNCTIONS), "POWERTOOLS_METRICS_NAMESPACE": "x"}
    command = [sys.executable, "-c", PROGRAM, function]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_track_imports_no_check_of_a_model_and_does_not_call_neptune() -> None:
    found = modules_of("track")
    assert {name for name in found if name.startswith("neptune_training.checks.")} == {
        "neptune_training.checks.sagemaker_events"
    }
    assert not found & {"neptune_training.aws.neptune", "neptune_training.aws.model_files", "packaging"}


@pytest.mark.parametrize("function", ["notify", "emit"])
def test_a_function_that_only_announces_imports_neither_pydantic_nor_the_state_machine(function: str) -> None:
    assert not modules_of(function) & {"pydantic", "tenacity", "neptune_training.flow", "neptune_training.checks"}
