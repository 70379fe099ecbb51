"""The artefact, as deployed and as the local stack runs it: it has all that the functions import, and little more."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

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
    "packaging",
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


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("artefact")
    with zipfile.ZipFile(artefact.build()) as archive:
        archive.extractall(folder)
    return folder


@pytest.mark.parametrize("name", ["start", "step", "track", "notify", "emit"])
def test_each_function_imports_what_is_listed_and_has_it(unpacked: Path, name: str) -> None:
    environment = {"AWS_DEFAULT_REGION": "us-east-1", "POWERTOOLS_METRICS_NAMESPACE": "x"}
    command = [sys.executable, "-I", "-S", "-c", PROGRAM, str(unpacked), name]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert set(json.loads(done.stdout)) <= IMPORTED


def test_it_is_small(unpacked: Path) -> None:
    sizes = [each.stat().st_size for each in unpacked.rglob("*") if each.is_file()]
    assert sum(sizes) < 20 * MEGABYTES
