"""Faults that never end, in the random histories: every job still ends or runs, within its bound.

The machine of `test_interleavings` goes on as it does there, with short limits, and with two more kinds of trouble. A
fault may stay for good: for one operation of Neptune, for one job or for all, in one status of the job or in each. And
the clock of each invocation is wrong by up to a minute, by as much as it likes.

What is asserted is the table of bounds of docs/how-it-works.md: how long a job may be WAITING, REQUESTED, or STARTED
and not seen; that nothing is started after `giveUpAt`; that slots are left only with jobs that run. And what always
holds: at most one accepted start for each trigger.

`make proofs N=500` looks at that many histories, others each time.
"""

import random
from datetime import datetime, timedelta
from typing import Any, ClassVar, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from neptune_training.flow import time_bounds
from neptune_training.model.times import from_text
from tests.test_interleavings import CANCEL, GET, GET_DATA, START, WHICH, Interleavings
from tests.world import Call, World, checks
from tests.world.lasting import KINDS, Lasting, job_of
from tests.world.proofs import HISTORIES

pytestmark = pytest.mark.faults

GIVE_UP = SLOT_WAIT = DOUBT = timedelta(minutes=10)
TICK = timedelta(minutes=1)
MOST_SKEW = timedelta(minutes=1)
STATUSES = (None, None, "WAITING", "REQUESTED", "STARTED")


class Bound(NamedTuple):
    """Until when a job may be as it is."""

    until: datetime
    why: str


class LastingFaults(Interleavings):
    """One history, and what lasts in it."""

    parameters: ClassVar[dict[str, str]] = {
        "GiveUpSeconds": str(GIVE_UP.seconds),
        "SlotWaitSeconds": str(SLOT_WAIT.seconds),
        "DoubtSeconds": str(DOUBT.seconds),
    }
    latest_arrival = 40.0  # clocks that differ by two minutes take that much of a lease
    in_doubt = True

    def __init__(self) -> None:
        super().__init__()
        self.lasting = Lasting(self.world)
        self.late: list[str] = []
        self.world.calls.watchers += [self.no_start_after_give_up_at, self.lasting]

    @initialize(seed=WHICH, most=st.sampled_from([0, 60, 60]))
    def clocks_are_wrong(self, seed: int, most: int) -> None:
        chance = random.Random(seed)
        self.world.skew = lambda: timedelta(seconds=chance.choice((-most, 0, most, chance.randint(-most, most))))

    @rule(operation=st.sampled_from([START, START, GET]), kind=KINDS, which=WHICH, status=st.sampled_from(STATUSES))
    def a_fault_comes_to_stay_for_one_job(self, operation: str, kind: str, which: int, status: str | None) -> None:
        if ids := sorted(self.world.jobs()):
            self.lasting.add(operation, kind, ids[which % len(ids)], status)

    @rule(operation=st.sampled_from([START, GET, GET_DATA, CANCEL]), kind=KINDS, status=st.sampled_from(STATUSES))
    def a_fault_comes_to_stay_for_all(self, operation: str, kind: str, status: str | None) -> None:
        if len(self.lasting.faults) < 2:
            self.lasting.add(operation, kind, None, status)

    def no_start_after_give_up_at(self, call: Call) -> None:
        if (call.operation, call.moment) == (START, "before") and (job_id := job_of(call)) in self.world.jobs():
            give_up_at = from_text(self.world.job(job_id)["giveUpAt"])
            if self.world.clock.now() > give_up_at + MOST_SKEW:
                self.late.append(f"{job_id} was sent at {self.world.clock.now()}, after {give_up_at}")

    # --- the end ------------------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        try:
            self.heal()
            self.world.clock.shared = False
            self.all_triggers_are_delivered()
            end = self.world.clock.now() + GIVE_UP + SLOT_WAIT + DOUBT + self.slack()
            while self.world.clock.now() < end and not self.world.quiet():
                self.world.minutes()
                self.promises_hold()
                assert not (over := overdue(self.world, self.lasting, self.slack())), over
            self.only_what_runs_is_left()
            assert not self.late
        finally:
            for actor in self.functions.acting:
                actor.kill()
            self.world.__exit__(None, None, None)
            self.short_waits.stop()

    def all_triggers_are_delivered(self) -> None:
        for _ in range(100):
            if not self.world.queue.messages:
                return
            self.world.minutes()
            self.world.queue.redrive()
        raise AssertionError(f"not delivered: {self.world.queue.messages}")

    def slack(self) -> timedelta:
        """Two ticks, the difference of two clocks, and the turns of those whose steps are taken alone."""
        return 2 * TICK + 2 * MOST_SKEW + len(self.world.jobs()) * TICK

    def only_what_runs_is_left(self) -> None:
        jobs = self.world.jobs()
        waiting = {job_id for job_id, job in jobs.items() if job["status"] in checks.COMES_BACK}
        assert not waiting, {job_id: jobs[job_id] for job_id in waiting}
        left = {job_id for job_id, job in jobs.items() if job["status"] == "STARTED"}
        assert self.world.slots() == left


def overdue(world: World, lasting: Lasting, slack: timedelta) -> list[str]:
    """The jobs that are still as they were when their bound had passed."""
    now, jobs = world.clock.now(), world.jobs()
    bounds = {job_id: bound_of(job, lasting) for job_id, job in jobs.items()}
    return [f"{bound.why}: {jobs[job_id]}" for job_id, bound in bounds.items() if bound and now > bound.until + slack]


def bound_of(job: dict[str, Any], lasting: Lasting) -> Bound | None:
    """The row of the table for the job as it is."""
    match job["status"]:
        case "WAITING":
            give_up_at = from_text(job["giveUpAt"])
            assert give_up_at <= from_text(job["createdAt"]) + GIVE_UP + SLOT_WAIT + 2 * MOST_SKEW
            if job["trigger"]["kind"] == "cancellation":
                return Bound(give_up_at + time_bounds.LAST_LOOK, "a cancellation still kept after its last look")
            return Bound(give_up_at, "still WAITING after giveUpAt")
        case "REQUESTED":
            requested = max(from_text(job["giveUpAt"]), from_text(job["leaseUntil"]))
            if lasting.concerns(GET, job["jobId"], "REQUESTED"):
                return Bound(requested + DOUBT, "still in doubt after DoubtSeconds")
            return Bound(requested, "still REQUESTED after giveUpAt and the lease, with nothing wrong with its look-up")
        case "STARTED" if "unknownSince" in job:
            return Bound(from_text(job["unknownSince"]) + DOUBT, "still STARTED and not seen for DoubtSeconds")
    return None


LastingFaults.TestCase.settings = settings(
    max_examples=HISTORIES or 6,
    stateful_step_count=40,
    derandomize=not HISTORIES,
    deadline=None,
    suppress_health_check=[*HealthCheck],
    database=None,
)
TestLastingFaults = LastingFaults.TestCase


# --- the others go on -------------------------------------------------------------------------------------------------

FAULTY = st.lists(st.tuples(st.sampled_from([START, START, GET]), KINDS), min_size=1, max_size=6)


@given(faulty=FAULTY, order=st.randoms(use_true_random=False), skew=st.sampled_from([0, 60]))
@settings(max_examples=HISTORIES or 8, deadline=None, derandomize=not HISTORIES, database=None)
def test_jobs_without_a_fault_start_within_the_probes_that_fairness_allows_however_others_fail(
    faulty: list[tuple[str, str]], order: random.Random, skew: int
) -> None:
    with World({"stage_seconds": 1e6}, MaxConcurrentTrainingJobs="20") as world:
        world.skew = lambda: timedelta(seconds=order.randint(-skew, skew))
        lasting = Lasting(world)
        for number, (operation, kind) in enumerate(faulty):
            lasting.add(operation, kind, f"bad-{number}")
        world.calls.watchers.append(lasting)
        sent = [*(f"bad-{number}" for number in range(len(faulty))), "good-1", "good-2"]
        order.shuffle(sent)
        for job_id in sent:
            world.queue.send(world.requested(id=job_id))
        world.queue.send(world.uploaded("fraud"))
        world.deliver()
        probes = len(sent) + 1 + 1  # each that waits, the upload with them, and one
        for _ in range(1 + probes + 1):  # its files settle before, and a start takes a tick
            if healthy(world) == ["STARTED"] * 3:
                break
            world.minutes()
        assert healthy(world) == ["STARTED"] * 3, world.jobs()
        checks.always(world)


def healthy(world: World) -> list[str]:
    return [status for job_id, status in world.statuses().items() if not job_id.startswith("bad-")]
