"""`make down`: it ends the process that holds the lock of `make up`, and waits for it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from local import down, locks

UP = """
import signal, sys, time
from pathlib import Path
from local import locks
with Path(sys.argv[1]).open("a") as lock:
    locks.take(lock)
    locks.sign(lock)
    print("up", flush=True)
    signal.sigwait({signal.SIGTERM})
    time.sleep(0.3)
"""


@pytest.fixture(autouse=True)
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(down, "UP_LOCK", tmp_path / "up.lock")
    return tmp_path / "up.lock"


def test_the_stack_has_ended_when_make_down_has(lock: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = f"import signal; signal.pthread_sigmask(signal.SIG_BLOCK, {{signal.SIGTERM}})\n{UP}"
    command = [sys.executable, "-c", script, str(lock)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": "."}) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        assert down.main() == 0
        assert not locks.is_held(lock)
    assert capsys.readouterr().out == "The local stack has ended.\n"


def test_if_no_stack_runs_make_down_says_so(lock: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lock.write_text(f"{os.getpid()}\n")  # of one that was killed; its id may be another process's by now
    assert down.main() == 0
    assert capsys.readouterr().out == "The local stack does not run.\n"


def test_a_stack_that_ends_by_itself_while_it_is_asked_to_is_one_that_has_ended(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    monkeypatch.setattr(locks, "owner", lambda _: gone.pid)
    assert down.main() == 0
    assert capsys.readouterr().out == "The local stack has ended.\n"
