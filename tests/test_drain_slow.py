"""The drain where calls are slow, steps overlap, or another invocation is faster."""

import time
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from neptune_training.flow import step_threads
from tests.test_drain import CLAIM, FULL, START, let_the_probe_go, queue_up, starts, watch
from tests.world import Call, Crash, World
from tests.world.calls import error
from tests.world.lasting import job_of

pytestmark = pytest.mark.faults

GET = "GetMLModelTrainingJob"


def real_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """The drain with the threads that it has in Lambda: those of the world let each step end before the next begins."""
    monkeypatch.setattr(step_threads, "PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr("neptune_training.flow.drain.StepThreads", step_threads.StepThreads)


def statuses(world: World, ids: list[str]) -> dict[str, str]:
    return {each: world.job(each)["status"] for each in ids}


# --- steps that take longer than two seconds --------------------------------------------------------------------------


def test_a_refusal_that_comes_after_two_seconds_leaves_a_pause(make_world, monkeypatch) -> None:
    world = make_world(MaxConcurrentTrainingJobs="50")
    ids = queue_up(world, 2)
    let_the_probe_go(world)
    real_threads(monkeypatch)

    def slow_429(call: Call) -> Any:
        if (call.operation, call.moment) == (START, "before") and job_of(call) == ids[1]:
            time.sleep(0.6)
            return error(FULL, 429)
        return None

    with world.watched(slow_429):
        world.take(ids[0], turn=True)
    assert world.job(ids[1])["status"] == "WAITING"
    assert world.paused_until() is not None, "Neptune refused the last start, and starts are not paused"


def test_jobs_whose_checks_take_longer_than_two_seconds_are_all_started_by_the_drain(make_world, monkeypatch) -> None:
    world = make_world(MaxConcurrentTrainingJobs="50")
    ids = queue_up(world, 2)
    let_the_probe_go(world)
    real_threads(monkeypatch)
    came: list[str] = []

    def slow_check(call: Call) -> None:
        if (call.operation, call.moment) == (GET, "before") and job_of(call) == ids[1]:
            time.sleep(0.4)
            came.append(world.start(world.requested(id="new"))["jobId"])

    with world.watched(slow_check):
        world.take(ids[0], turn=True)
    assert came
    assert statuses(world, [*ids, "new"]) == dict.fromkeys([*ids, "new"], "STARTED")


def test_five_slow_jobs_that_send_no_start_do_not_end_the_drain_before_the_jobs_behind_them(make_world) -> None:
    world = make_world(MaxConcurrentTrainingJobs="50")
    ids = queue_up(world, 8)
    let_the_probe_go(world)

    def slow_look(call: Call) -> None:
        if (call.operation, call.moment) == (GET, "before") and job_of(call) in ids[1:7]:
            world.clock.sleep(20)
            raise ReadTimeoutError(endpoint_url="https://neptune")

    with world.watched(slow_look):
        world.take(ids[0], turn=True)
    assert world.job(ids[7])["status"] == "STARTED"


def test_after_one_refused_start_and_other_steps_that_take_ten_seconds_the_drain_sends_starts(make_world) -> None:
    world = make_world(MaxConcurrentTrainingJobs="50")
    running = [world.start(world.requested(id=f"running-{each}"))["jobId"] for each in range(6)]
    ids = queue_up(world, 3)
    world.clock.sleep(61)
    world.services.table.end_pause(world.services.table.capacity())
    world.neptune.fail(START, FULL, times=1)

    def slow_look(call: Call) -> None:
        if (call.operation, call.moment) == (GET, "after"):
            world.clock.sleep(3)

    with world.watched(slow_look):
        world.run_step({"jobIds": [ids[0], *running], "turns": [ids[0]]})
    refused = [request.id for request in starts(world) if not request.accepted]
    assert refused == [ids[0]]
    assert statuses(world, ids) == dict.fromkeys(ids, "STARTED")


# --- who holds the pause ----------------------------------------------------------------------------------------------


def test_a_claim_that_takes_long_sends_no_start_after_its_own_pause(make_world) -> None:
    world = make_world(MaxConcurrentTrainingJobs="50")
    ids = queue_up(world, 3)
    let_the_probe_go(world)
    under_way: list[list[str]] = []

    def another_tick_during_the_first_start(call: Call) -> None:
        if (call.operation, call.moment) == (START, "before") and job_of(call) == ids[0]:
            world.take(ids[1], turn=True)
            under_way.append([request.id for request in starts(world)])

    watch(world, CLAIM, "before", 1, lambda: world.clock.sleep(26))
    with world.watched(another_tick_during_the_first_start):
        world.take(ids[0], turn=True)
    assert under_way in ([], [[]]), "another invocation sends starts while the probe is under way"


def test_an_invocation_whose_probe_lost_the_race_does_not_hold_a_pause_with_the_same_text(make_world) -> None:
    world = make_world(MaxConcurrentTrainingJobs="50")
    ids = queue_up(world, 4)
    let_the_probe_go(world)
    nested: list[Call] = []

    def winner(call: Call) -> None:
        if (call.operation, call.moment) == (CLAIM, "before") and not nested:
            nested.append(call)
            watch(world, START, "before", 1, die)  # its start is under way: no answer yet
            world.take(ids[1], turn=True)

    with world.watched(winner):
        world.take(ids[0], turn=True)
    assert [request.id for request in starts(world)] == [], "starts are sent while another invocation holds the pause"


def die() -> None:
    raise Crash
