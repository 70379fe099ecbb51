"""The training that a request continues: looked at before anything starts, and LATEST where it can be known."""

import json

import pytest

from tests.world import World, checks


def continuing(previous: str) -> bytes:
    return json.dumps({"previousModelTrainingJobId": previous}).encode()


def trained(world: World, body: str) -> dict:
    job_id = world.start(body)["jobId"]
    world.until_quiet()
    return world.job(job_id)


def test_a_previous_training_that_neptune_does_not_have_is_refused_by_field_and_value(world: World) -> None:
    job = trained(world, world.requested(previousModelTrainingJobId="nope"))
    (reason,) = job["reasons"]
    assert [job["status"], reason["field"], reason["value"]] == ["REJECTED", "previousModelTrainingJobId", '"nope"']
    assert world.posts() == 0


def test_a_previous_training_that_failed_is_refused(world: World) -> None:
    world.elsewhere("before")
    world.neptune.fail_job("before", "hpo", reason="out of memory", now=True)
    job = trained(world, world.requested(previousModelTrainingJobId="before"))
    assert [job["status"], job["reasons"][0]["problem"]] == ["REJECTED", "is a job that ended with status Failed"]


def test_a_previous_training_that_still_runs_is_waited_for_without_a_slot_or_a_post(world: World) -> None:
    world.elsewhere("before")
    before = world.posts()
    world.start(world.requested(previousModelTrainingJobId="before"))
    assert [world.job()["waitingFor"], world.slots(), world.posts()] == ["previous training", set(), before]
    world.until_quiet()
    assert world.job()["status"] == "COMPLETED"


def test_latest_is_the_newest_completed_job_of_the_same_directory(world: World) -> None:
    first = trained(world, world.uploaded())
    second = trained(world, world.uploaded(contents={**world.model, "training-job.json": continuing("LATEST")}))
    checks.at_the_end(world)
    assert second["request"]["previousModelTrainingJobId"] == first["jobId"]


@pytest.mark.parametrize("forgotten", [False, True])
def test_latest_starts_from_nothing_with_a_warning_where_there_is_none_or_neptune_has_it_no_longer(
    world: World, forgotten: bool
) -> None:
    if forgotten:
        world.neptune.forget_job(trained(world, world.uploaded())["jobId"])
    job = trained(world, world.uploaded(contents={**world.model, "training-job.json": continuing("LATEST")}))
    assert [job["status"], [each["field"] for each in job["warnings"]]] == ["COMPLETED", ["previousModelTrainingJobId"]]
    assert "previousModelTrainingJobId" not in job["request"]


def test_latest_is_refused_where_an_event_for_a_built_in_model_does_not_say_which_model(world: World) -> None:
    trained(world, world.requested())
    job = trained(world, world.requested(previousModelTrainingJobId="LATEST"))
    assert [job["status"], job["reasons"][0]["field"]] == ["REJECTED", "previousModelTrainingJobId"]


def test_latest_of_a_schedule_is_the_newest_of_its_own(world: World) -> None:
    first = trained(world, world.ticked("2026-11-24T02:00:00Z"))
    second = trained(world, world.ticked("2026-12-01T02:00:00Z", previousModelTrainingJobId="LATEST"))
    assert second["request"]["previousModelTrainingJobId"] == first["jobId"]
