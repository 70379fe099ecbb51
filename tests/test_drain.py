"""The drain: one invocation starts the jobs that wait, one after another, as fast as Neptune accepts them."""

import re
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from neptune_training.model.times import from_text, to_text
from tests.world import Call, Crash, World, checks

pytestmark = pytest.mark.faults

START, CLAIM = "StartMLModelTrainingJob", "TransactWriteItems"
FULL = "TooManyRequestsException"


def starts(world: World) -> list[Any]:
    return [request for request in world.neptune.requests if request.operation == START]


def queue_up(world: World, number: int) -> list[str]:
    """Jobs that wait in the queue while starts are paused for another minute."""
    world.set_capacity(pausedUntil="2026-11-24T02:01:00.000Z")
    ids = [world.start(world.requested(id=f"job-{each:02}"))["jobId"] for each in range(number)]
    assert {world.job(each)["waitingFor"] for each in ids} == {"capacity"}
    return ids


def let_the_probe_go(world: World) -> None:
    world.clock.time = from_text(world.paused_until() or "")


def watch(world: World, operation: str, moment: str, number: int, act: Any) -> None:
    """Do something at the call with that number of an operation."""
    seen = []

    def watcher(call: Call) -> None:
        if (call.operation, call.moment) == (operation, moment):
            seen.append(call)
            if len(seen) == number:
                act()

    world.calls.watchers.append(watcher)


def fail() -> None:
    raise RuntimeError("a fault of our own")


def no_connection() -> None:
    raise EndpointConnectionError(endpoint_url="https://neptune")


def test_after_an_accepted_probe_one_invocation_starts_the_whole_queue_and_ends_the_pause(make_world) -> None:
    world = make_world({"starts_per_second": 2}, MaxConcurrentTrainingJobs="50")
    ids = queue_up(world, 12)
    let_the_probe_go(world)
    began = world.clock.now()
    world.take(ids[0], turn=True)
    assert [*dict.fromkeys(request.id for request in starts(world))] == ids, "each has its first try in its turn"
    assert {*world.statuses().values()} == {"STARTED"}
    assert world.paused_until() is None
    refused = sum(not request.accepted for request in starts(world))
    assert refused <= 5
    assert (world.clock.now() - began).total_seconds() < 1.5 * 12 / 2
    world.until_quiet()
    checks.at_the_end(world)


def test_a_refused_start_is_tried_again_by_the_same_invocation_after_the_jobs_that_waited(make_world) -> None:
    world = make_world(MaxConcurrentTrainingJobs="50")
    world.neptune.fail(START, FULL, times=1)
    answer = world.start(world.requested(id="refused"))
    assert answer["status"] == "STARTED"
    assert [request.accepted for request in starts(world)] == [False, True]
    assert world.paused_until() is None


def test_while_one_invocation_drains_the_queue_a_new_request_waits_and_is_started_by_the_drain(make_world) -> None:
    world = make_world(MaxConcurrentTrainingJobs="50")
    ids = queue_up(world, 3)
    let_the_probe_go(world)
    watch(world, START, "after", 2, lambda: world.start(world.requested(id="new")))
    world.take(ids[0], turn=True)
    assert [request.id for request in starts(world)] == [*ids, "new"]
    assert world.job("new")["status"] == "STARTED"


def test_a_drain_starts_no_more_jobs_than_there_are_slots_and_ends_the_pause(make_world) -> None:
    world = make_world(MaxConcurrentTrainingJobs="2")
    ids = queue_up(world, 4)
    let_the_probe_go(world)
    world.take(ids[0], turn=True)
    assert [world.slots(), world.paused_until()] == [{*ids[:2]}, None]
    world.minutes(1)
    assert {world.job(each)["waitingFor"] for each in ids[2:]} == {"a slot"}
    world.until_quiet()
    checks.at_the_end(world)


def test_a_drain_that_has_no_time_left_lets_the_next_tick_send_a_probe(make_world) -> None:
    world = make_world({"starts_per_second": 1}, MaxConcurrentTrainingJobs="500")
    ids = queue_up(world, 3)
    world.timeout = world.services.settings.neptune_read_timeout_seconds + 5 + 0.5
    let_the_probe_go(world)
    world.take(ids[0], turn=True)
    assert [*world.statuses().values()].count("STARTED") == 1
    assert from_text(world.paused_until() or "") <= world.clock.now()
    world.timeout = 120
    world.until_quiet()
    checks.at_the_end(world)


@pytest.mark.parametrize("seconds_more", [3.0, 3.37, 3.74])
def test_the_jobs_that_a_drain_has_no_time_for_wait_as_before_and_none_counts_as_failed(
    make_world, seconds_more: float
) -> None:
    world = make_world({"starts_per_second": 2}, MaxConcurrentTrainingJobs="500")
    ids = queue_up(world, 12)
    world.timeout = world.services.settings.neptune_read_timeout_seconds + 5 + seconds_more
    let_the_probe_go(world)
    world.take(ids[0], turn=True)
    left = [job for job in world.jobs().values() if job["status"] == "WAITING"]
    assert left
    assert {(job["waitingFor"], job.get("failedSteps", 0)) for job in left} == {("capacity", 0)}


def test_a_drain_that_is_killed_leaves_a_pause_that_ends_by_itself(make_world) -> None:
    world = make_world(MaxConcurrentTrainingJobs="50")
    ids = queue_up(world, 5)
    let_the_probe_go(world)

    def die() -> None:
        raise Crash

    watch(world, CLAIM, "after", 3, die)
    assert not world.take(ids[0], turn=True)
    read_timeout = world.services.settings.neptune_read_timeout_seconds
    ends = from_text(world.paused_until() or "")
    assert world.clock.now() < ends <= world.clock.now() + timedelta(seconds=read_timeout + 5)
    world.until_quiet()
    checks.at_the_end(world)
    assert {*world.accepted().values()} == {1}


def test_a_drain_whose_pause_another_invocation_has_taken_over_sends_no_more_starts(make_world) -> None:
    world = make_world(MaxConcurrentTrainingJobs="50")
    ids = queue_up(world, 5)
    let_the_probe_go(world)
    watch(world, START, "after", 2, lambda: world.set_capacity(pausedUntil="2026-11-24T02:03:00.000Z"))
    world.take(ids[0], turn=True)
    assert [len(starts(world)), world.paused_until()] == [2, "2026-11-24T02:03:00.000Z"]


def test_a_drain_ends_after_two_starts_without_an_answer_and_leaves_the_pause(make_world) -> None:
    world = make_world(MaxConcurrentTrainingJobs="50")
    ids = queue_up(world, 5)
    let_the_probe_go(world)
    world.neptune.fail(START, "drop-after", share=1)
    world.take(ids[0], turn=True)
    assert [len(starts(world)), bool(world.paused_until())] == [2, True]
    world.neptune.clear_faults()
    world.until_quiet()
    checks.at_the_end(world)
    assert {*world.accepted().values()} == {1}


def test_a_drain_goes_on_after_one_start_without_an_answer(make_world) -> None:
    world = make_world(MaxConcurrentTrainingJobs="50")
    ids = queue_up(world, 5)
    let_the_probe_go(world)
    watch(world, START, "after", 1, lambda: world.neptune.fail(START, "drop-after", times=1))
    world.take(ids[0], turn=True)
    statuses = [world.job(each)["status"] for each in ids]
    assert statuses == ["STARTED", "REQUESTED", "STARTED", "STARTED", "STARTED"]
    assert world.paused_until() is None


def test_a_drain_waits_for_slow_answers_and_then_goes_on(make_world) -> None:
    world = make_world(MaxConcurrentTrainingJobs="50")
    ids = queue_up(world, 6)
    let_the_probe_go(world)

    def slow(call: Call) -> None:
        if (call.operation, call.moment) == (START, "after"):
            world.clock.sleep(8)

    with world.watched(slow):
        world.take(ids[0], turn=True)
    assert [request.id for request in starts(world)] == ids
    assert [{*world.statuses().values()}, world.paused_until()] == [{"STARTED"}, None]


def test_starts_that_were_accepted_before_let_the_pause_begin_with_five_seconds_again(make_world) -> None:
    world = make_world(MaxConcurrentTrainingJobs="50")
    ids = queue_up(world, 3)
    world.set_capacity(refusals=4)
    let_the_probe_go(world)
    watch(world, START, "after", 1, lambda: world.neptune.fail(START, FULL, share=1))
    world.take(ids[0], turn=True)
    drained = world.services.table.capacity()
    assert drained.refusals == 1
    assert drained.pause_text == to_text(world.clock.now() + timedelta(seconds=5))


@pytest.mark.parametrize(("refusals", "pause"), [(0, 5), (1, 10), (2, 20), (4, 50), (9, 50)])
def test_a_refused_probe_lengthens_the_pause_twofold_each_time_up_to_the_probe_period(world, refusals, pause) -> None:
    ids = queue_up(world, 2)
    world.set_capacity(refusals=refusals)
    let_the_probe_go(world)
    world.neptune.fail(START, FULL, share=1)
    world.take(ids[0], turn=True)
    assert len(starts(world)) == 1
    assert from_text(world.paused_until() or "") - world.clock.now() == timedelta(seconds=pause)
    assert world.services.table.capacity().refusals == refusals + 1


def test_a_probe_that_makes_no_connection_says_that_the_pause_is_for_neptune(world: World) -> None:
    ids = queue_up(world, 2)
    let_the_probe_go(world)
    watch(world, START, "before", 1, no_connection)
    world.take(ids[0], turn=True)
    assert [len(starts(world)), world.posts()] == [0, 0]
    assert world.services.table.capacity().paused_for == "Neptune"


def test_a_step_that_fails_in_a_drain_is_logged_and_the_others_start(make_world, caplog) -> None:
    world = make_world(MaxConcurrentTrainingJobs="50")
    ids = queue_up(world, 3)
    let_the_probe_go(world)
    watch(world, CLAIM, "before", 2, fail)
    world.take(ids[0], turn=True)
    assert [world.job(each)["status"] for each in (ids[0], ids[2])] == ["STARTED", "STARTED"]
    assert re.search("step failed", caplog.text)
