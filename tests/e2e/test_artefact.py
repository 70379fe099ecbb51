"""The artefact, as deployed and as the local stack runs it: it has all that the functions import, and little more."""

import ast
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import boto3
import pytest

import build_artefact
from build_artefact import trimming
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


# What stays names what is left out here only, and does not reach it.
NOT_REACHED = {
    ("aws_lambda_powertools.shared.functions", "aws_lambda_powertools.event_handler.openapi.compat"),  # HTTP APIs
    ("boto3.s3.transfer", "boto3.crt"),  # only with awscrt, which is not installed
    ("botocore.auth", "botocore.crt.auth"),  # the same
    ("botocore.httpsession", "urllib3.contrib.pyopenssl"),  # needs pyOpenSSL, which is not installed
    ("dateutil.tz.tz", "dateutil.rrule"),  # only for a time zone in iCalendar's format
    ("dateutil.tz.tz", "dateutil.tz.win"),  # only on Windows
    ("dateutil.tz.tz", "dateutil.zoneinfo"),  # only for a time zone by its name
    ("pydantic._internal._generate_schema", "pydantic.v1"),  # only for a type of version 1
    ("tenacity", "tenacity.tornadoweb"),  # needs tornado, which is not installed
    ("urllib3", "urllib3.contrib.emscripten"),  # only in a browser
}


class Imported(ast.NodeVisitor):
    """The modules that a file imports, also those in a function, and none that is imported for types only.

    `package` is the package that the file is in. A name that is imported from a module may be a module, too.
    """

    def __init__(self, package: str = "") -> None:
        self.names: set[str] = set()
        self.maybe: set[str] = set()
        self._package = package.split(".")

    def visit_If(self, node: ast.If) -> None:
        if not ast.unparse(node.test).endswith("TYPE_CHECKING"):
            self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        self.names |= {each.name for each in node.names}

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        parents = self._package[: len(self._package) - node.level + 1] if node.level else []
        module = ".".join([*parents, *([node.module] if node.module else [])])
        self.names.add(module)
        self.maybe |= {f"{module}.{each.name}" for each in node.names}


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


def test_what_is_left_out_is_reached_by_nothing_that_stays(unpacked: Path) -> None:
    left_out = {name.removesuffix(".py").replace("/", ".") for name in trimming.UNUSED}
    sources, found = Path(boto3.__file__).parents[1], set[tuple[str, str]]()
    for each in unpacked.rglob("*.pyc"):
        name = each.relative_to(unpacked).with_suffix(".py")
        if "__pycache__" in name.parts:  # of the functions' own code
            continue
        module = ".".join(name.with_suffix("").parts).removesuffix(".__init__")
        imported = Imported(module if name.stem == "__init__" else module.rpartition(".")[0])
        imported.visit(ast.parse((sources / name).read_text()))
        found |= {
            (module, part)
            for part in imported.names | imported.maybe
            if any(part == each or part.startswith(f"{each}.") for each in left_out)
        }
    parts = {(module, part) for module, part in found if (module, part.rpartition(".")[0]) not in found}
    assert parts == NOT_REACHED


def test_it_is_small(unpacked: Path) -> None:
    sizes = [each.stat().st_size for each in unpacked.rglob("*") if each.is_file()]
    assert sum(sizes) < 17 * MEGABYTES
