"""The world itself: functions that are invoked, time that passes, trouble that comes."""

import random
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import notify
import start
import track
from tests.world import template
from tests.world.calls import Call, Crash, Watcher
from tests.world.clock import Clock
from tests.world.hands import Hands
from tests.world.memory import Memory
from tests.world.queue import Message
from tests.world.triggers import MODEL, Triggers


class Context(SimpleNamespace):
    """Lambda's context: `remaining` seconds from the moment when it is made."""

    def __init__(self, clock: Clock, remaining: float) -> None:
        super().__init__(
            function_name="function", memory_limit_in_mb=512, invoked_function_arn="arn:aws:lambda", aws_request_id="1"
        )
        self._clock, self.deadline = clock, clock.now() + timedelta(seconds=remaining)

    def get_remaining_time_in_millis(self) -> int:
        return round((self.deadline - self._clock.now()).total_seconds() * 1000)


class World(Triggers, Hands, Memory):
    """All of it. `model` is one to upload."""

    model = MODEL

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.timeout = float(self.parameters.get("FunctionTimeoutSeconds", template.default("FunctionTimeoutSeconds")))
        self.errors: list[Exception] = []

    # --- invocations --------------------------------------------------------------------------------------------------

    def context(self) -> Context:
        return Context(self.clock, self.timeout)

    def start(self, body: str, message_id: str | None = "message-0") -> dict[str, Any]:
        """Invoke `start` as SQS does, and return its answer."""
        record = {"messageId": message_id, "eventSource": "aws:sqs", "body": body}
        return start.handler({"Records": [record]}, self.context())

    def deliver(self) -> None:
        """Give each visible message to `start` once; it goes only when the handler has returned."""
        for message in self.queue.visible():
            self.receive(message)

    def receive(self, message: Message) -> bool:
        """One delivery. A message stays until a handler has returned."""
        self.queue.receive(message)
        survived = self.survives(lambda: self.start(message.body, message.id))
        if survived:
            self.queue.delete(message)
        return survived

    def track(self) -> bool:
        """A tick."""
        return self.survives(lambda: track.handler({"source": "aws.events"}, self.context()))

    def notify(self) -> bool:
        """Hand the stream's new records on; an error leaves its place as it was."""
        records = self.stream()[self._announced_from :]
        survived = self.survives(lambda: notify.handler({"Records": records}, self.context())) if records else True
        if survived:
            self._announced_from += len(records)
        return survived

    def survives(self, invocation: Callable[[], Any]) -> bool:
        """Lambda: whatever goes wrong in an invocation ends that one only. Its jitter is the same each time."""
        random.seed(1)
        try:
            invocation()
        except Crash:
            return False
        except Exception as error:  # noqa: BLE001 - Lambda catches them all
            self.errors.append(error)
            return False
        return True

    # --- time ---------------------------------------------------------------------------------------------------------

    def minutes(self, count: float = 1) -> None:
        """Let time pass, as AWS does: what is visible is delivered, `track` ticks, the stream flows."""
        for _ in range(round(count)):
            while self.step() != "sleep":
                pass

    def step(self) -> str:
        """The next thing that happens in a minute: one invocation, or the rest of the minute passes."""
        if self.phase == "deliver" and (visible := self.queue.visible()):
            self.receive(visible[0])
            return "deliver"
        now = self.phase = {"deliver": "track"}.get(self.phase, self.phase)
        self.phase = {"track": "notify", "notify": "sleep", "sleep": "deliver"}[now]
        {"track": self.track, "notify": self.notify, "sleep": lambda: self.clock.sleep(60)}[now]()
        return now

    def until_quiet(self, most: int = 24 * 60) -> int:
        """Let time pass until nothing is left to do, and return how many minutes that took."""
        for minute in range(most):
            if self.quiet():
                return minute
            self.minutes()
        raise AssertionError(
            f"not quiet after {most} minutes: {self.statuses()}, {self.queue.messages}, {self.errors[-3:]}"
        )

    def quiet(self) -> bool:
        unfinished = any("nextAttemptAt" in job for job in self.jobs().values())
        return not unfinished and not self.queue.messages and self._announced_from == len(self.stream())

    # --- trouble ------------------------------------------------------------------------------------------------------

    @contextmanager
    def watched(self, watcher: Watcher) -> Any:
        self.calls.watchers.append(watcher)
        try:
            yield
        finally:
            self.calls.watchers.remove(watcher)

    @contextmanager
    def outage(self, service: str, answer: Any, operations: Iterable[str] = ()) -> Any:
        """All calls to `service`, or these of them, are answered with `answer` and have no effect."""

        def refuse(call: Call) -> Any:
            concerned = call.moment == "before" and call.service == service
            return answer if concerned and (not operations or call.operation in operations) else None

        with self.watched(refuse):
            yield
