"""A job that is ended by a bound says which parameter the bound is, so that an operator knows what to raise."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.world import World

START, GET = "StartMLModelTrainingJob", "GetMLModelTrainingJob"
MakeWorld = Callable[..., World]


def last_reason(world: World, status: str) -> str:
    world.until_quiet()
    [job] = [each for each in world.jobs().values() if each["status"] == status]
    return str(job["reasons"][-1]["problem"])


@pytest.mark.parametrize(
    ("give_up", "grace", "limit"), [(600, 3600, "GiveUpSeconds"), (3600, 600, "FilesGraceSeconds")]
)
def test_a_wait_for_files_names_the_limit_that_came_first(
    make_world: MakeWorld, give_up: int, grace: int, limit: str
) -> None:
    world = make_world(GiveUpSeconds=str(give_up), FilesGraceSeconds=str(grace))
    files = {name: content for name, content in world.model.items() if name != "transform.py"}
    world.queue.send(world.uploaded(contents=files))
    said = last_reason(world, "REJECTED")
    assert f"as long as {limit} allows, and still waits for files" in said


def test_a_start_that_was_never_answered_names_the_limit(make_world: MakeWorld) -> None:
    world = make_world(GiveUpSeconds="600")
    world.neptune.fail(START, "drop-before", share=1)
    world.queue.send(world.requested())
    assert "never answered, Neptune has no such job, and GiveUpSeconds allows no second start" in last_reason(
        world, "REJECTED"
    )


def test_the_time_for_a_slot_does_not_count_as_time_that_give_up_seconds_allows(make_world: MakeWorld) -> None:
    world = make_world({"stage_seconds": 1000.0}, MaxConcurrentTrainingJobs="1", GiveUpSeconds="1200")
    world.start(world.requested())
    world.queue.send(world.requested())
    world.minutes(5)
    world.neptune.fail(START, "TooManyRequestsException", share=1)
    said = last_reason(world, "REJECTED")
    assert re.fullmatch(
        r"has passed: the job has waited 2[0-2] minutes \(and \d\d minutes for a slot\),"
        r" as long as GiveUpSeconds allows, and still waits for capacity",
        said,
    )


@pytest.mark.parametrize(
    ("stuck", "problem"),
    [
        ("start", "for as long as DoubtSeconds allows, it was not known if Neptune had started this job"),
        ("look", "no status could be read from Neptune for as long as DoubtSeconds allows"),
        (
            "run",
            "has run for longer than trainingTimeOutInSeconds allows for all its trials, and DoubtSeconds beyond that",
        ),
        ("gone", "it has had no such job for as long as MissingSeconds allows"),
    ],
)
def test_a_job_that_fails_by_its_bound_names_the_parameters(make_world: MakeWorld, stuck: str, problem: str) -> None:
    limits = {"GiveUpSeconds": "600", "DoubtSeconds": "600", "MissingSeconds": "600"}
    run: dict[str, Any] = {"TrainingTimeOutInSeconds": "600", "MaxHPONumberOfTrainingJobs": "1"}
    world = make_world({"stage_seconds": 1e6}, **limits, **run)
    if stuck == "start":
        world.neptune.fail(START, "drop-after", share=1)
        world.neptune.fail(GET, "AccessDeniedException", share=1)
    job_id = world.start(world.requested())["jobId"]
    if stuck == "look":
        world.neptune.fail(GET, "AccessDeniedException", share=1)
    if stuck == "gone":
        world.neptune.forget_job(job_id)
    assert problem in last_reason(world, "FAILED")
