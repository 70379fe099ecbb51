"""The functions' zip: the same packages and code make the same bytes, wherever and whenever it is made."""

import hashlib
import os
import shutil
import zipfile
from pathlib import Path

import pydantic
import tenacity

from local import artefact

PACKAGES = [Path(package.__file__ or "").parent for package in (pydantic, tenacity)]


def installed(folder: Path, *, time: int, mode: int) -> Path:
    """Packages as pip leaves them on one machine: its times, its umask, its programs, its compiled files."""
    for package in PACKAGES:
        shutil.copytree(package, folder / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    program = folder / "bin" / "program"
    program.parent.mkdir()
    program.write_text(f"#!{folder}/bin/python\n")
    record = folder / "pydantic-2.dist-info" / "RECORD"
    record.parent.mkdir()
    record.write_text(f"bin/program,sha256={hash(folder)},\n")
    for each in folder.rglob("*.py"):
        os.utime(each, (time, time))
        each.chmod(mode)
    artefact.compile_all(folder)
    return folder


def packed(target: Path, packages: Path) -> str:
    artefact.pack(target, artefact.files_of(packages))
    return hashlib.sha256(target.read_bytes()).hexdigest()


def test_two_builds_from_clean_folders_have_the_same_hash(tmp_path: Path) -> None:
    here = installed(tmp_path / "here", time=1_700_000_000, mode=0o600)
    there = installed(tmp_path / "there" / "deeper", time=1_800_000_000, mode=0o755)
    assert packed(tmp_path / "here.zip", here) == packed(tmp_path / "there.zip", there)


def test_another_content_has_another_hash(tmp_path: Path) -> None:
    packages = installed(tmp_path / "packages", time=1_700_000_000, mode=0o644)
    before = packed(tmp_path / "before.zip", packages)
    (packages / "tenacity" / "__init__.py").write_text("changed")
    assert packed(tmp_path / "after.zip", packages) != before


def test_every_file_may_be_read_by_lambdas_user_and_none_names_this_machine(tmp_path: Path) -> None:
    packages = installed(tmp_path / "packages", time=1_700_000_000, mode=0o600)
    packed(tmp_path / "packed.zip", packages)
    with zipfile.ZipFile(tmp_path / "packed.zip") as archive:
        assert {entry.external_attr >> 16 for entry in archive.infolist()} == {0o100644}
        assert not [name for name in archive.namelist() if str(tmp_path).encode() in archive.read(name)]
        assert any(name.endswith(".pyc") for name in archive.namelist())


def test_the_functions_zip_holds_the_functions_and_no_program_of_people() -> None:
    code = {path.relative_to(artefact.FUNCTIONS).parts[0] for path in artefact.FUNCTIONS.rglob("*.py")}
    assert code == {"neptune_training", "start.py", "step.py", "track.py", "notify.py", "wiring.py"}
    assert not [path for path in artefact.FUNCTIONS.rglob("*.py") if "cyclopts" in path.read_text()]
