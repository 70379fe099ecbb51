"""Kills the functions' processes at random, in the middle of whatever they do."""

import os
import random
import signal
import threading
from collections import deque
from typing import Self

import psutil

PAUSE = (3.0, 7.0)  # seconds between two kills


def workers() -> dict[int, float]:
    """Return the processes in which our own emulator runs the functions, with the megabytes of each."""
    running = [each.info for each in psutil.process_iter(["pid", "ppid", "cmdline", "memory_info"])]
    commands = {each["pid"]: " ".join(each["cmdline"] or ()) for each in running}  # one that has just ended has none
    emulators = {
        each["pid"] for each in running if each["ppid"] == os.getpid() and "ministack" in commands[each["pid"]]
    }
    return {
        each["pid"]: each["memory_info"].rss / 2**20
        for each in running
        if each["ppid"] in emulators and "_worker.py" in commands[each["pid"]]
    }


def megabytes() -> float:
    """Return the average memory of a function's process."""
    sizes = workers().values()
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
            running = set(workers())
            grown = sorted(running.intersection(*self._looks))
            if grown:
                os.kill(self._chance.choice(grown), signal.SIGKILL)
                self.killed += 1
            self._looks.append(running)
