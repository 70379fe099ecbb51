"""Take steps one after another. A step that takes long goes on in its thread while the next one begins."""

from collections.abc import Callable
from threading import Thread
from types import TracebackType
from typing import Self

PATIENCE_SECONDS = 2.0


class StepThreads:
    """Hold the steps of one invocation, as a context manager.

    Leaving the `with` waits for all steps. Lambda freezes the process when an invocation returns, and resumes it for
    the next one. A step that was still under way could then send a start long after its lease. If a step never ends,
    Lambda ends the invocation at its timeout.
    """

    def __init__(self) -> None:
        self._under_way: list[Thread] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.wait()

    def wait(self) -> None:
        """Wait until all steps have ended."""
        for thread in self._under_way:
            thread.join()
        self._under_way.clear()

    def take(self, step: Callable[[], None]) -> None:
        """Take a step; return when it has ended, or after two seconds. `step` must catch its own exceptions."""
        thread = Thread(target=step)
        thread.start()
        thread.join(PATIENCE_SECONDS)
        if thread.is_alive():
            self._under_way.append(thread)
