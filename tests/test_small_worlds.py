"""Small worlds, looked at whole: two invocations, in each order of their calls, with one kill or none, and one fault.

The random histories look far and miss much; here nothing is missed of what is near. For each status that a job can
have, two invocations that may meet there go on call by call, in each order that there is (`tests.world.schedules`). At
most one of them is killed, before or after any of its calls. At most one fault of Neptune lasts, until the end.

In each state the promises hold; from each world that is left, time passes until all is quiet, and the job has ended,
exactly once started if at all.

`make proofs` looks at all pairs with all faults; `make test` at those in DEFAULT.
"""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

import pytest

from neptune_training.checks.events import CANCELLATION
from neptune_training.model.times import from_text
from tests.world import Call, Crash, World, checks
from tests.world.lasting import Lasting
from tests.world.proofs import ALL
from tests.world.schedules import Exploration, Invocation
from tests.world.world import TRACK_TIMEOUT

pytestmark = pytest.mark.faults

START, GET, CANCEL = "StartMLModelTrainingJob", "GetMLModelTrainingJob", "CancelMLModelTrainingJob"
JOB = "mine"


class Status(NamedTuple):
    """How a job comes to have it. `look` says that its steps look at Neptune, and do not start."""

    reach: Callable[[World], object]
    look: bool = False
    slots: int = 2


def sent(world: World) -> None:
    world.queue.send(world.requested(id=JOB))


def until_due(world: World) -> None:
    world.clock.time = max(world.clock.time, from_text(world.job(JOB)["nextAttemptAt"]))


def fresh(world: World) -> None:
    def recorded(call: Call) -> None:
        if (call.operation, call.moment) == ("PutItem", "after"):
            raise Crash

    sent(world)
    with world.watched(recorded):
        world.deliver()
    world.queue.messages.clear()
    until_due(world)


def queued(world: World) -> None:
    world.hold_slots("gone")
    sent(world)
    world.deliver()
    assert world.job(JOB)["waitingFor"] == "a slot"
    world.services.table.forget_slots(["gone"])


def paused(world: World) -> None:
    world.neptune.fail(START, "TooManyRequestsException", share=1)
    sent(world)
    world.deliver()
    world.neptune.clear_faults()
    world.clock.time = from_text(world.paused_until() or "")


def leased(world: World) -> None:
    world.neptune.fail(START, "drop-before")
    sent(world)
    world.deliver()


def absent(world: World) -> None:
    leased(world)
    until_due(world)


def in_doubt(world: World) -> None:
    absent(world)
    world.take(JOB)
    assert [world.job(JOB)["status"], world.job(JOB)["unanswered"]] == ["WAITING", True]


def there(world: World) -> None:
    world.neptune.fail(START, "drop-after")
    sent(world)
    world.deliver()
    until_due(world)


def running(world: World) -> None:
    sent(world)
    world.deliver()
    until_due(world)


def ended(world: World) -> None:
    running(world)
    world.neptune.complete_job(JOB)


def missing(world: World) -> None:
    running(world)
    world.neptune.forget_job(JOB)


STATUSES = {
    "no record": Status(sent),
    "WAITING, fresh": Status(fresh),
    "WAITING in the queue": Status(queued, slots=1),
    "WAITING after a pause": Status(paused),
    "WAITING in doubt": Status(in_doubt),
    "REQUESTED under its lease": Status(leased, look=True),
    "REQUESTED and there": Status(there, look=True),
    "REQUESTED and absent": Status(absent, look=True),
    "STARTED and running": Status(running, look=True),
    "STARTED and ended": Status(ended, look=True),
    "STARTED and missing": Status(missing, look=True),
}


def deliver(world: World, handler_returned: Callable[[], None]) -> None:
    """Receive the request, for the first time or once more."""
    receive(world, handler_returned, cancels=False)


def cancel(world: World, handler_returned: Callable[[], None]) -> None:
    """Receive the cancellation of the job, for the first time or once more."""
    receive(world, handler_returned, cancels=True)


def receive(world: World, handler_returned: Callable[[], None], *, cancels: bool) -> None:
    messages = (each for each in world.queue.messages if (CANCELLATION in each.body) == cancels)
    message = next(messages, None)
    if message is None:
        return  # the other one was over before
    world.queue.receive(message)

    def handled() -> None:
        world.start(message.body, message.id)
        handler_returned()

    if world.survives(handled):
        world.queue.delete(message)


def step(world: World, _: Callable[[], None]) -> None:
    world.take(JOB, turn=True)


def tick(world: World, _: Callable[[], None]) -> None:
    world.tick()


def hint(world: World, _: Callable[[], None]) -> None:
    world.take_hint(world.stage_ended(JOB, "transform"))


PAIRS = {
    "delivery and delivery": (deliver, deliver),
    "delivery and step": (deliver, step),
    "step and step": (step, step),
    "tick and step": (tick, step),
    "tick and delivery": (tick, deliver),
    "hint and step": (hint, step),
    "tick and hint": (tick, hint),
    "cancellation and step": (cancel, step),
    "cancellation and delivery": (cancel, deliver),
    "cancellation and tick": (cancel, tick),
    "cancellation and cancellation": (cancel, cancel),
}
STARTS_FAIL = ("TooManyRequestsException", "AccessDeniedException", "500", "drop-before", "drop-after", "hang-after")
LOOKS_FAIL = ("ThrottlingException", "AccessDeniedException", "500", "slow-before", "hang-before")


class Case(NamedTuple):
    """A small world. The last is an operation and how it fails for good."""

    status: str
    pair: str
    fault: tuple[str, str] | None = None

    def __str__(self) -> str:
        return f"{self.status}, {self.pair}{', ' + ' '.join(self.fault) if self.fault else ''}"


def cases() -> list[Case]:
    """All, or those of the default: each status with two steps, the other pairs where they say more, few faults."""
    pairs = [(status, pair) for status in STATUSES for pair in PAIRS if (status == "no record") <= ("step" not in pair)]
    plain = [Case(*pair) for pair in pairs]
    faults = [(START, kind) for kind in STARTS_FAIL] + [(GET, kind) for kind in LOOKS_FAIL]
    faulty = [
        Case(status, pair, fault)
        for status, pair in pairs
        for fault in faults
        if fault[0] == GET or not STATUSES[status].look or status == "REQUESTED and absent"
    ]
    return plain + faulty if ALL else [each for each in plain + faulty if each in DEFAULT]


MAY_HAVE_ENDED = ("no record", "STARTED and ended", "STARTED and missing")  # before its cancellation came
DEFAULT = [
    Case("no record", "delivery and delivery"),
    Case("no record", "tick and delivery"),
    *(Case(status, "step and step") for status in STATUSES if status != "no record"),
    Case("WAITING, fresh", "delivery and step"),
    Case("WAITING, fresh", "tick and step"),
    Case("REQUESTED and absent", "tick and step"),
    Case("WAITING, fresh", "step and step", (START, "drop-before")),
    Case("WAITING in doubt", "step and step", (START, "hang-after")),
    Case("REQUESTED and there", "step and step", (GET, "500")),
    Case("STARTED and ended", "step and step", (GET, "AccessDeniedException")),
    *(Case(status, "hint and step") for status in ("STARTED and running", "STARTED and ended", "STARTED and missing")),
    Case("STARTED and ended", "tick and hint"),
    Case("STARTED and ended", "hint and step", (GET, "AccessDeniedException")),
    Case("no record", "cancellation and cancellation"),
    Case("WAITING, fresh", "cancellation and step"),
    Case("WAITING, fresh", "cancellation and step", (START, "drop-after")),
    Case("WAITING in doubt", "cancellation and step"),
    Case("REQUESTED under its lease", "cancellation and tick"),
    Case("REQUESTED and there", "cancellation and step"),
    Case("REQUESTED and absent", "cancellation and step"),
    Case("STARTED and running", "cancellation and step"),
    Case("STARTED and ended", "cancellation and step"),
    Case("STARTED and running", "cancellation and cancellation", (CANCEL, "500")),
]


@pytest.mark.parametrize("case", cases(), ids=str)
def test_in_every_order_the_job_is_started_once_and_ends(make_world, record_property, case: Case) -> None:
    status = STATUSES[case.status]
    limits = {"GiveUpSeconds": "600", "DoubtSeconds": "600", "MissingSeconds": "600"} if case.fault else {}
    cancelled = "cancellation" in case.pair  # if that is killed, it comes again after 12 minutes
    options = {"check_ids": False, "stage_seconds": 600.0 if cancelled else 20.0}
    world = make_world(options, MaxConcurrentTrainingJobs=str(status.slots), **limits)
    status.reach(world)
    two = PAIRS[case.pair]
    if deliver in two and not world.queue.messages:
        sent(world)
    if cancel in two:
        world.queue.send(world.cancelled(JOB))
    world.clock.shared = True
    lasting, streamed = Lasting(world), len(world.stream())
    if case.fault:
        lasting.add(*case.fault)
    first, second = (Invocation(run.__name__, seconds(world, run), run) for run in two)
    exploration = Exploration(world, (first, second), lasting, lambda: checks.always(world, streamed))
    exploration.run()
    world.clock.shared = False
    passed: set[str] = set()
    with world.watched(lasting):
        for left in exploration.left.values():
            world.go_back(left)
            come_to_an_end(world, passed, case)
    record_property("states", len(exploration.states))
    record_property("histories", exploration.histories)
    record_property("worlds left", len(exploration.left))


def seconds(world: World, run: Callable[..., None]) -> float:
    return TRACK_TIMEOUT if run in (tick, hint) else world.timeout


def come_to_an_end(world: World, passed: set[str], case: Case) -> None:
    """Let time pass until all is quiet, from one moment at which something is due to the next."""
    for _ in range(100):
        present = world.fingerprint()
        if present in passed:
            return  # from here on it is as it was before
        passed.add(present)
        if world.quiet():
            break
        world.clock.time = max(world.clock.time, next_due(world))
        world.minutes()
        checks.always(world, in_doubt=case.fault is not None)
    job = world.job(JOB)
    assert [job["status"] in checks.FINAL, world.slots()] == [True, set()], job
    if case.fault is None:
        checks.at_the_end(world)
        ends = "FAILED" if case.status == "STARTED and missing" else "COMPLETED"
        assert job["status"] == ("STOPPED" if "cancelledBy" in job else ends), job
        assert "cancelledBy" in job or "cancellation" not in case.pair or case.status in MAY_HAVE_ENDED, job


def next_due(world: World) -> datetime:
    due = [from_text(job["nextAttemptAt"]) for job in world.jobs().values() if "nextAttemptAt" in job]
    return min([*due, *(message.visible_at for message in world.queue.messages)], default=world.clock.time)
