"""`make down`: it ends the `make up` that holds the lock, waits for it, and signals no process."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

from local import down, locks, up

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
UP = """
import sys, threading, time
from pathlib import Path
from local import locks, up
with Path(sys.argv[1]).open("a") as lock:
    locks.take(lock)
    print("up", flush=True)
    time.sleep(float(sys.argv[3]))
    name, done = locks.sign(lock), threading.Event()
    up.UP_END = Path(sys.argv[2])
    up.wait_for_make_down(name, done)
    time.sleep(0.3)
"""


@pytest.fixture(autouse=True)
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(down, "UP_LOCK", tmp_path / "up.lock")
    monkeypatch.setattr(down, "UP_END", tmp_path / "up.end")
    return tmp_path / "up.lock"


@contextmanager
def running(lock: Path, signs_after: float = 0) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-c", UP, str(lock), str(lock.with_name("up.end")), str(signs_after)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": f"functions{os.pathsep}."}
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        yield process


def test_the_stack_has_ended_when_make_down_has(lock: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running(lock) as process:
        assert down.main() == 0
        assert not locks.is_held(lock)
    assert [process.returncode, capsys.readouterr().out] == [0, "The local stack has ended.\n"]
    assert not lock.with_name("up.end").exists()


def test_a_process_whose_id_a_killed_stack_has_left_in_the_lock_is_never_signalled(lock: Path) -> None:
    """A new stack holds the lock already, and has not written its own name yet."""
    with subprocess.Popen(SLEEP) as innocent:
        lock.write_text(f"{innocent.pid}\n")
        with running(lock, signs_after=1) as process:
            assert down.main() == 0
        assert [innocent.poll(), process.returncode] == [None, 0]
        innocent.send_signal(signal.SIGKILL)


def test_if_no_stack_runs_make_down_says_so(lock: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lock.write_text("of one that was killed")
    assert down.main() == 0
    assert capsys.readouterr().out == "The local stack does not run.\n"


def test_a_stack_that_does_not_end_is_exit_code_1(
    lock: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(down, "WITHIN", 0.3)
    with lock.open("a") as file:
        locks.take(file)
        locks.sign(file)
        assert down.main() == 1
    assert "does not end within 0 s. Press Ctrl-C where it runs." in capsys.readouterr().out


def test_only_the_run_that_make_down_names_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(up, "UP_END", tmp_path / "up.end")
    done = Event()
    waiting = Thread(target=up.wait_for_make_down, args=("this", done), daemon=True)
    waiting.start()
    (tmp_path / "up.end").write_text("another")
    assert not done.wait(3 * up.LOOK_SECONDS)
    (tmp_path / "up.end").write_text("this")
    assert done.wait(10)
    waiting.join()
