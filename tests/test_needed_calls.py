"""The AWS and Neptune calls of one training, from upload to message: exactly those of `bench/needed_calls.py`."""

import re
from collections import Counter
from typing import Any

import pytest

import emit
from bench import page
from bench.__main__ import named
from bench.needed_calls import COMPLETED, NEEDED
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


def test_notify_makes_one_call_for_each_change_that_is_announced_and_two_more_for_the_best_trial(world) -> None:
    job_id = world.start(world.uploaded())["jobId"]
    world.neptune.complete_job(job_id)
    world.clock.sleep(100_000)
    world.track()
    assert made(world, world.notify) == [*operations("notify") * 3, *operations(COMPLETED)]
    assert [each["status"] for each in world.announcements()] == ["WAITING", "REQUESTED", "STARTED", "COMPLETED"]


def test_emit_sends_an_event_and_writes_the_file_and_makes_no_other_call(world) -> None:
    world.start(world.uploaded())
    last = world.stream()[-1]
    assert made(world, lambda: emit.handler({"Records": [last]}, world.context())) == operations("emit")


def test_the_page_lists_the_needed_calls() -> None:
    listed = [(named(function), call.operation, call.reason) for function, calls in NEEDED.items() for call in calls]
    rows = re.findall(r"^\| (`[^|]+) \| (\w+) \| ([^|]+) \|$", page.PAGE.read_text(), re.MULTILINE)
    assert rows == listed


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
