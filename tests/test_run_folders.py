"""What a killed process leaves is removed by the next one, and what a living one uses is not."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local import locks, run_folders

MAKE = """
import sys, time
from pathlib import Path
from local.run_folders import run_folder
with run_folder(Path(sys.argv[1]), "run-") as folder:
    (folder / "big").write_text("x")
    print(folder, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let everything be in a folder of the test's own."""
    for name in ("kept", "memory"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(run_folders, "KEPT", tmp_path / "kept")
    monkeypatch.setattr(run_folders, "MEMORY", tmp_path / "memory")
    monkeypatch.setattr(run_folders, "ENV", tmp_path / "kept" / "env")
    monkeypatch.setattr(run_folders, "UP_LOCK", tmp_path / "kept" / "up.lock")
    return tmp_path / "kept"


def test_the_folder_of_a_killed_process_is_removed_and_that_of_a_living_one_is_not(kept: Path) -> None:
    command = [sys.executable, "-c", MAKE, str(kept)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": "."}) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        assert run_folders.sweep() == []
        assert (folder / "big").exists()
        process.kill()
    assert run_folders.sweep() == [folder]
    assert list(kept.iterdir()) == []


def test_a_folder_is_gone_when_its_owner_ends_by_itself(kept: Path) -> None:
    with run_folders.run_folder(kept, "run-") as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not folder.exists()


def test_a_folder_without_a_lock_is_removed_only_when_it_is_old(kept: Path) -> None:
    folder = kept.parent / "memory" / f"{run_folders.IN_MEMORY}x"
    folder.mkdir()
    assert run_folders.sweep() == []
    os.utime(folder, (time.time() - 100, time.time() - 100))
    assert run_folders.sweep() == [folder]


def test_the_variables_of_make_up_are_removed_only_if_it_does_not_run(kept: Path) -> None:
    (kept / "env").write_text("export A=b\n")
    with (kept / "up.lock").open("a") as lock:
        assert locks.take(lock)
        locks.sign(lock)
        assert run_folders.sweep() == []
    assert run_folders.sweep() == [kept / "env"]
