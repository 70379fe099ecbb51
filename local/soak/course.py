"""The course of a soak: send, then wait until every trigger has ended and nothing is left in the queues."""

import time
from collections.abc import Callable
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cli.redrive import move
from local.soak.deliveries import Deliveries
from local.soak.promises import FINAL, identity
from local.soak.triggers import Triggers
from local.stack import Stack

REDRIVE_AFTER = 30.0  # seconds without an announcement
COLUMNS = (TextColumn("{task.description:<8}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())


class Course:
    """Hold what is known of the triggers while they are under way, from the messages of a subscriber."""

    def __init__(self, stack: Stack, triggers: Triggers, deliveries: Deliveries, *, silence: float) -> None:
        """After `silence` seconds without an announcement, nothing more is expected."""
        self._stack, self._triggers, self._deliveries, self._silence = stack, triggers, deliveries, silence
        self._read, self._news = 0, time.monotonic()
        self._begun: set[str] = set()
        self._ended: set[str] = set()
        self.redriven = 0

    def run(self, n: int) -> None:
        """Send `n` triggers, and return when all have ended, or when nothing happens any more."""
        with Progress(*COLUMNS, refresh_per_second=2) as progress:
            bars = [progress.add_task(name, total=n) for name in ("sent", "begun", "ended")]

            def show() -> None:
                self._listen()
                counts = (len(self._triggers.promises), len(self._begun), len(self._ended))
                for bar, count in zip(bars, counts, strict=True):
                    progress.update(bar, completed=count)

            for _ in self._triggers.send(n):
                show()
            self._wait(show)

    def _wait(self, show: Callable[[], None]) -> None:
        while True:
            show()
            over = self._triggers.promises.keys() <= self._ended and not self._deliveries.waiting()
            silent = time.monotonic() - self._news
            if (over or silent > REDRIVE_AFTER) and not self._redrive() and (over or silent > self._silence):
                return
            time.sleep(0.5)

    def _redrive(self) -> int:
        """Do what an operator does about messages that failed five times."""
        urls = self._stack.outputs["DeadLetterQueueUrl"], self._stack.outputs["TrainingQueueUrl"]
        moved = move(self._stack.client("sqs"), *urls)
        self.redriven += moved
        if moved:
            self._news = time.monotonic()
        return moved

    def _listen(self) -> None:
        for _, message in self._stack.announcements[self._read :]:
            self._read += 1
            self._news = time.monotonic()
            self._note(message)

    def _note(self, message: dict[str, Any]) -> None:
        name = identity(message["trigger"])
        self._begun.add(name)
        if message["status"] in FINAL:
            self._ended.add(name)
