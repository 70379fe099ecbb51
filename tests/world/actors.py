"""Invocations side by side, in lock step: each goes on only when it is told to, from one call to the next.

So a test decides in which order several functions do what they do, down to each call to AWS or Neptune, and the same
decisions give the same history. Each runs in a thread of its own; only one of all threads is ever awake.
"""

import threading
from collections.abc import Callable
from datetime import datetime

from tests.world.calls import Call, Crash


class Actor:
    """One invocation. It stops before each call and after it."""

    def __init__(self, name: str, deadline: datetime, invocation: Callable[[], bool]) -> None:
        self.name, self.deadline = name, deadline
        self.at: Call | None = None
        self.over = False
        self.survived = False
        self._raise: BaseException | None = None
        self._may_go, self._has_stopped = threading.Semaphore(0), threading.Semaphore(0)
        self.thread = threading.Thread(target=self._run, args=(invocation,), name=name, daemon=True)
        self.thread.start()

    def go(self, error: BaseException | None = None) -> None:
        """Go on to the next moment; with `error` instead of what was to be done next."""
        self._raise = error
        self._may_go.release()
        self._has_stopped.acquire()

    def kill(self) -> None:
        """The process ends here."""
        while not self.over:
            self.go(Crash(self.at))

    def stop_at(self, call: Call) -> None:
        """Wait to be told to go on: called in the actor's own thread."""
        self.at = call
        self._has_stopped.release()
        self._may_go.acquire()
        if self._raise:
            raise self._raise

    def is_here(self) -> bool:
        """Whether this is the actor's own thread."""
        return threading.current_thread() is self.thread

    def _run(self, invocation: Callable[[], bool]) -> None:
        self._may_go.acquire()
        try:
            self.survived = self._raise is None and invocation()
        finally:
            self.over = True
            self._has_stopped.release()


class Actors:
    """A watcher that stops each call of an actor, and lets all others pass."""

    def __init__(self) -> None:
        self.acting: list[Actor] = []

    def __call__(self, call: Call) -> None:
        for actor in self.acting:
            if actor.is_here():
                actor.stop_at(call)
