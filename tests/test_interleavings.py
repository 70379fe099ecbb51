"""Everything that can happen, in any order: triggers, deliveries, ticks, crashes, faults, time; and what always holds.

Functions run side by side, call by call (`tests.world.actors`), and hypothesis chooses who goes on, who dies, what
fails and how much time passes. Neptune does not check ids here: a second start would be accepted, and counted.

`make proofs N=2000` looks at that many histories, others each time. A history that breaks a promise becomes a plain
test elsewhere: it says better what must not happen.
"""

import json
from datetime import timedelta
from typing import Any, ClassVar
from unittest.mock import patch

import pytest
from botocore.exceptions import ReadTimeoutError
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from local.neptune_ml.sagemaker import STAGES
from neptune_training.checks.events import CONFIGURATION
from neptune_training.flow import time_bounds
from tests.world import Call, World, checks
from tests.world.actors import Actor, Actors
from tests.world.calls import error
from tests.world.proofs import HISTORIES
from tests.world.triggers import MODEL

pytestmark = pytest.mark.faults

START, GET, GET_DATA = "StartMLModelTrainingJob", "GetMLModelTrainingJob", "GetMLDataProcessingJob"
CANCEL = "CancelMLModelTrainingJob"
FAULTS = (
    *("TooManyRequestsException", "ThrottlingException", "AccessDeniedException", "InternalFailureException"),
    *("ClientTimeoutException", "drop-before", "drop-after", "error-after", "http-500", "http-503", "not-json"),
)
TROUBLE = (
    *(("dynamodb", "before"), ("dynamodb", "after"), ("dynamodb", "twice"), ("dynamodb", "conflict")),
    *(("s3", "before"), ("sns", "before"), ("sns", "after")),
)
DOWN = error("InternalServerError")
CONFLICT = error("TransactionCanceledException", 400, CancellationReasons=[{"Code": "TransactionConflict"}])
READ_TIMEOUT = 20.0
WHICH = st.integers(0, 1_000_000)  # one of however many there are then
KINDS = st.sampled_from(["start", "step", "step", "track"])
TURNS = st.lists(st.tuples(st.integers(0, 1), st.integers(1, 25)), min_size=2, max_size=8)
MOST_TRIGGERS, MOST_FUNCTIONS = 12, 4
KEPT_FOR = timedelta(minutes=10)  # of a cancellation whose job has no record: six hours would be most of each history


class Interleavings(RuleBasedStateMachine):
    """One history. `parameters` are the template's."""

    parameters: ClassVar[dict[str, str]] = {}
    latest_arrival = 100.0  # seconds that a request may be on its way: less than what is left of a lease when it left
    in_doubt = False  # jobs may end that Neptune has not told of for too long

    def __init__(self) -> None:
        super().__init__()
        self.short_waits = patch.object(time_bounds, "KEPT_FOR", KEPT_FOR)
        self.short_waits.start()
        self.world = World({"check_ids": False, "stage_seconds": 30.0}, **self.parameters).__enter__()
        self.world.clock.shared = True
        self.functions = Actors()
        self.bodies: list[str] = []
        self.trouble: list[tuple[str, str]] = []  # service, and how its next call goes wrong
        self.on_the_way: list[tuple[float, dict[str, Any]]] = []  # when it arrives, and what
        self.checked = 0
        self.world.calls.watchers += [self.functions, self.go_wrong]

    @initialize(uploads=st.integers(0, 2), requests=st.integers(0, 2), later=st.sampled_from([0, 70]))
    def begin(self, uploads: int, requests: int, later: int) -> None:
        self.world.elsewhere("somebody-elses")
        self.world.neptune.add_data_processing_job("night", status="InProgress")
        for name in ("fraud", "churn")[:uploads]:
            self.send(self.world.uploaded(name))
        for _ in range(requests):
            self.send(self.world.requested())
        self.world.deliver()
        self.world.clock.sleep(later)

    # --- triggers -----------------------------------------------------------------------------------------------------

    few_triggers = precondition(lambda self: len(self.bodies) < MOST_TRIGGERS)

    @few_triggers
    @rule(name=st.sampled_from(["fraud", "churn"]), newline=st.booleans())
    def upload(self, name: str, newline: bool) -> None:
        content = MODEL[CONFIGURATION] + b"\n" * newline
        self.send(self.world.uploaded(name, {**MODEL, CONFIGURATION: content}))

    @few_triggers
    @rule(detail=st.sampled_from([{}, {}, {"dataProcessingJobId": "night"}, {"modelName": "x"}]))
    def request(self, detail: dict[str, Any]) -> None:
        self.send(self.world.requested(**detail))

    @few_triggers
    @rule(job_id=st.sampled_from(["mine", "yours", "somebody-elses"]), trials=st.sampled_from([10, 12]))
    def request_with_id(self, job_id: str, trials: int) -> None:
        self.send(self.world.requested(id=job_id, maxHPONumberOfTrainingJobs=trials))

    @few_triggers
    @rule(night=st.integers(24, 25))
    def schedule(self, night: int) -> None:
        self.send(self.world.ticked(f"2026-11-{night}T02:00:00Z"))

    @few_triggers
    @rule(which=WHICH, early=st.booleans())
    def cancel(self, which: int, early: bool) -> None:
        """A cancellation of one of the jobs, or of one whose request may come later."""
        ids = [job_id for job_id, job in sorted(self.world.jobs().items()) if job["trigger"]["kind"] != "cancellation"]
        self.send(self.world.cancelled("mine" if early or not ids else ids[which % len(ids)]))

    @precondition(lambda self: self.bodies)
    @few_triggers
    @rule(which=WHICH)
    def send_again(self, which: int) -> None:
        self.send(self.bodies[which % len(self.bodies)])

    def send(self, body: str) -> None:
        self.bodies.append(body)
        self.world.queue.send(body)

    # --- functions, side by side --------------------------------------------------------------------------------------

    room = precondition(lambda self: len(self.functions.acting) < MOST_FUNCTIONS)

    @room
    @rule(kind=KINDS, which=WHICH, moments=st.integers(1, 40))
    def one(self, kind: str, which: int, moments: int) -> None:
        self.act(self.invoked(kind, which), moments)

    @room
    @rule(kinds=st.tuples(KINDS, KINDS), which=WHICH, turns=TURNS)
    def two_take_turns(self, kinds: tuple[str, str], which: int, turns: list[tuple[int, int]]) -> None:
        two = [self.invoked(kind, which) for kind in kinds]
        for number, moments in turns:
            self.act(two[number], moments)

    def invoked(self, kind: str, which: int) -> Actor | None:
        """One invocation more of `start`, `step` or `track`, as far as there is something to invoke it for."""
        match kind:
            case "start" if visible := self.world.queue.visible():
                message = visible[which % len(visible)]
                return Actor(kind, self.world.context().deadline, lambda: self.world.receive(message))
            case "step" if invocations := self.invocations():
                event = invocations.pop(which % len(invocations))
                return Actor(kind, self.world.context().deadline, lambda: self.world.run_step(event))
            case "track":
                return Actor(kind, self.world.tick_context().deadline, self.world.tick)
        return None

    def invocations(self) -> list[dict[str, Any]]:
        """Those of `step` that have been asked for, by a tick just now if there were none."""
        if not self.world.invocations:
            self.world.tick()
        return self.world.invocations

    @precondition(lambda self: self.world.invocations)
    @rule(which=WHICH, twice=st.booleans())
    def an_invocation_comes_twice_or_never(self, which: int, twice: bool) -> None:
        event = self.world.invocations.pop(which % len(self.world.invocations))
        self.world.invocations += [event] * 2 * twice

    @room
    @precondition(lambda self: self.world.accepted())
    @rule(which=WHICH, stage=st.sampled_from([*STAGES]), moments=st.integers(1, 40))
    def sagemaker_announces_an_end(self, which: int, stage: str, moments: int) -> None:
        """Whether the stage has ended or not, and once or again."""
        jobs = sorted(self.world.accepted())
        event = self.world.stage_ended(jobs[which % len(jobs)], stage)
        self.act(Actor("hint", self.world.tick_context().deadline, lambda: self.world.take_hint(event)), moments)

    @rule()
    def notify(self) -> None:
        self.world.notify()

    @rule()
    def emit(self) -> None:
        self.world.emit()

    some_function = precondition(lambda self: self.functions.acting)

    @some_function
    @rule(which=WHICH, moments=st.integers(1, 40))
    def go_on(self, which: int, moments: int) -> None:
        self.act(self.function(which), moments)

    @some_function
    @rule(which=WHICH)
    def kill(self, which: int) -> None:
        self.function(which).kill()
        self.clear_away()

    def function(self, which: int) -> Actor:
        return self.functions.acting[which % len(self.functions.acting)]

    def act(self, actor: Actor | None, moments: int) -> None:
        if actor is None:
            return
        if actor not in self.functions.acting and not actor.over:
            self.functions.acting.append(actor)
        while moments and not actor.over:
            actor.go()
            self.clear_away()
            moments -= 1

    def clear_away(self) -> None:
        """Lambda ends what has reached its deadline; what was on its way arrives."""
        now = self.world.clock.now()
        for actor in self.functions.acting:
            if not actor.over and actor.deadline <= now:
                actor.kill()
        self.functions.acting = [actor for actor in self.functions.acting if not actor.over]
        self.arrive(now.timestamp())

    # --- trouble ------------------------------------------------------------------------------------------------------

    @rule(
        operation=st.sampled_from([START, GET, GET_DATA, CANCEL]),
        fault=st.sampled_from(FAULTS),
        times=st.integers(1, 4),
    )
    def neptune_fails(self, operation: str, fault: str, times: int) -> None:
        self.world.neptune.fail(operation, fault, times=times)

    @rule(capacity=st.booleans())
    def neptune_is_full(self, capacity: bool) -> None:
        self.world.neptune.clear_faults()
        if not capacity:
            self.world.neptune.fail(START, "TooManyRequestsException", share=1)

    @rule(trouble=st.sampled_from(TROUBLE), times=st.integers(1, 3))
    def aws_fails(self, trouble: tuple[str, str], times: int) -> None:
        self.trouble += [trouble] * times

    @precondition(lambda self: any(self.posting()))
    @rule(which=WHICH, share=st.floats(0, 1))
    def a_start_is_long_on_its_way(self, which: int, share: float) -> None:
        """Its client has given up when it arrives."""
        posting = self.posting()
        actor = posting[which % len(posting)]
        assert actor.at
        arrives = self.world.clock.epoch() + share * self.latest_arrival
        self.on_the_way.append((arrives, json.loads(actor.at.parameters["body"])))
        self.world.clock.sleep(READ_TIMEOUT)
        actor.go(ReadTimeoutError(endpoint_url="https://neptune"))
        self.clear_away()

    def posting(self) -> list[Actor]:
        moment = (START, "before")
        return [each for each in self.functions.acting if each.at and (each.at.operation, each.at.moment) == moment]

    def arrive(self, until: float) -> None:
        for each in [each for each in self.on_the_way if each[0] <= until]:
            self.on_the_way.remove(each)
            self.world.arrives(each[1])

    def go_wrong(self, call: Call) -> Any:
        for service, way in self.trouble:
            if service == call.service and (way == "after") == (call.moment == "after"):
                if way == "conflict" and call.operation != "TransactWriteItems":
                    continue
                self.trouble.remove((service, way))
                return self.wrongly(call, way)
        return None

    def wrongly(self, call: Call, way: str) -> Any:
        match way:
            case "before":
                return DOWN
            case "conflict":
                return CONFLICT
            case "twice":
                self.world.sent_once_already(call)
                return None
        raise ConnectionResetError

    # --- time ---------------------------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([1, 10, 30, 61, 130, 200, 600]))
    def time_passes(self, seconds: int) -> None:
        self.world.clock.sleep(seconds)
        self.clear_away()

    @rule()
    def a_minute_passes(self) -> None:
        self.world.minutes(1)
        self.clear_away()

    @rule(status=st.sampled_from(["Completed", "Completed", "Failed"]))
    def the_night_ends(self, status: str) -> None:
        self.world.neptune.add_data_processing_job("night", status=status)

    @precondition(lambda self: self.world.running())
    @rule(which=WHICH, well=st.booleans())
    def a_job_ends(self, which: int, well: bool) -> None:
        running = sorted(self.world.running())
        job_id = running[which % len(running)]
        if well:
            self.world.neptune.complete_job(job_id)
        else:
            self.world.neptune.fail_job(job_id, "hpo", now=True)

    # --- promises -----------------------------------------------------------------------------------------------------

    @invariant()
    def promises_hold(self) -> None:
        checks.always(self.world, self.checked, in_doubt=self.in_doubt)
        self.checked = len(self.world.stream())

    def teardown(self) -> None:
        try:
            self.heal()
            self.world.until_quiet()
            self.world.queue.redrive()
            self.world.until_quiet()
            checks.at_the_end(self.world)
            self.each_trigger_is_a_repeat_now()
        finally:
            for actor in self.functions.acting:
                actor.kill()
            self.world.__exit__(None, None, None)
            self.short_waits.stop()

    def heal(self) -> None:
        self.arrive(float("inf"))
        for actor in self.functions.acting:
            self.act(actor, 10_000)
        self.trouble.clear()
        self.world.neptune.clear_faults()
        self.world.neptune.add_data_processing_job("night")

    def each_trigger_is_a_repeat_now(self) -> None:
        before = self.world.items()
        for body in self.bodies:
            assert self.world.start(body)["status"] in checks.FINAL
        assert self.world.items() == before
        assert self.world.accepted().get("somebody-elses") == 1


Interleavings.TestCase.settings = settings(
    max_examples=HISTORIES or 10,
    stateful_step_count=50,
    derandomize=not HISTORIES,
    deadline=None,
    suppress_health_check=[*HealthCheck],
    database=None,
)
TestInterleavings = Interleavings.TestCase
