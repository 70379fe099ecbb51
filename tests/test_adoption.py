"""A job that is found under an explicit id: ours if its output is ours, never somebody else's."""

import pytest

from tests.world import Call, Crash, World, checks

pytestmark = pytest.mark.faults

START = "StartMLModelTrainingJob"
OURS = "s3://models-bucket/trained/mine"


def dies(call: Call) -> None:
    """Be killed between the claim and the start."""
    if (call.operation, call.moment) == (START, "before"):
        raise Crash


def claimed(world: World) -> None:
    """A job that was claimed under an explicit id and never sent."""
    world.queue.send(world.requested(id="mine", maxHPONumberOfTrainingJobs=12))
    with world.watched(dies):
        world.deliver()
    assert [world.job("mine")["status"], world.posts()] == ["REQUESTED", 0]


def test_a_job_that_somebody_else_started_under_our_id_during_the_lease_is_not_adopted(world: World) -> None:
    claimed(world)
    world.elsewhere("mine")
    world.until_quiet()
    assert [world.job("mine")["status"], world.slots()] == ["REJECTED", set()]
    assert "id taken" in world.job("mine")["reasons"][0]["problem"]


def test_our_own_start_that_arrived_after_all_is_adopted(world: World) -> None:
    claimed(world)
    world.elsewhere("mine", OURS)
    world.until_quiet()
    checks.at_the_end(world)
    assert [world.job("mine")["status"], world.posts()] == ["COMPLETED", 1]
    assert [warning["field"] for warning in world.job("mine")["warnings"]] == ["arn"]


@pytest.mark.parametrize(("output", "status"), [(OURS, "COMPLETED"), ("s3://elsewhere/x", "REJECTED")])
def test_while_neptune_does_not_tell_its_output_a_job_is_adopted_with_a_warning_and_settled_when_it_does(
    make_world, output: str, status: str
) -> None:
    world = make_world({"stage_seconds": 1000.0})
    claimed(world)
    world.elsewhere("mine", output)
    hidden = [True]

    def hide(call: Call) -> None:
        if (call.operation, call.moment) == ("GetMLModelTrainingJob", "after") and hidden:
            call.parameters.get("processingJob", {}).pop("outputLocation", None)

    with world.watched(hide):
        world.minutes(8)
        assert [world.job("mine")["status"], len(world.job("mine")["warnings"])] == ["STARTED", 2]
        hidden.clear()
        world.until_quiet()
    assert [world.job("mine")["status"], world.slots()] == [status, set()]
    if status == "COMPLETED":
        assert [warning["field"] for warning in world.job("mine")["warnings"]] == ["arn"]


def test_our_running_job_is_adopted_and_not_started_again_when_the_table_was_restored_from_before_its_start(
    make_world,
) -> None:
    world = make_world({"check_ids": False})
    body = world.requested(id="mine")
    world.start(body)
    world.forget_records()
    world.start(body)
    assert [world.job("mine")["status"], world.posts()] == ["STARTED", 1]
    world.until_quiet()
    assert world.job("mine")["status"] == "COMPLETED"


def test_an_id_that_somebody_elses_job_has_before_the_first_start_is_refused_at_once(world: World) -> None:
    world.elsewhere("mine")
    world.start(world.requested(id="mine"))
    assert [world.job("mine")["status"], world.posts()] == ["REJECTED", 1]
