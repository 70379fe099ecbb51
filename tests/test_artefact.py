"""What is in the functions' artefact, and that the same packages and code make the same bytes, wherever it is made."""

import hashlib
import os
import shutil
import subprocess
import time
import zipfile
from pathlib import Path
from typing import Any

import botocore
import pytest
import tenacity
from botocore.loaders import Loader

import build_artefact
from build_artefact import bytecode, service_models, trimming
from build_artefact.service_models import OPERATIONS
from local import artefact

ROOT = Path(__file__).parent.parent
DATA = Path(botocore.__file__).parent / "data"


def installed(folder: Path, *, time: int, mode: int) -> Path:
    """A package as pip leaves it on one machine: its times, its umask; compiled as the artefact's are."""
    shutil.copytree(Path(tenacity.__file__).parent, folder / "tenacity", ignore=shutil.ignore_patterns("__pycache__"))
    for each in folder.rglob("*.py"):
        os.utime(each, (time, time))
        each.chmod(mode)
    bytecode.compile_packages(folder)
    return folder


def packed(target: Path, packages: Path) -> str:
    artefact.pack(target, artefact.files_in(packages))
    return hashlib.sha256(target.read_bytes()).hexdigest()


def test_two_builds_from_clean_folders_have_the_same_hash(tmp_path: Path) -> None:
    here = installed(tmp_path / "here", time=1_700_000_000, mode=0o600)
    there = installed(tmp_path / "there" / "deeper", time=1_800_000_000, mode=0o755)
    assert packed(tmp_path / "here.zip", here) == packed(tmp_path / "there.zip", there)


def test_another_content_has_another_hash(tmp_path: Path) -> None:
    packages = installed(tmp_path / "packages", time=1_700_000_000, mode=0o644)
    before = packed(tmp_path / "before.zip", packages)
    (packages / "tenacity" / "__init__.pyc").write_text("changed")
    assert packed(tmp_path / "after.zip", packages) != before


def test_the_functions_code_is_all_that_is_in_their_folder_but_the_build_itself() -> None:
    parts = {Path(name).parts[0] for _, name in build_artefact.code()}
    assert parts == {
        "neptune_training",
        "start.py",
        "step.py",
        "track.py",
        "notify.py",
        "emit.py",
        "garbage_collection.py",
        "wiring.py",
        "step_wiring.py",
        "track_wiring.py",
        "result_wiring.py",
    }


@pytest.mark.parametrize("place", ["checkout", "my models"])
def test_sam_build_keeps_the_packages_in_the_checkout_whatever_its_path(tmp_path: Path, place: str) -> None:
    functions, scratch = tmp_path / place / "functions", tmp_path / "scratch"
    functions.mkdir(parents=True)
    scratch.mkdir()
    shutil.copy(ROOT / "functions" / "Makefile", functions)
    makefile = str(functions / "Makefile")
    command = [
        "make",
        "--no-print-directory",
        "--dry-run",
        "--makefile",
        makefile,
        "build-StartFunction",
        "ARTIFACTS_DIR=built",
    ]
    said = subprocess.run(command, cwd=scratch, capture_output=True, text=True, check=True).stdout
    assert said.strip() == f'python3.13 -m build_artefact "built" --cache "{functions}/../.local"'


def test_only_what_was_left_half_done_long_ago_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artefact, "KEPT", tmp_path)
    for name, age in (("half-done-by-sam-build-now", 600.0), ("half-done-yesterday", 86_400.0)):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    artefact.sweep()
    assert [each.name for each in tmp_path.iterdir()] == ["half-done-by-sam-build-now"]


def test_a_file_that_does_not_compile_keeps_its_source(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def\n")
    bytecode.compile_packages(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["broken.py"]


def test_every_file_may_be_read_by_lambdas_user_and_none_names_this_machine(tmp_path: Path) -> None:
    packages = installed(tmp_path / "packages", time=1_700_000_000, mode=0o600)
    packed(tmp_path / "packed.zip", packages)
    with zipfile.ZipFile(tmp_path / "packed.zip") as archive:
        assert {entry.external_attr >> 16 for entry in archive.infolist()} == {0o100644}
        assert not [name for name in archive.namelist() if str(tmp_path).encode() in archive.read(name)]
        assert {Path(name).suffix for name in archive.namelist()} == {".pyc", ".typed"}


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        ("botocore/client.py", True),
        ("botocore/data/endpoints.json", True),
        ("botocore/data/s3/2006-03-01/service-2.json.gz", True),
        ("botocore/data/ec2/2016-11-15/service-2.json.gz", False),
        ("pydantic/main.pyi", False),
        ("bin/jp.py", False),
        ("boto3-1.0.dist-info/RECORD", False),
        ("boto3-1.0.dist-info/LICENSE", True),
    ],
)
def test_programs_type_stubs_and_models_of_other_services_are_left_out(name: str, needed: bool) -> None:
    assert trimming.is_needed(Path(name)) is needed


@pytest.mark.parametrize("service", sorted(OPERATIONS))
def test_a_trimmed_model_describes_each_operation_as_the_whole_one_does(service: str) -> None:
    whole: Any = Loader().load_service_model(service, "service-2")
    operations = OPERATIONS[service]
    trimmed = service_models.trimmed_model(whole, operations)
    assert trimmed["operations"].keys() == operations
    assert trimmed["metadata"] == whole["metadata"]
    for name in {each for part in trimmed["operations"].values() for each in service_models.named_shapes(part)}:
        assert trimmed["shapes"][name] == service_models.without_documentation(whole["shapes"][name])
    inside = {each for shape in trimmed["shapes"].values() for each in service_models.named_shapes(shape)}
    assert inside <= trimmed["shapes"].keys()


def test_an_operation_that_botocore_does_not_know_stops_the_build() -> None:
    model: Any = Loader().load_service_model("sns", "service-2")
    with pytest.raises(SystemExit, match="has no Publlish"):
        service_models.trimmed_model(model, {"Publlish"})
