"""The AWS and Neptune calls of one training, from upload to message: exactly those of `bench/needed_calls.py`."""

from collections import Counter
from typing import Any

import pytest

from bench.needed_calls import NEEDED
from tests.world import World


def operations(function: str) -> list[str]:
    return [each.operation for each in NEEDED[function]]


@pytest.fixture
def world(make_world) -> World:
    return make_world(SettleSeconds="0", StatusCheckSeconds="100000")


def made(world: World, act: Any) -> list[str]:
    """The calls of one invocation, in their order."""
    calls: list[str] = []
    with world.watched(lambda call: calls.append(call.operation) if call.moment == "before" else None):
        act()
    return calls


def test_start_makes_the_needed_calls_and_no_other(world) -> None:
    body = world.uploaded()
    assert made(world, lambda: world.start(body)) == operations("start")


def test_track_and_step_make_the_needed_calls_and_no_other_when_a_training_has_ended(world) -> None:
    job_id = world.start(world.uploaded())["jobId"]
    world.neptune.complete_job(job_id)
    world.clock.sleep(100_000)
    assert made(world, world.tick) == operations("track")
    assert made(world, world.take_step) == operations("step")
    assert world.statuses() == {job_id: "COMPLETED"}


def test_notify_makes_one_call_for_each_change_that_is_announced_and_two_for_the_best_trial(world) -> None:
    job_id = world.start(world.uploaded())["jobId"]
    world.neptune.complete_job(job_id)
    world.clock.sleep(100_000)
    world.track()
    result = ["DescribeHyperParameterTuningJob", "UpdateItem"]
    assert made(world, world.notify) == [*operations("notify") * 3, *result, *operations("notify")]
    assert [each["status"] for each in world.announcements()] == ["WAITING", "REQUESTED", "STARTED", "COMPLETED"]


def test_a_trigger_that_comes_twice_costs_three_more_calls(world) -> None:
    body = world.uploaded()
    world.start(body)
    assert Counter(made(world, lambda: world.start(body))) == {"UpdateItem": 1, "PutItem": 1, "GetItem": 1}


def test_an_ended_job_costs_no_call(world) -> None:
    job_id = world.start(world.uploaded())["jobId"]
    world.neptune.complete_job(job_id)
    world.clock.sleep(100_000)
    world.track()
    world.clock.sleep(100_000)
    assert made(world, world.tick) == ["Query"] * 3
    assert world.invocations == []
