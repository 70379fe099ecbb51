"""A step that cannot be taken, or that is the end of its process: others go on, its record says why, and it ends."""

import json
from collections.abc import Callable

import pytest
from botocore.exceptions import ConnectTimeoutError

import step
import track
from tests.world import Call, Crash, World, checks
from tests.world.calls import error
from tests.world.surroundings import TABLE, session

EXPRESS = {"sourceS3DirectoryPath": "s3://models--use1-az4--x-s3/m/"}


def at(operation: str, what: str, do: Callable[[], object]) -> Callable[[Call], object]:
    """Do it before each such call about `what`."""

    def watcher(call: Call) -> object:
        return do() if (call.operation, call.moment) == (operation, "before") and what in str(call.parameters) else None

    return watcher


def fails() -> None:
    raise RuntimeError("a bug that only this model meets")


def dies() -> None:
    raise Crash


def test_a_step_that_fails_leaves_its_error_in_the_record_and_is_given_up_in_time(
    make_world: Callable[..., World],
) -> None:
    world = make_world(GiveUpSeconds="1200")
    with world.watched(at("GetObject", "/odd/", fails)):
        world.queue.send(world.uploaded("odd"))
        world.minutes(10)
        (reason,) = world.job()["reasons"]
        assert [world.job()["status"], world.job()["waitingFor"]] == ["WAITING", "an error to pass"]
        assert "a bug that only this model meets" in reason["problem"]
        world.minutes(15)
    assert [world.job()["status"], world.job()["reasons"][0]] == ["REJECTED", reason]
    checks.at_the_end(world)


def test_a_step_that_failed_and_then_does_not_starts_the_job(world: World) -> None:
    with world.watched(at("GetObject", "/odd/", fails)):
        world.queue.send(world.uploaded("odd"))
        world.minutes(10)
    world.until_quiet()
    checks.at_the_end(world)
    assert world.job()["status"] == "COMPLETED"


def test_a_step_that_is_the_end_of_its_process_costs_no_other_job_its_turn_and_is_given_up_in_time(
    make_world: Callable[..., World],
) -> None:
    world = make_world(MaxConcurrentTrainingJobs="5", GiveUpSeconds="2700")
    with world.watched(at("GetObject", "/bomb/", dies)):
        world.queue.send(world.uploaded("bomb"))
        world.minutes(1)
        world.queue.send(world.uploaded("fraud"))
        world.minutes(30)
        assert sorted(world.statuses().values()) == ["COMPLETED", "WAITING"]
        world.minutes(20)
    assert sorted(world.statuses().values()) == ["COMPLETED", "REJECTED"]


def test_models_in_buckets_that_nobody_here_can_reach_start_unchecked_and_hold_nobody_up(
    make_world: Callable[..., World],
) -> None:
    world = make_world(MaxConcurrentTrainingJobs="20")

    def far() -> None:
        world.clock.sleep(12)  # the SDK's four tries
        raise ConnectTimeoutError(
            endpoint_url="https://models--use1-az4--x-s3.s3express-use1-az4.us-east-1.amazonaws.com"
        )

    with world.watched(at("ListObjectsV2", "--x-s3", far)):
        for _ in range(6):
            world.queue.send(world.requested(customModelTrainingParameters=EXPRESS))
        world.queue.send(world.uploaded())
        world.until_quiet()
    checks.at_the_end(world)
    assert list(world.statuses().values()) == ["COMPLETED"] * 7
    unchecked = [job for job in world.jobs().values() if job["trigger"]["kind"] == "event"]
    assert {job["warnings"][0]["field"] for job in unchecked} == {"customModelTrainingParameters.sourceS3DirectoryPath"}


def test_jobs_that_wait_for_access_neither_hide_those_that_wait_for_a_slot_nor_let_new_ones_pass_them(
    make_world: Callable[..., World],
) -> None:
    world = make_world(MaxConcurrentTrainingJobs="1", SettleSeconds="0")
    with world.watched(at("GetObject", "/locked/", lambda: error("AccessDenied", 403))):
        world.start(world.uploaded("locked"))
        running, older = (world.start(world.requested())["jobId"] for _ in range(2))
        assert [world.job(job_id)["status"] for job_id in (running, older)] == ["STARTED", "WAITING"]
        world.neptune.complete_job(running)
        world.clock.sleep(400)
        world.take(running)
        newest = world.start(world.requested())["jobId"]
        assert world.job(newest)["waitingFor"] == "a slot"
        world.track()
        assert [world.job(job_id)["status"] for job_id in (older, newest)] == ["STARTED", "WAITING"]


def test_a_record_that_nobody_can_read_keeps_its_slot_and_holds_nobody_else_up(world: World) -> None:
    held = world.start(world.requested())["jobId"]
    session().client("dynamodb").update_item(
        TableName=TABLE,
        Key={"jobId": {"S": held}},
        UpdateExpression="SET #status = :word",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":word": {"S": "A LATER WORD"}},
    )
    for name in ("fraud", "churn"):
        world.queue.send(world.uploaded(name))
    world.minutes(30)
    assert sorted(world.statuses().values()) == ["A LATER WORD", "COMPLETED", "COMPLETED"]
    assert held in world.slots()
    assert world.errors, "the operator hears of it"


def test_a_claim_that_takes_too_long_for_a_whole_start_gives_its_slot_back_and_posts_nothing(world: World) -> None:
    slow = iter([100])

    def claimed(call: Call) -> None:
        if (call.operation, call.moment) == ("TransactWriteItems", "after"):
            world.clock.sleep(next(slow, 0))

    with world.watched(claimed):
        world.start(world.requested())
    assert [world.job()["status"], world.posts(), world.slots()] == ["WAITING", 0, set()]
    world.until_quiet()
    checks.at_the_end(world)
    assert [world.job()["status"], world.posts()] == ["COMPLETED", 1]


def test_a_first_write_that_the_sdk_sent_twice_is_no_repeat(world: World) -> None:
    again = iter([True])

    def twice(call: Call) -> None:
        if (call.operation, call.moment) == ("PutItem", "before") and next(again, False):
            world.sent_once_already(call)

    with world.watched(twice):
        assert world.start(world.requested())["status"] == "STARTED"


def test_a_record_of_the_start_that_the_sdk_sent_twice_ends_the_pause_all_the_same(world: World) -> None:
    world.neptune.fail("StartMLModelTrainingJob", "TooManyRequestsException", share=1)
    world.queue.send(world.requested())
    world.minutes(1)
    assert world.paused_until()
    world.neptune.clear_faults()
    world.until_quiet()
    checks.at_the_end(world)
    assert set(world.items()["#capacity"]) <= {"jobId", "slots"}


def test_raising_how_long_jobs_wait_costs_no_more_looks_at_them(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world(GiveUpSeconds="600")
    world.neptune.fail("StartMLModelTrainingJob", "TooManyRequestsException", share=1)
    for _ in range(5):
        world.queue.send(world.requested())
    world.minutes(8)
    monkeypatch.setenv("GIVE_UP_SECONDS", "7200")
    track.tracker.cache_clear()
    step.services.cache_clear()
    world.minutes(10)
    calls = []
    with world.watched(lambda call: calls.append(call) if call.operation == "GetMLDataProcessingJob" else None):
        world.minutes(10)
    assert sum(call.moment == "before" for call in calls) <= 12  # one probe a minute, not one look for each job
    assert list(world.statuses().values()) == ["WAITING"] * 5


def test_what_neptune_calls_cancelled_is_stopped_and_an_unknown_word_keeps_running(world: World) -> None:
    first, second = (world.start(world.requested())["jobId"] for _ in range(2))
    world.neptune.force_status(first, "Cancelled")
    world.neptune.force_status(second, "Hibernating")
    world.minutes(10)
    assert [world.job(first)["status"], world.job(second)["status"]] == ["STOPPED", "STARTED"]


@pytest.mark.parametrize("forced", [True, False])
def test_a_job_that_failed_without_a_word_has_a_reason_all_the_same(world: World, forced: bool) -> None:
    job_id = world.start(world.requested())["jobId"]
    if forced:
        world.neptune.force_status(job_id, "Failed")
    else:
        world.neptune.fail_job(job_id, "hpo", reason="", now=True)
    world.minutes(5)
    assert world.job()["status"] == "FAILED"
    assert world.job()["reasons"][0]["remedy"]


def test_an_unanswered_start_is_repeated_with_the_request_that_was_sent_whatever_was_uploaded_since(
    world: World,
) -> None:
    def wants(instance: str) -> dict[str, bytes]:
        return {"training-job.json": json.dumps({"trainingInstanceType": instance}).encode()}

    body = world.uploaded(contents={**world.model, **wants("ml.g5.2xlarge")})
    world.clock.sleep(61)
    world.neptune.fail("StartMLModelTrainingJob", "drop-before")
    world.start(body)
    world.put("fraud", wants("ml.g5.48xlarge"))
    world.until_quiet()
    checks.at_the_end(world)
    sent = [each.parameters["trainingInstanceType"] for each in world.neptune.requests if each.operation[:5] == "Start"]
    assert sent == ["ml.g5.2xlarge"] * 2
    assert world.job()["request"]["trainingInstanceType"] == "ml.g5.2xlarge"


def test_our_own_late_start_under_an_explicit_id_is_adopted_though_its_job_had_to_wait_meanwhile(world: World) -> None:
    world.neptune.fail("StartMLModelTrainingJob", "drop-before")
    world.start(world.requested(id="mine"))
    world.clock.sleep(400)
    world.neptune.fail("StartMLModelTrainingJob", "TooManyRequestsException", share=1)
    world.start(world.requested())
    world.track()
    assert [world.job("mine")["status"], world.job("mine")["unanswered"]] == ["WAITING", True]
    world.neptune.clear_faults()
    world.arrives_late("mine")
    world.until_quiet()
    assert world.job("mine")["status"] == "COMPLETED"
