"""Steps side by side in a world whose time stands still: one after another, each in its own time."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Self

from neptune_training.flow.step_threads import PATIENCE_SECONDS
from tests.world.calls import Hang
from tests.world.clock import Clock

PATIENCE = timedelta(seconds=PATIENCE_SECONDS)


class StepThreads:
    """The next step begins when this one has ended, or after two seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._ends, self._hung = clock, [clock.time], False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: Any) -> None:
        if kind is None:
            self.wait()

    def wait(self) -> None:
        if self._hung:
            raise Hang
        self._clock.time = max(*self._ends, self._clock.time)

    def take(self, step: Callable[[], None]) -> None:
        began = self._clock.time
        try:
            step()
        except Hang:
            self._hung = True
        self._ends.append(self._clock.time)
        self._clock.go_back(min(self._clock.time, began + PATIENCE))
