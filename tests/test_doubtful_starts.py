"""Starts whose answer never came, and looks that fail: never a second job, never a lost one."""

from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError, SSLError

from local.neptune_ml.options import ABSENT_FORMS
from tests.world import Call, World, checks

pytestmark = pytest.mark.faults

START, GET = "StartMLModelTrainingJob", "GetMLModelTrainingJob"
STARTED = ("drop-after", "error-after", "not-json")  # Neptune has the job
NOT_STARTED = ("drop-before", "http-500", "http-502", "http-503", "ClientTimeoutException", "InternalFailureException")
FAILED_LOOKS = (
    *("drop-before", "http-500", "http-502", "http-503", "not-json", "ThrottlingException"),
    *("TooManyRequestsException", "InternalFailureException", "AccessDeniedException", "ClientTimeoutException"),
    *("MissingParameterException", "UnsupportedOperationException", "PreconditionsFailedException"),
)


def in_doubt(world: World, fault: str, **detail: str) -> str:
    """A job that was POSTed once, with `fault` instead of an answer."""
    world.neptune.fail(START, fault)
    job_id = world.start(world.requested(**detail))["jobId"]
    assert [world.job(job_id)["status"], world.posts()] == ["REQUESTED", 1]
    return job_id


@pytest.mark.parametrize("check_ids", [True, False], ids=["ids checked", "ids not checked"])
@pytest.mark.parametrize("fault", STARTED)
def test_a_start_that_happened_without_an_answer_is_found_and_not_posted_again(make_world, fault, check_ids) -> None:
    world = make_world({"check_ids": check_ids})
    job_id = in_doubt(world, fault)
    world.until_quiet()
    checks.at_the_end(world)
    assert [world.posts(), world.job(job_id)["status"]] == [1, "COMPLETED"]
    assert [reason["field"] for reason in world.job(job_id)["warnings"]] == ["arn"]


@pytest.mark.parametrize("check_ids", [True, False], ids=["ids checked", "ids not checked"])
@pytest.mark.parametrize("fault", NOT_STARTED)
def test_a_start_that_did_not_happen_is_posted_again_only_after_the_lease(make_world, fault, check_ids) -> None:
    world = make_world({"check_ids": check_ids})
    job_id = in_doubt(world, fault)
    lease = world.job(job_id)["leaseUntil"]
    world.until_quiet()
    checks.at_the_end(world)
    assert [world.posts(), world.job(job_id)["status"], world.job(job_id)["attempts"]] == [2, "COMPLETED", 2]
    second = [request for request in world.neptune.requests if request.operation == START][1]
    assert second.time >= world.epoch(lease)


def test_a_start_that_times_out_and_happened_is_found_after_the_lease(make_world) -> None:
    world = make_world(NeptuneReadTimeoutSeconds="1")
    world.neptune.fail(START, "slow", seconds=1.3)
    job_id = world.start(world.requested())["jobId"]
    assert world.job(job_id)["status"] == "REQUESTED"
    world.until_quiet()
    checks.at_the_end(world)
    assert [world.posts(), world.job(job_id)["status"]] == [1, "COMPLETED"]


@pytest.mark.parametrize("error", [ReadTimeoutError, ConnectionClosedError, SSLError], ids=lambda error: error.__name__)
def test_a_connection_that_broke_leaves_the_start_in_doubt(world: World, error) -> None:
    def broken(call: Call) -> None:
        if call.operation == START and call.moment == "before":
            raise error(endpoint_url="https://neptune", error="EOF occurred")

    with world.watched(broken):
        job_id = world.start(world.requested())["jobId"]
    assert world.job(job_id)["status"] == "REQUESTED"
    world.until_quiet()
    checks.at_the_end(world)
    assert world.posts() == 1


def test_a_request_that_arrives_just_before_its_lease_ends_is_found_and_not_doubled(world: World) -> None:
    late: list[Any] = []

    def delayed(call: Call) -> None:
        if call.operation == START and call.moment == "before" and not late:
            late.append(call.parameters)
            raise ReadTimeoutError(endpoint_url="https://neptune")

    with world.watched(delayed):
        job_id = world.start(world.requested())["jobId"]
    world.minutes(3)
    world.arrives_late(job_id)
    world.until_quiet()
    checks.at_the_end(world)
    assert [world.posts(), world.job(job_id)["status"]] == [1, "COMPLETED"]


@pytest.mark.parametrize("absent", ABSENT_FORMS)
def test_each_form_of_absent_lets_the_start_be_posted_again(make_world, absent) -> None:
    world = make_world({"absent": absent})
    job_id = in_doubt(world, "drop-before")
    world.until_quiet()
    assert [world.posts(), world.job(job_id)["status"]] == [2, "COMPLETED"]


@pytest.mark.parametrize(("fault", "failed_steps"), [("TooManyRequestsException", 0), ("http-503", 3)])
def test_a_throttled_look_up_is_no_failed_step_and_any_other_failed_one_is(world: World, fault, failed_steps) -> None:
    job_id = in_doubt(world, "drop-after")
    world.neptune.fail(GET, fault, share=1)
    world.clock.sleep(600)  # the lease is over
    for _ in range(3):
        world.clock.sleep(300)
        world.track()
    assert [world.job(job_id)["status"], world.job(job_id).get("failedSteps", 0)] == ["REQUESTED", failed_steps]


@pytest.mark.parametrize("fault", FAILED_LOOKS)
def test_a_look_that_fails_is_never_taken_for_absent(make_world, fault) -> None:
    world = make_world({"check_ids": False})
    job_id = in_doubt(world, "drop-after")
    world.neptune.fail(GET, fault, share=1)
    world.minutes(20)
    assert [world.posts(), world.job(job_id)["status"], world.slots()] == [1, "REQUESTED", {job_id}]
    world.neptune.clear_faults()
    world.until_quiet()
    checks.at_the_end(world)
    assert [world.posts(), world.job(job_id)["status"]] == [1, "COMPLETED"]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("InvalidParameterException", "Some parameter is not valid."),
        ("BadRequestException", "Provided MLDataProcessing job is not completed."),
        ("BadRequestException", "Unable to find SageMaker AI resource. Please check your input."),
    ],
)
def test_an_error_that_only_looks_like_absent_is_unknown(world: World, code, message) -> None:
    job_id = in_doubt(world, "drop-after")
    world.neptune.fail(GET, code, share=1, message=message)
    world.minutes(15)
    assert [world.posts(), world.job(job_id)["status"]] == [1, "REQUESTED"]


def test_several_starts_in_doubt_one_after_another_end_in_one_job(make_world) -> None:
    world = make_world({"check_ids": False})
    world.neptune.fail(START, "drop-before", times=4)
    world.start(world.requested())
    world.until_quiet()
    checks.at_the_end(world)
    assert [world.posts(), world.job()["attempts"]] == [5, 5]


def test_a_neptune_that_does_not_check_ids_gets_one_post_at_a_time_for_each_job(make_world) -> None:
    world = make_world({"check_ids": False, "shares": {"drop-before": 0.4, "http-500": 0.2}})
    for _ in range(4):
        world.queue.send(world.requested())
    world.until_quiet()
    checks.at_the_end(world)
    assert world.neptune.summary()["mostInFlight"] == 1
    assert list(world.accepted().values()) == [1, 1, 1, 1]


def test_an_explicit_id_in_doubt_is_ours_when_it_is_found(world: World) -> None:
    in_doubt(world, "drop-after", id="mine")
    world.until_quiet()
    checks.at_the_end(world)
    assert [world.job("mine")["status"], world.posts()] == ["COMPLETED", 1]


def test_an_explicit_id_in_doubt_whose_second_post_meets_same_id_is_adopted(world: World) -> None:
    in_doubt(world, "drop-before", id="mine")

    def appears(call: Call) -> None:
        if call.operation == START and call.moment == "before":
            world.arrives_late("mine")

    with world.watched(appears):
        world.minutes(8)
    assert world.job("mine")["status"] == "STARTED"


@pytest.mark.parametrize("detail", [{}, {"id": "mine"}], ids=["derived id", "explicit id"])
def test_a_crash_after_the_second_claim_still_adopts_what_the_first_post_started(world: World, detail) -> None:
    job_id = in_doubt(world, "drop-before", **detail)
    world.neptune.fail(START, "drop-after")
    world.until_quiet()
    checks.at_the_end(world)
    assert [world.posts(), world.job(job_id)["status"]] == [2, "COMPLETED"]


def test_a_job_that_neptune_has_not_known_for_an_hour_is_failed_and_its_slot_free(world: World) -> None:
    job_id = world.start(world.requested())["jobId"]
    world.neptune.forget_job(job_id)
    world.minutes(45)
    assert world.job(job_id)["status"] == "STARTED"
    world.until_quiet()
    assert [world.job(job_id)["status"], world.slots()] == ["FAILED", set()]
    assert "no longer knows" in world.job(job_id)["reasons"][0]["problem"]


def test_a_connection_that_was_never_made_is_a_refusal_and_tried_again_without_a_lease(world: World) -> None:
    def unreachable(call: Call) -> None:
        if call.operation == START and call.moment == "before":
            raise EndpointConnectionError(endpoint_url="https://neptune")

    with world.watched(unreachable):
        job_id = world.start(world.requested())["jobId"]
    assert [world.job(job_id)["status"], world.job(job_id)["waitingFor"], world.slots()] == [
        "WAITING",
        "Neptune",
        set(),
    ]
    world.until_quiet()
    checks.at_the_end(world)
    assert world.posts() == 1
