"""Set-up: once, one at a time, nothing half done left behind, and each failure in a sentence."""

import hashlib
import importlib.util
import os
import platform
import signal
import subprocess
import sys
import sysconfig
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from build_artefact.packages import folder_of_packages
from build_artefact.targets import LAMBDA, Target
from local import artefact, debian, set_up, uv
from local.environments import Environment

ROOT = Path(__file__).parent.parent
WHEEL = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
UNKNOWN = f"no-such-package==1 --hash=sha256:{'0' * 64}\n"
NOWHERE = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_RETRIES": "0", "PIP_CONFIG_FILE": os.devnull}


@pytest.fixture
def requirements(tmp_path: Path) -> Path:
    """One package, as small as can be, beside the file."""
    wheel = tmp_path / "tiny-1-py3-none-any.whl"
    about = {"METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 1\n", "WHEEL": WHEEL, "RECORD": ""}
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in about.items():
            archive.writestr(f"tiny-1.dist-info/{name}", text)
        archive.writestr("tiny.py", "")
    file = tmp_path / "requirements.txt"
    file.write_text(f"tiny @ {wheel.as_uri()} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n")
    return file


def start(folder: Path, requirements: Path, **environment: str) -> "subprocess.Popen[str]":
    """Start a set-up as the Makefile does, as the leader of a process group, as in a terminal."""
    command = [sys.executable, "-m", "local.set_up", f"{folder}={requirements}"]
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PIP_") or not environment}
    variables |= {"PYTHONPATH": "functions:.", **environment}
    return subprocess.Popen(command, cwd=ROOT, env=variables, stderr=subprocess.PIPE, text=True, start_new_session=True)


def ended(process: "subprocess.Popen[str]") -> tuple[int, str]:
    said = process.communicate(timeout=120)[1]
    return process.returncode, said


def test_of_two_set_ups_at_once_one_waits_and_finds_the_others_environment(tmp_path: Path, requirements: Path) -> None:
    first, second = (start(tmp_path / "environment", requirements) for _ in range(2))
    said = sorted([ended(first), ended(second)], key=lambda each: "waiting" in each[1])
    assert [code for code, _ in said] == [0, 0]
    assert "once\n" in said[0][1]
    assert "set up in " in said[0][1]
    assert said[1][1] == f"waiting for the other set-up, which makes {tmp_path / 'environment'}\n"
    assert ended(start(tmp_path / "environment", requirements)) == (0, "")
    requirements.write_text(f"# another list\n{requirements.read_text()}")
    assert not Environment(tmp_path / "environment", requirements).is_ready()


@pytest.mark.parametrize(
    "other",
    [
        (sysconfig, "get_platform", lambda: "macosx-14.0-arm64"),
        (sysconfig, "get_config_var", lambda _: "cpython-313-aarch64-linux-musl"),
        (sys, "version", "3.13.0 of another build"),
        (sys, "base_prefix", "/opt/another"),
    ],
    ids=["platform", "C library", "Python", "place"],
)
def test_an_environment_that_another_machine_or_python_has_made_in_a_shared_folder_is_not_ready(
    tmp_path: Path, requirements: Path, monkeypatch: pytest.MonkeyPatch, other: tuple[Any, str, object]
) -> None:
    environment = Environment(tmp_path / "environment", requirements)
    (environment.folder / "bin").mkdir(parents=True)
    (environment.folder / "bin" / "python").touch()
    (environment.folder / "ready").write_text(environment.key())
    assert environment.is_ready()
    monkeypatch.setattr(*other)
    assert not environment.is_ready()


@pytest.mark.parametrize(
    ("other", "ready"),
    [
        ((platform, "system", lambda: "Darwin"), False),
        ((platform, "machine", lambda: "arm64"), False),
        ((sysconfig, "get_config_var", lambda _: "x86_64-linux-musl"), False),
        ((sys, "version", "3.11.2 of the same machine"), True),
    ],
    ids=["system", "processor", "C library", "Python"],
)
def test_uv_is_made_anew_on_another_machine_and_shared_by_the_pythons_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: tuple[Any, str, object], ready: bool
) -> None:
    monkeypatch.setattr(uv, "FOLDER", tmp_path / "uv")
    uv.FOLDER.mkdir()
    (uv.FOLDER / "ready").write_text(uv.key())
    assert uv.is_ready()
    monkeypatch.setattr(*other)
    assert uv.is_ready() is ready


def test_packages_for_this_machine_only_are_kept_apart_from_another_machines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kept() -> list[Path]:
        return [folder_of_packages(target, tmp_path) for target in (LAMBDA, Target((3, 12), ()))]

    lambdas, own = kept()
    monkeypatch.setattr(sysconfig, "get_platform", lambda: "macosx-14.0-arm64")
    assert kept()[0] == lambdas
    assert kept()[1] != own


def test_ctrl_c_ends_a_set_up_in_a_sentence_and_leaves_no_folder(tmp_path: Path, requirements: Path) -> None:
    process = start(tmp_path / "environment", requirements)
    until = time.monotonic() + 30
    while not (tmp_path / "environment").exists() and time.monotonic() < until:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    code, said = ended(process)
    assert code == 130
    assert said.splitlines()[1:] == ["", "Stopped. What was half done is removed; run it again to set up the rest."]
    assert not (tmp_path / "environment").exists()


def test_without_a_network_a_set_up_asks_for_it_and_leaves_no_folder(tmp_path: Path, requirements: Path) -> None:
    requirements.write_text(UNKNOWN)
    folder = tmp_path / "environment"
    code, said = ended(start(folder, requirements, **NOWHERE))
    why = f"{folder} could not be set up: its packages could not be downloaded. Is the network there? Then run it again"
    assert code == 1
    assert said.splitlines()[1:] == [why]
    assert not folder.exists()


def test_a_folder_with_files_of_somebody_else_is_refused_and_left_as_it_is(tmp_path: Path, requirements: Path) -> None:
    own = tmp_path / "environment" / "bin" / "python"
    own.parent.mkdir(parents=True)
    own.write_text("of another project")
    code, said = ended(start(tmp_path / "environment", requirements))
    assert (code, own.read_text()) == (1, "of another project")
    assert "has files that this set-up did not make: name another folder" in said


@pytest.mark.parametrize(("name", "refused"), [(".venv-3.11", False), (".local/sam", False), ("functions", True)])
def test_of_the_projects_folders_only_those_that_make_clean_removes_are_made_anew(name: str, refused: bool) -> None:
    assert Environment(ROOT / name, ROOT / "requirements-dev.txt").is_somebody_elses() is refused


def test_what_pip_says_is_shown_if_something_else_is_wrong() -> None:
    said = set_up.why(".venv", "Collecting x\nERROR: x has another hash\n\n", 1)
    assert said == ".venv could not be set up:\n  Collecting x\n  ERROR: x has another hash"


def test_a_full_disk_is_said_before_anything_is_made_with_its_place_and_what_is_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(set_up, "free_megabytes", lambda _: 12)
    with pytest.raises(set_up.SetUpFailed) as failed:
        set_up.check_room(415)
    assert f"{ROOT} needs about 415 MB and has 12 MB" in str(failed.value)
    assert "needs about 415 MB" in set_up.why(".venv", "OSError: [Errno 28] No space left on device", 415)


def test_all_that_make_run_needs_is_counted() -> None:
    environments = [
        Environment(ROOT / "new", ROOT / name) for name in ("requirements-dev.txt", "local/requirements-ministack.txt")
    ]
    assert sum(each.megabytes for each in environments) + uv.MEGABYTES + artefact.MEGABYTES == pytest.approx(
        470, abs=20
    )


def test_debians_venv_is_installed_after_its_command_and_the_reason_are_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "apt-get").write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/called; cat {tmp_path}/called >&2\n')
    (tmp_path / "apt-get").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    debian.install_venv()
    package = f"python3.{sys.version_info.minor}-venv"
    reason, *commands = capfd.readouterr().err.splitlines()
    assert "has no ensurepip, which makes virtual environments" in reason
    assert commands == [f"  apt-get {line}" for line in (tmp_path / "called").read_text().splitlines()]
    assert commands[-1].endswith(f"install --yes {package}")


def test_without_apt_get_a_complete_python_is_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(debian.NotInstalled, match="Install a complete Python"):
        debian.install_venv()


def test_without_python_and_without_home_find_python_says_so_in_one_line(tmp_path: Path) -> None:
    command = [ROOT / "local" / "find-python.sh"]
    done = subprocess.run(command, env={"PATH": "/nowhere"}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("no Python from 3.11 on was found: install ")
    assert done.stderr.count("\n") == 1
