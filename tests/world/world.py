"""The world itself: functions that are invoked, time that passes, trouble that comes."""

import random
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

import emit
import notify
import start
import step
import track
from tests.world import template
from tests.world.calls import Call, Crash, Hang, Watcher
from tests.world.clock import Clock
from tests.world.hands import Hands
from tests.world.memory import Memory
from tests.world.queue import Message
from tests.world.triggers import MODEL, Triggers

TRACK_TIMEOUT = 60


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
        read_timeout = {key: self.parameters[key] for key in ("NeptuneReadTimeoutSeconds",) if key in self.parameters}
        self.timeout = float(template.resource_of("StepFunction", **read_timeout)["Timeout"])
        self.errors: list[Exception] = []
        self.hinted = False  # SageMaker announces an end each minute
        self.skew: Callable[[], timedelta] = timedelta  # how far the clock of each next invocation is wrong

    # --- invocations --------------------------------------------------------------------------------------------------

    def context(self) -> Context:
        return Context(self.clock, self.timeout)

    def tick_context(self) -> Context:
        return Context(self.clock, TRACK_TIMEOUT)

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
        """A tick, and the steps that it asks for."""
        ticked = self.tick()
        return all([ticked, *(self.take_step() for _ in list(self.invocations))])

    def tick(self) -> bool:
        """A tick by itself."""
        return self.survives(lambda: track.handler({"source": "aws.events"}, self.tick_context()))

    def hint(self, event: Any) -> bool:
        """An event of SageMaker's, and the steps that it leads to."""
        taken = self.take_hint(event)
        return all([taken, *(self.take_step() for _ in list(self.invocations))])

    def take_hint(self, event: Any) -> bool:
        """An event of SageMaker's by itself."""
        return self.survives(lambda: track.handler(event, self.tick_context()))

    def take_step(self) -> bool:
        """The next invocation of `step`. Its time is its own: others run beside it."""
        with self._moment:
            if not self.invocations:
                return True
            event, began = self.invocations.pop(0), self.clock.time
        survived = self.run_step(event)
        self.clock.go_back(began)
        return survived

    def run_step(self, event: dict[str, Any]) -> bool:
        """One invocation of `step`."""
        self._own.stepping = event["jobIds"]
        survived = self.survives(lambda: step.handler(event, self.context()))
        self._own.stepping = []
        return survived

    def take(self, job_id: str, *, turn: bool = False) -> bool:
        """One step of one job."""
        return self.run_step({"jobIds": [job_id], "turns": [job_id] if turn else []})

    def notify(self) -> bool:
        """Hand the stream's new records on; an error leaves its place as it was."""
        records = self.stream()[self._announced_from :]
        survived = self.survives(lambda: notify.handler({"Records": records}, self.context())) if records else True
        if survived:
            self._announced_from += len(records)
        return survived

    def emit(self) -> bool:
        """The same for the stream's other reader, which has a place of its own."""
        records = self.stream()[self._emitted_from :]
        survived = self.survives(lambda: emit.handler({"Records": records}, self.context())) if records else True
        if survived:
            self._emitted_from += len(records)
        return survived

    def survives(self, invocation: Callable[[], Any]) -> bool:
        """Lambda: whatever goes wrong in an invocation ends that one only. Its jitter is the same each time."""
        random.seed(1)
        self.clock.skew = self.skew()
        try:
            invocation()
        except Hang:
            self.clock.sleep(self.timeout)
            return False
        except Crash:
            return False
        except Exception as error:  # noqa: BLE001 - Lambda catches them all
            self.errors.append(error)
            return False
        finally:
            self.clock.skew = timedelta(0)
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
        if self.phase == "step" and self.invocations:
            self.take_step()
            return "step"
        now = self.phase = {"deliver": "hint" if self.hinted else "track", "step": "notify"}.get(self.phase, self.phase)
        after = {"hint": "track", "track": "step", "notify": "emit", "emit": "sleep", "sleep": "deliver"}
        self.phase = after[now]
        happens: dict[str, Callable[[], object]] = {
            "hint": self.all_hints,
            "track": self.tick,
            "notify": self.notify,
            "emit": self.emit,
            "sleep": partial(self.clock.sleep, 60),
        }
        happens[now]()
        return now

    def all_hints(self) -> None:
        """An event of SageMaker's for each job that Neptune has."""
        for job_id in sorted(self.accepted()):
            self.take_hint(self.stage_ended(job_id, "transform"))

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
        told = self._announced_from == self._emitted_from == len(self.stream())
        return told and not unfinished and not self.queue.messages

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
