"""Each handler is killed at each of its calls, and in the recovery from that killed again: still one trigger, one job.

The calls are found by running a flow from its trigger to its end and the announcement of that: all that botocore
sends, before it goes out and after it took effect. `start`, `track`, `step`, `notify` and `emit` are killed at each of
these moments, one by one, with an exception that nothing catches. Then the platform does what it does: SQS delivers
again, leases end, `track` ticks, the stream comes again.

What a kill leaves is what outlives a process. The first test proves it equal to what was there at that moment. So a
moment that leaves what an earlier one has left has its future behind it already, and is not run twice. For pairs, the
second kill is at each moment of each recovery from the first. `make proofs` has more pairs than `make test`.

When this was written there were 506 kills in seven flows, which leave 185 different things behind; and in four of the
flows 4,778 second kills, in the 1,463 recoveries that differ.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from neptune_training.checks.events import CONFIGURATION
from tests.world import Call, Crash, World, checks
from tests.world.calls import error
from tests.world.memory import Remembered
from tests.world.proofs import ALL
from tests.world.triggers import MODEL

pytestmark = pytest.mark.faults


OUTAGE = timedelta(minutes=2) if ALL else timedelta(seconds=30)


class Flow(NamedTuple):
    """Something to kill: what is sent, how its jobs end, and the fewest kills and pairs of kills that it has."""

    sent: Callable[[World], Iterable[str]]
    ends: tuple[str, ...] = ("COMPLETED",)
    prepare: Callable[[World], None] = lambda _: None
    kills: int = 40  # fewer would mean that some moments are not seen
    pairs: int = 600
    capacity_after: timedelta = timedelta(0)
    hinted: bool = False  # SageMaker announces an end each minute, whether there is one or not
    cancels: bool = False


def two_uploads(world: World) -> Iterable[str]:
    yield world.uploaded()
    yield world.uploaded(contents={CONFIGURATION: MODEL[CONFIGURATION] + b"\n"})


def all_fail(world: World) -> None:
    world.keep_logs()
    world.neptune.fail_jobs_by_chance(1, "hpo")


def requested_and_cancelled(world: World) -> Iterable[str]:
    yield world.requested(id="mine")
    yield world.cancelled("mine")


def cancelled_before_requested(world: World) -> Iterable[str]:
    return reversed([*requested_and_cancelled(world)])


FLOWS = {
    "upload": Flow(lambda world: [world.uploaded()]),
    "event": Flow(lambda world: [world.requested()], pairs=0),  # the next one has all its calls, and more
    "event with hints": Flow(lambda world: [world.requested()], kills=60, pairs=0, hinted=True),
    "event with id": Flow(lambda world: [world.requested(id="mine")]),
    "schedule": Flow(lambda world: [world.ticked()], pairs=0),
    "two uploads of one key": Flow(two_uploads, ("COMPLETED", "SUPERSEDED")),
    "no capacity at first": Flow(lambda world: [world.requested()], pairs=0, capacity_after=OUTAGE),
    "failed": Flow(lambda world: [world.requested()], ("FAILED",), prepare=all_fail, pairs=0),
    "rejected": Flow(lambda world: [world.requested(modelName="x")], ("REJECTED",), kills=10, pairs=20),
    "cancelled": Flow(requested_and_cancelled, ("STOPPED",), pairs=0, cancels=True),
    "cancelled while it waits": Flow(
        requested_and_cancelled, ("STOPPED",), pairs=0, capacity_after=OUTAGE, cancels=True
    ),
    "cancelled before its request": Flow(
        cancelled_before_requested, ("STOPPED", "SUPERSEDED"), kills=20, pairs=0, cancels=True
    ),
}
if not ALL:  # it takes as long as all pairs of a flow
    del FLOWS["cancelled while it waits"]
PAIRED = {name: flow for name, flow in FLOWS.items() if flow.pairs and (ALL or len(flow.ends) == 1)}
FULL = error("TooManyRequestsException", 429)


@dataclass
class Moments:
    """A watcher that counts the moments of one invocation, remembers them, or kills the process at one."""

    world: World
    kill_at: int | None = None
    seen: list[tuple[Call, str]] = field(default_factory=list)
    new: list[Remembered] = field(default_factory=list)
    known: set[str] = field(default_factory=set)

    def __call__(self, call: Call) -> None:
        left = "" if self.kill_at is not None else self.world.fingerprint()  # it takes longer than most calls
        if len(self.seen) == self.kill_at:
            raise Crash(call)
        self.seen.append((call, left))
        if self.kill_at is None and left not in self.known:
            self.known.add(left)
            self.new.append(self.world.remember())


@pytest.fixture
def world(make_world: Callable[..., World], flow: Flow) -> Iterator[World]:
    """A world in which something has just been sent. Its jobs take a minute, so that the flow is short."""
    world = make_world({"stage_seconds": 20.0})
    world.hinted = flow.hinted
    capacity_from = world.clock.now() + flow.capacity_after
    flow.prepare(world)
    for body in flow.sent(world):
        world.queue.send(body)

    def refuse(call: Call) -> Any:
        concerned = (call.operation, call.moment) == ("StartMLModelTrainingJob", "before")
        return FULL if concerned and world.clock.now() < capacity_from else None

    with world.watched(refuse):
        yield world


def invocations(world: World) -> Iterator[Remembered]:
    """The world before each of its steps, until all is quiet. Whoever looks at one may change the world meanwhile."""
    while not world.quiet():
        before = world.remember()
        yield before
        world.go_back(before)
        world.step()


@pytest.mark.parametrize("flow", FLOWS.values(), ids=FLOWS)
def test_killed_once_at_any_call_each_trigger_ends_as_it_should_and_announced(world, flow, record_property) -> None:
    kills, ended = 0, set()
    for before in invocations(world):
        moments = Moments(world)
        with world.watched(moments):
            world.step()
        for number, (call, left) in enumerate(moments.seen):
            kills += 1
            if left in ended:
                continue
            ended.add(left)
            world.go_back(before)
            with world.watched(Moments(world, kill_at=number)):
                world.step()
            assert world.fingerprint() == left, f"a kill {call} leaves something else"
            recover(world, flow)
    recover(world, flow, killed=False)
    assert kills >= flow.kills
    record_property("kills", kills)
    record_property("different", len(ended))


def recover(world: World, flow: Flow, *, killed: bool = True) -> None:
    world.until_quiet()
    checks.at_the_end(world)
    if flow.cancels and killed:  # what is killed comes again after 12 minutes: a cancellation may then be too late
        job = world.job("mine")
        assert job["status"] == ("STOPPED" if "cancelledBy" in job else "COMPLETED"), job
    else:
        assert sorted(world.statuses().values()) == list(flow.ends)
    if not flow.cancels:
        assert list(world.accepted().values()) == [1] * sum(each in ("COMPLETED", "FAILED") for each in flow.ends)
    assert all("result" in job for job in world.jobs().values() if job["status"] in ("COMPLETED", "FAILED"))


@pytest.mark.parametrize("killed", [False, True], ids=["", "and killed"])
@pytest.mark.parametrize("flow", [FLOWS["event with id"]], ids=["event with id"])
def test_cancelled_at_any_call_the_job_is_stopped_and_started_at_most_once(
    world, flow, killed, record_property
) -> None:
    body, cancellations, ended = world.cancelled("mine"), 0, set()
    for before in invocations(world):
        moments = Moments(world)
        with world.watched(moments):
            world.step()
        after = world.remember()
        for number in range(len(moments.seen)):
            cancellations += 1
            world.go_back(before)
            cancelling = Cancelling(world, body, number, killed=killed)
            with world.watched(cancelling):
                world.step()
            if world.fingerprint() not in ended:
                ended.add(world.fingerprint())
                come_to_an_end(world, cancelling)
        world.go_back(after)
    assert cancellations >= flow.kills
    record_property("cancellations", cancellations)


@dataclass
class Cancelling:
    """A watcher that delivers a cancellation at one moment of an invocation, and may then kill that."""

    world: World
    body: str
    at: int
    killed: bool
    seen: int = 0
    answer: dict[str, Any] | None = None
    posts: int = 0

    def __call__(self, call: Call) -> None:
        self.seen += 1
        if self.answer is None and self.seen > self.at:
            self.answer = {}
            self.posts = self.world.posts("mine")
            self.answer = self.world.start(self.body)
            if self.killed:
                raise Crash(call)


def come_to_an_end(world: World, cancelled: Cancelling) -> None:
    """Check that the job is STOPPED, and after a cancellation while it waited not started; or that it had ended."""
    world.until_quiet()
    checks.at_the_end(world)
    job, answer = world.job("mine"), cancelled.answer or {}
    assert job["status"] == ("STOPPED" if "cancelledBy" in job else "COMPLETED"), job
    if "cancelledBy" not in job:
        # It had ended, or it was killed before it was recorded: then it came again when its cancellation was REJECTED.
        assert answer["status"] in ("COMPLETED", "WAITING")
    if answer["status"] == "STOPPED" and answer["jobId"] == "mine":
        assert world.posts("mine") == cancelled.posts


@pytest.mark.parametrize("flow", PAIRED.values(), ids=PAIRED)
def test_killed_again_in_the_recovery_each_trigger_ends_as_it_should_and_announced(
    world, flow, record_property
) -> None:
    exploration = Exploration(world, flow)
    exploration.run(kills=2)
    second = exploration.moments[0]
    record_property("second kills", second)
    record_property("different", exploration.runs)
    assert second >= flow.pairs


class Exploration:
    """Runs a world to its end, and again from each moment at which it may be killed, and so on from there."""

    def __init__(self, world: World, flow: Flow) -> None:
        self.world, self.flow, self.runs = world, flow, 0
        self.moments = [0, 0]
        self.left_behind: list[set[str]] = [set(), set()]
        self.passed: list[set[str]] = [set(), set(), set()]

    def run(self, kills: int) -> None:
        """Go on from here, with so many kills to come at most."""
        self.runs += 1
        left = self._to_the_end(kills)
        for each in left:
            self.world.go_back(each)
            self.run(kills - 1)

    def _to_the_end(self, kills: int) -> list[Remembered]:
        watcher = Moments(self.world, known=self.left_behind[kills - 1]) if kills else None
        while not self.world.quiet():
            present = self.world.fingerprint()
            if any(present in passed for passed in self.passed[kills:]):
                break  # from here on it is as it was before
            self.passed[kills].add(present)
            with self.world.watched(watcher or (lambda _: None)):
                self.world.step()
        else:
            recover(self.world, self.flow)
        checks.always(self.world)
        if watcher:
            self.moments[kills - 1] += len(watcher.seen)
        return watcher.new if watcher else []
