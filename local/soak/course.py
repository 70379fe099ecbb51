"""The course of a soak: send, then wait until every trigger has come to an end and the queue is empty."""

import time
from collections.abc import Callable
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from local.redrive import redrive
from local.soak.deliveries import Deliveries
from local.soak.promises import FINAL, identity
from local.soak.triggers import Triggers
from local.stack import Stack

SILENCE = 90.0  # seconds without any news, after which nothing more is expected: two leases, one after the other


class Course:
    """What is known of the triggers while they are under way, by what a subscriber hears."""

    def __init__(self, stack: Stack, triggers: Triggers, deliveries: Deliveries) -> None:
        self._stack, self._triggers, self._deliveries = stack, triggers, deliveries
        self._read = 0
        self._news = time.monotonic()
        self.begun: set[str] = set()
        self.ended: set[str] = set()
        self.redriven = 0

    def run(self, n: int) -> None:
        """Send `n` triggers, and return when all have ended, or when nothing happens any more."""
        columns = (TextColumn("{task.description:<8}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, refresh_per_second=2) as progress:
            bars = {name: progress.add_task(name, total=n) for name in ("sent", "heard of", "ended")}

            def show() -> None:
                self._listen()
                counts = (len(self._triggers.promises), len(self.begun), len(self.ended))
                for bar, count in zip(bars.values(), counts, strict=True):
                    progress.update(bar, completed=count)

            for _ in self._triggers.send(n):
                show()
            self._wait(show)

    def _wait(self, show: Callable[[], None]) -> None:
        while True:
            show()
            promised = self._triggers.promises.keys()
            if promised <= self.ended and not self._deliveries.waiting():
                return
            if time.monotonic() - self._news > SILENCE and not self._redrive():
                return
            time.sleep(0.5)

    def _redrive(self) -> int:
        """What an operator does, once, about messages that no function could record."""
        urls = self._stack.outputs["DeadLetterQueueUrl"], self._stack.outputs["TrainingQueueUrl"]
        moved = redrive(self._stack.client("sqs"), *urls)
        self.redriven += moved
        self._news = time.monotonic()
        return moved

    def _listen(self) -> None:
        for _, message in self._stack.heard[self._read :]:
            self._read += 1
            self._news = time.monotonic()
            self._note(message)

    def _note(self, message: dict[str, Any]) -> None:
        name = identity(message["trigger"])
        self.begun.add(name)
        if message["status"] in FINAL:
            self.ended.add(name)
