"""The files of the last run, also when two runs end at the same moment, or one is killed."""

import os
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest

from local import last_run

CHANGES = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.symlink", "os.truncate", "shutil.rmtree")
# Ends like a killed process right before its n-th change of a file or a folder.
KILLED = """
import os, sys
from pathlib import Path
from local import last_run
folder, n, content = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3].encode()
last_run.KEPT, last_run.FOLDER = folder, folder / "last-run"

def hook(event, arguments):
    global n
    if event in CHANGES and (event != "open" or arguments[1] != "r"):
        n -= 1
        if n < 0:
            os._exit(9)

sys.addaudithook(hook)
last_run.keep({"record.json": content, "functions.log": content})
os._exit(0)
"""


def files() -> Mapping[str, bytes]:
    return {each.name: each.read_bytes() for each in last_run.FOLDER.iterdir()}


def test_a_run_that_is_killed_at_any_moment_leaves_the_files_of_the_run_before_or_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(last_run, "KEPT", tmp_path)
    monkeypatch.setattr(last_run, "FOLDER", tmp_path / "last-run")
    last_run.keep({"record.json": b"0", "message.json": b"0"})
    left = [files()]
    for moment in count():
        content = f"{moment + 1}"
        script = f"CHANGES = {CHANGES}\n{KILLED}"
        command = [sys.executable, "-c", script, str(tmp_path), str(moment), content]
        code = subprocess.run(command, env={**os.environ, "PYTHONPATH": "."}, check=False).returncode
        own = dict.fromkeys(("record.json", "functions.log"), content.encode())
        assert files() in (left[-1], own)
        left.append(files())
        if code == 0:
            break
    assert [code, moment > 5, files() == own] == [0, True, True]
    assert [each.name for each in tmp_path.glob("last-run-*")] == [last_run.FOLDER.readlink().name]


def test_the_folder_of_an_older_version_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_run, "KEPT", tmp_path)
    monkeypatch.setattr(last_run, "FOLDER", tmp_path / "last-run")
    last_run.FOLDER.mkdir()
    (last_run.FOLDER / "record.json").write_bytes(b"old")
    last_run.keep({"record.json": b"new"})
    assert files() == {"record.json": b"new"}


def test_two_runs_that_end_at_once_both_end_well_and_leave_the_files_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(last_run, "KEPT", tmp_path)
    monkeypatch.setattr(last_run, "FOLDER", tmp_path / "last-run")
    runs = [dict.fromkeys(("record.json", "functions.log"), content * 50000) for content in (b"a", b"b")]

    def end_often(files: dict[str, bytes]) -> None:
        for _ in range(50):
            last_run.keep(files)

    with ThreadPoolExecutor() as threads:
        list(threads.map(end_often, runs))  # raises what a thread has raised
    assert {each.name: each.read_bytes() for each in last_run.FOLDER.iterdir()} in runs
