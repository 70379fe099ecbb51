"""Run other programs for the set-up: their output is kept, shown only if they fail, and all can be ended at once."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent


class ProgramFailed(Exception):  # noqa: N818
    """A program has failed; the text is what it printed."""


class Stopped(Exception):  # noqa: N818
    """All programs were ended."""


class Programs:
    """The programs that run now."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[str]] = set()
        self._stopping = threading.Event()

    def run(self, command: Sequence[object], each_line: Callable[[str], object] = len) -> None:
        """Run a program to its end; `each_line` gets what it prints. Raises ProgramFailed or Stopped."""
        if self._stopping.is_set():
            raise Stopped
        process = subprocess.Popen(
            [str(each) for each in command],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": f"{ROOT / 'functions'}{os.pathsep}{ROOT}"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self._running.add(process)
        printed = []
        for line in process.stdout or ():
            printed.append(line)
            each_line(line)
        failed = process.wait()
        self._running.discard(process)
        if self._stopping.is_set():
            raise Stopped
        if failed:
            raise ProgramFailed("".join(printed))

    def stop(self) -> None:
        """End what runs, and let nothing else begin."""
        self._stopping.set()
        for process in list(self._running):
            process.terminate()
