"""The imports of the entry points. `make lint` holds the library and the local programs to their layers (pyproject)."""

import ast
from pathlib import Path

import pytest

FUNCTIONS = Path(__file__).parents[1] / "functions"
ENTRY_POINTS = sorted(path.stem for path in FUNCTIONS.glob("*.py"))
WIRING = {"wiring", "result_wiring"}


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
    allowed = set() if module in WIRING else WIRING
    assert not imported(module) & {*ENTRY_POINTS, "cli", "local", "tests"} - allowed
