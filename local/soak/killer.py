"""Kills the functions' processes at random, in the middle of whatever they do."""

import os
import random
import signal
import subprocess
import threading
from collections import deque
from typing import NamedTuple, Self

PAUSE = (3.0, 7.0)  # seconds between two kills


class Process(NamedTuple):
    """A process as `ps` shows it."""

    pid: int
    parent: int
    kilobytes: int
    command: str


def processes() -> list[Process]:
    """All processes of this machine."""
    shown = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,rss=,args="],  # noqa: S607 - wherever the system has it
        check=True,
        capture_output=True,
        text=True,
    )
    lines = (line.split(maxsplit=3) for line in shown.stdout.splitlines())
    return [Process(int(pid), int(parent), int(size), command) for pid, parent, size, command in lines]


def workers() -> list[Process]:
    """The processes in which our own emulator runs the functions."""
    running = processes()
    emulators = {each.pid for each in running if each.parent == os.getpid() and "-m ministack" in each.command}
    return [each for each in running if each.parent in emulators and "_worker.py" in each.command]


def megabytes() -> float:
    """The memory of a function's process, on average."""
    sizes = [each.kilobytes / 1024 for each in workers()]
    return sum(sizes) / len(sizes) if sizes else 0.0


class Killer:
    """A thread that kills one of the functions' processes every few seconds, once they have been there for a while.

    Before that they start up, and where one dies at that the emulator throws all others of its function away.
    """

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._stopping = threading.Event()
        self._looks: deque[set[int]] = deque([set(), set()], maxlen=2)
        self.killed = 0

    def __enter__(self) -> Self:
        threading.Thread(target=self._run, name="killer", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.wait(self._chance.uniform(*PAUSE)):
            running = {each.pid for each in workers()}
            grown = sorted(running.intersection(*self._looks))
            if grown:
                os.kill(self._chance.choice(grown), signal.SIGKILL)
                self.killed += 1
            self._looks.append(running)
