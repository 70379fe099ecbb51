"""Locks between processes. A lock is free again however its owner ends, so no dead owner holds one."""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from uuid import uuid4

WAIT_SECONDS = 0.2


@contextmanager
def locked(path: Path, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold the lock of the file `path`; if another process holds it, call `waiting` once, and wait."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        if not take(file):
            waiting()
            while not take(file):  # not a blocking call: a thread that waits has to end with its program
                time.sleep(WAIT_SECONDS)
        yield


def take(file: IO[str]) -> bool:
    """Take the lock of an open file, until the file is closed; return False if another process holds it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_held(path: Path) -> bool:
    """Return True if some process holds the lock of the file `path`."""
    try:
        with path.open() as file:
            return not take(file)
    except FileNotFoundError:
        return False


def sign(file: IO[str]) -> str:
    """Write into a file whose lock this process holds what no other run has ever written there, and return it."""
    name = uuid4().hex
    file.truncate(0)
    file.write(name)
    file.flush()
    return name
