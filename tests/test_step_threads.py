"""Steps of one invocation, side by side in real threads."""

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import cast

import pytest

from neptune_training.flow import step_threads
from neptune_training.flow.step_threads import StepThreads


def test_a_step_that_never_ends_delays_the_next_by_the_patience_only_and_the_invocation_until_it_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(step_threads, "PATIENCE_SECONDS", 0.05)
    over = threading.Event()
    taken: list[int | str] = []

    def waited_for() -> None:
        with StepThreads() as steps:
            steps.take(cast("Callable[[], None]", over.wait))
            for number in range(3):
                steps.take(partial(taken.append, number))
        taken.append("end")

    invocation = threading.Thread(target=waited_for)
    invocation.start()
    until = time.monotonic() + 5
    while len(taken) < 3 and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(0.1)
    assert taken == [0, 1, 2]
    assert invocation.is_alive()
    over.set()
    invocation.join(5)
    assert taken == [0, 1, 2, "end"]


def test_an_invocation_that_fails_waits_for_its_steps_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_threads, "PATIENCE_SECONDS", 0.01)
    ended = []

    def slow() -> None:
        time.sleep(0.2)
        ended.append(True)

    with pytest.raises(RuntimeError), StepThreads() as steps:  # noqa: PT012
        steps.take(slow)
        raise RuntimeError
    assert ended == [True]
