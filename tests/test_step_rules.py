"""Rules of the steps that only one line keeps: each test fails when that line is changed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import start
import step
from neptune_training.announce.changes import needs_announcement
from neptune_training.aws import neptune
from neptune_training.aws.neptune import Unknown
from neptune_training.aws.table import padded
from neptune_training.flow import next_look
from neptune_training.model.settings import Settings
from neptune_training.model.times import from_text, to_text
from neptune_training.model.triggers import Trigger
from tests.world import Call, Crash, World
from tests.world.lasting import job_of
from tests.world.surroundings import BUCKET, TABLE, session
from tests.world.world import Context

MakeWorld = Callable[..., World]
START, GET, GET_DATA = "StartMLModelTrainingJob", "GetMLModelTrainingJob", "GetMLDataProcessingJob"
NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FULL = "TooManyRequestsException"
SETTINGS = Settings(
    training_jobs_table=TABLE,
    neptune_endpoint_url="https://neptune",
    model_bucket=BUCKET,
    model_prefix="models/",
    train_model_s3_location="s3://models-bucket/trained",
)


def in_doubt(world: World, body: str) -> str:
    """A job whose start was lost: its lease is over, and it has to be looked up now."""
    world.neptune.fail(START, "drop-before")
    job_id = world.start(body)["jobId"]
    world.clock.time = from_text(world.job(job_id)["leaseUntil"])
    return str(job_id)


def running(world: World, **detail: Any) -> str:
    job_id = world.start(world.requested(**detail))["jobId"]
    until_due(world, job_id)
    return str(job_id)


def until_due(world: World, job_id: str) -> None:
    world.clock.time = from_text(world.job(job_id)["nextAttemptAt"])


# --- of two uploads the newer one -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("0055AED6DCD90281E5", "0055AED6DCD90281E6"),
        ("0055AED6", "0055AED600000001"),
        ("0055AED600000001", "0055AED7"),
        ("0055aed6", "0055AED7"),
        ("0055AEB6", "0055aec6"),
        ("0055AEC6", "0055aed6"),
        ("9", "a"),
    ],
)
def test_sequencers_are_compared_padded_on_the_right_and_whatever_their_case(older: str, newer: str) -> None:
    first, second = (padded(Trigger(kind="upload", identity="", sequencer=each)) for each in (older, newer))
    assert first < second


def test_sequencers_that_differ_in_case_or_zeros_at_the_end_are_one() -> None:
    ways = ("0055aed6", "0055AED6", "0055AED600")
    assert len({padded(Trigger(kind="upload", identity="", sequencer=each)) for each in ways}) == 1


def test_an_upload_in_doubt_that_was_uploaded_again_is_superseded_and_not_sent_again(world: World) -> None:
    body = world.uploaded()
    world.clock.sleep(60)
    first = in_doubt(world, body)
    world.take(first)
    assert [world.job(first)["status"], world.job(first)["unanswered"]] == ["WAITING", True]
    world.start(world.uploaded())
    world.take(first, turn=True)
    assert [world.job(first)["status"], world.posts(first)] == ["SUPERSEDED", 1]


def test_a_repeat_of_a_trigger_takes_no_step_of_a_job_that_waits(world: World) -> None:
    world.hold_slots("one", "two")
    body = world.requested()
    job_id = world.start(body)["jobId"]
    world.services.table.forget_slots(["one", "two"])
    before = world.items()
    assert world.start(body) == {"jobId": job_id, "status": "WAITING", "arn": None}
    assert [world.items(), world.posts()] == [before, 0]


# --- a job that Neptune does not know or does not tell of -------------------------------------------------------------


def test_missing_since_is_kept_while_nobody_knows_and_forgotten_when_the_job_is_found(world: World) -> None:
    job_id = running(world)
    world.neptune.forget_job(job_id)
    world.take(job_id)
    since = world.job()["missingSince"]
    until_due(world, job_id)
    world.neptune.fail(GET, "http-500")
    world.take(job_id)
    assert [world.job()["missingSince"], "unknownSince" in world.job()] == [since, True]
    until_due(world, job_id)
    world.take(job_id)
    assert [world.job()["missingSince"], "unknownSince" in world.job()] == [since, False]
    world.elsewhere(job_id, world.job()["request"]["trainModelS3Location"])
    until_due(world, job_id)
    world.take(job_id)
    assert ["missingSince" in world.job(), world.job()["status"]] == [False, "STARTED"]


@pytest.mark.parametrize("reach", [running, lambda world: in_doubt(world, world.requested())])
@pytest.mark.parametrize(
    ("fault", "somebody_acts"),
    [(FULL, False), ("ThrottlingException", False), ("AccessDeniedException", True), ("http-500", True)],
)
def test_a_look_without_an_answer_fails_its_invocation_only_if_somebody_may_have_to_act(
    world: World, reach: Callable[[World], str], fault: str, somebody_acts: bool
) -> None:
    job_id = reach(world)
    world.neptune.fail(GET, fault)
    assert world.take(job_id) is not somebody_acts


@pytest.mark.parametrize("status", ["", None, 5, {}, [], ["Completed"], True])
def test_an_answer_whose_status_is_empty_or_no_text_says_nothing(status: object) -> None:
    look = neptune.look(GET, lambda: {"id": "mine", "status": status})
    assert isinstance(look, Unknown)
    assert look.failure.code == "BrokenAnswer"


def test_every_look_passes_the_requests_role_on(make_world: MakeWorld) -> None:
    role = "arn:aws:iam::123456789012:role/neptune"
    world = make_world(NeptuneIamRoleArn=role)
    asked: list[tuple[str, str, Any]] = []

    def look(call: Call) -> None:
        if call.moment == "before" and call.operation in (GET, GET_DATA):
            status = next((job["status"] for job in world.jobs().values()), "")
            asked.append((call.operation, status, call.parameters["query_string"].get("neptuneIamRoleArn")))

    with world.watched(look):
        lost = in_doubt(world, world.requested(id="mine"))
        world.take(lost)
        world.take(lost, turn=True)
        until_due(world, lost)
        world.take(lost)
    assert set(asked) == {
        *((operation, "WAITING", role) for operation in (GET, GET_DATA)),
        (GET, "REQUESTED", role),
        (GET, "STARTED", role),
    }


# --- how often, and until when ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("waited", "pause"), [(0, 1), (9, 1), (20, 2), (45, 4.5), (50, 5), (600, 5)])
def test_a_look_comes_after_a_tenth_of_the_time_waited_between_one_and_five_minutes(waited: int, pause: float) -> None:
    assert next_look.patience(NOW - waited * MINUTE, SETTINGS, NOW) == pause * MINUTE


@pytest.mark.parametrize(("failed", "minutes"), [(0, 1), (1, 1), (2, 2), (3, 4), (4, 5), (5, 5), (10_000, 5)])
def test_a_failed_step_is_taken_again_after_one_two_four_and_then_five_minutes(failed: int, minutes: int) -> None:
    assert next_look.retry_at(failed, SETTINGS, NOW) == NOW + minutes * MINUTE


def test_a_failed_step_is_not_taken_again_sooner_than_a_look_would_be() -> None:
    seldom = SETTINGS.model_copy(update={"status_check_seconds": 15 * MINUTE})
    assert [next_look.retry_at(failed, seldom, NOW) - NOW for failed in (1, 4)] == [15 * MINUTE] * 2


def test_a_running_jobs_failed_steps_come_later_and_later_and_one_that_is_answered_ends_that(world: World) -> None:
    job_id, waits = running(world), []
    world.neptune.fail(GET, "http-500", times=4)
    for _ in range(4):
        world.take(job_id)
        waits.append(from_text(world.job()["nextAttemptAt"]) - world.clock.now())
        until_due(world, job_id)
    assert waits == [1 * MINUTE, 2 * MINUTE, 4 * MINUTE, 5 * MINUTE]
    world.neptune.fail(GET, FULL)
    world.take(job_id)
    assert "failedSteps" not in world.job()


@pytest.mark.parametrize("seconds", [1, 600])
def test_a_job_in_a_step_is_never_due_before_the_invocation_ends(make_world: MakeWorld, seconds: int) -> None:
    world = make_world(StatusCheckSeconds=str(seconds))
    job_id = running(world)

    def die(call: Call) -> None:
        if call.operation == GET:
            raise Crash

    with world.watched(die):
        world.take(job_id)
    job, ends = world.job(), world.clock.now() + timedelta(seconds=world.timeout)
    assert from_text(job["stepUntil"]) == ends
    assert from_text(job["nextAttemptAt"]) == max(ends, world.clock.now() + timedelta(seconds=seconds))


def test_step_takes_no_further_job_when_too_little_of_its_time_is_left(world: World) -> None:
    ids = [running(world, id=f"run-{number}") for number in range(2)]
    world.clock.sleep(60)
    slow: list[str | None] = []

    def ten_seconds(call: Call) -> None:
        if (call.operation, call.moment) == (GET, "before"):
            slow.append(job_of(call))
            world.clock.sleep(10)

    with world.watched(ten_seconds):  # the next step begins after two seconds, and a start would need 25 more
        answer = step.handler({"jobIds": ids, "turns": []}, Context(world.clock, 25 + 2))
    assert [answer, slow] == [{"steps": 1}, ids[:1]]
    assert from_text(world.job(ids[1])["nextAttemptAt"]) < world.clock.now()


def test_starts_that_meet_429_end_while_a_slow_answer_could_still_be_read(world: World) -> None:
    world.neptune.fail(START, FULL, share=1)
    began, seconds = world.clock.epoch(), 20 + 5 + 3.0
    start.handler(
        {"Records": [{"messageId": "1", "eventSource": "aws:sqs", "body": world.requested()}]},
        Context(world.clock, seconds),
    )
    sent = [request.time for request in world.neptune.requests if request.operation == START]
    assert len(sent) > 1
    assert max(sent) < began + 3


def test_starts_that_meet_429_end_at_give_up_at(make_world: MakeWorld) -> None:
    world = make_world(GiveUpSeconds="3")
    world.neptune.fail(START, FULL, share=1)
    began = world.clock.epoch()
    world.start(world.requested())
    sent = [request.time for request in world.neptune.requests if request.operation == START]
    assert [len(sent) > 1, max(sent) < began + 3] == [True, True]


def test_a_claim_that_lasts_beyond_give_up_at_starts_nothing(make_world: MakeWorld) -> None:
    world = make_world(GiveUpSeconds="10")

    def twenty_seconds(call: Call) -> None:
        if (call.operation, call.moment) == ("TransactWriteItems", "after"):
            world.clock.sleep(20)

    with world.watched(twenty_seconds):
        world.start(world.requested())
    assert [world.posts(), world.slots()] == [0, set()]


# --- the pause ends with its probe, whatever comes of it --------------------------------------------------------------


def answered(world: World) -> None:
    """Let Neptune take the start."""


def taken_by_our_own(world: World) -> None:
    world.elsewhere(next(iter(world.jobs())), "s3://models-bucket/trained")


PROBES: dict[str, tuple[Callable[[World], object], str]] = {
    "accepted": (answered, "STARTED"),
    "refused for good": (lambda world: world.neptune.fail(START, "InvalidParameterException"), "REJECTED"),
    "refused for access": (lambda world: world.neptune.fail(START, "AccessDeniedException"), "WAITING"),
    "its derived id is in use": (taken_by_our_own, "STARTED"),
}


@pytest.mark.parametrize(("happens", "status"), PROBES.values(), ids=PROBES)
def test_a_probe_that_is_answered_ends_the_pause(world: World, happens: Callable[[World], object], status: str) -> None:
    world.neptune.fail(START, FULL, share=1)
    job_id = world.start(world.requested())["jobId"]
    world.neptune.clear_faults()
    world.clock.time = from_text(world.paused_until() or "")
    happens(world)
    world.take(job_id, turn=True)
    assert [world.job(job_id)["status"], world.paused_until()] == [status, None]


@pytest.mark.parametrize("ours", [True, False])
def test_a_probe_that_finds_its_explicit_id_in_use_ends_the_pause(world: World, ours: bool) -> None:
    world.neptune.fail(START, FULL, share=1)
    world.start(world.requested(id="mine"))
    world.neptune.clear_faults()
    world.clock.time = from_text(world.paused_until() or "")

    def somebody_is_first(call: Call) -> None:
        if (call.operation, call.moment) == ("TransactWriteItems", "after"):
            world.elsewhere("mine", "s3://models-bucket/trained/mine" if ours else "s3://elsewhere/x")
            world.calls.watchers.remove(somebody_is_first)

    world.calls.watchers.append(somebody_is_first)
    world.take("mine", turn=True)
    assert [world.job()["status"], world.paused_until()] == ["STARTED" if ours else "REJECTED", None]


# --- slots and records that another hand has written ------------------------------------------------------------------


def test_only_slots_of_jobs_that_have_ended_or_have_no_record_are_freed(make_world: MakeWorld) -> None:
    world = make_world({"stage_seconds": 1e6}, MaxConcurrentTrainingJobs="4", GiveUpSeconds="3600")
    ended, kept, waits = (world.start(world.requested(id=job_id))["jobId"] for job_id in ("ended", "kept", "waits"))
    world.neptune.complete_job(ended)
    until_due(world, ended)
    world.take(ended)
    world.neptune.add_data_processing_job("night", status="InProgress")
    waiting = world.start(world.requested(dataProcessingJobId="night"))["jobId"]
    world.hold_slots(ended, "nobody", waiting)
    queued = world.start(world.requested())["jobId"]
    assert world.job(queued)["waitingFor"] == "a slot"
    world.tick()
    assert world.slots() == {kept, waits, waiting}


def test_a_record_that_cannot_be_read_is_due_again_after_an_hour(world: World) -> None:
    job_id = running(world)
    session().client("dynamodb").update_item(
        TableName=TABLE,
        Key={"jobId": {"S": job_id}},
        UpdateExpression="SET version = :word",
        ExpressionAttributeValues={":word": {"S": "no number"}},
    )
    assert not world.take(job_id)
    assert world.job()["nextAttemptAt"] == to_text(world.clock.now() + 60 * MINUTE)


# --- what is news -----------------------------------------------------------------------------------------------------

WAITS_ITS_TURN = {"status": "WAITING", "waitingFor": "its turn"}
WAITS_FOR_A_SLOT = {"status": "WAITING", "waitingFor": "a slot"}
CLAIMED = {"status": "REQUESTED", "attempts": 1, "waitedFor": "its turn"}
CLAIMED_AGAIN = {"status": "REQUESTED", "attempts": 2, "waitedFor": "its turn"}
STARTED = {"status": "STARTED", "attempts": 1}


@pytest.mark.parametrize(
    ("old", "new", "news"),
    [
        ({}, WAITS_ITS_TURN, True),
        (WAITS_ITS_TURN, WAITS_ITS_TURN, False),
        (WAITS_ITS_TURN, WAITS_FOR_A_SLOT, True),
        (WAITS_ITS_TURN, CLAIMED, True),
        (WAITS_ITS_TURN, CLAIMED_AGAIN, False),
        (CLAIMED, WAITS_ITS_TURN, False),
        (CLAIMED, WAITS_FOR_A_SLOT, True),
        (CLAIMED, CLAIMED, False),
        (CLAIMED, STARTED, True),
        (CLAIMED, {"status": "REJECTED"}, True),
        (CLAIMED, {"status": "FAILED"}, True),
        (STARTED, STARTED, False),
        (STARTED, {**STARTED, "arn": "arn:aws:…"}, True),
        (STARTED, {"status": "REJECTED"}, True),
        (STARTED, {"status": "FAILED"}, True),
        (STARTED, {"status": "COMPLETED"}, True),
        (WAITS_ITS_TURN, {"status": "SUPERSEDED"}, True),
        (WAITS_ITS_TURN, {"status": "REJECTED"}, True),
    ],
)
def test_a_new_status_is_news_and_waiting_again_for_the_same_is_none(
    old: dict[str, Any], new: dict[str, Any], news: bool
) -> None:
    assert needs_announcement(new, old) is news
