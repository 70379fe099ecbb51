"""The artefact, as deployed and as the local stack runs it: it has all that the functions import, and little more."""

import ast
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

import build_artefact
from local import artefact

MEGABYTES = 1_000_000
# What a cold start imports, besides Python's own: a new name here makes every cold start longer.
IMPORTED = {
    "annotated_types",
    "aws_lambda_powertools",
    "boto3",
    "botocore",
    "dateutil",
    "garbage_collection",
    "jmespath",
    "neptune_training",
    "pydantic",
    "pydantic_core",
    "result_wiring",
    "s3transfer",
    "six",
    "step_wiring",
    "tenacity",
    "track_wiring",
    "typing_extensions",
    "typing_inspection",
    "urllib3",
    "wiring",
}
PROGRAM = """
import importlib, json, sys
folder, name = sys.argv[1:]
sys.path.insert(0, folder)
importlib.import_module(name)
files = {each: str(getattr(module, "__file__", "")) for each, module in sys.modules.items()}
found = {each.partition(".")[0] for each, file in files.items() if file.startswith(folder)}
print(json.dumps(sorted(found - {name})))
"""

IMPORT_ALL = """
import importlib, sys
folder, *names = sys.argv[1:]
sys.path.insert(0, folder)
for name in names:
    importlib.import_module(name)
print('"imported"')
"""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("artefact")
    with zipfile.ZipFile(artefact.build()) as archive:
        archive.extractall(folder)
    return folder


class Imported(ast.NodeVisitor):
    """The modules that a file imports, also those in a function, and none that is imported for types only."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def visit_If(self, node: ast.If) -> None:
        if not (isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"):
            self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        self.names |= {each.name for each in node.names}

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self.names.add(node.module or "")


def run(unpacked: Path, program: str, *arguments: str) -> Any:
    environment = {"AWS_DEFAULT_REGION": "us-east-1", "POWERTOOLS_METRICS_NAMESPACE": "x"}
    command = [sys.executable, "-I", "-S", "-c", program, str(unpacked), *arguments]
    return json.loads(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)


@pytest.mark.parametrize("name", ["start", "step", "track", "notify", "emit"])
def test_each_function_imports_what_is_listed_and_has_it(unpacked: Path, name: str) -> None:
    assert set(run(unpacked, PROGRAM, name)) <= IMPORTED


def test_it_has_all_that_the_functions_own_code_imports_anywhere(unpacked: Path) -> None:
    found = Imported()
    for source, _ in build_artefact.code():
        found.visit(ast.parse(source.read_text()))
    assert {"packaging.requirements", "boto3"} <= found.names
    assert run(unpacked, IMPORT_ALL, *sorted(found.names)) == "imported"


def test_it_is_small(unpacked: Path) -> None:
    sizes = [each.stat().st_size for each in unpacked.rglob("*") if each.is_file()]
    assert sum(sizes) < 20 * MEGABYTES
