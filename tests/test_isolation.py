"""Faults that last, for one job or for one operation: every job ends or runs within its bound, and the others go on."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from botocore.exceptions import ReadTimeoutError

from tests.world import Call, Crash, Hang, World, checks
from tests.world.calls import error

pytestmark = pytest.mark.faults

START, GET = "StartMLModelTrainingJob", "GetMLModelTrainingJob"
MakeWorld = Callable[..., World]


def about(operation: str, *job_ids: str) -> Callable[[Call], bool]:
    """Tell the calls of an operation about one of the jobs, before they go out."""

    def concerned(call: Call) -> bool:
        text = str({name: value for name, value in call.parameters.items() if name != "context"})
        return (call.operation, call.moment) == (operation, "before") and any(job_id in text for job_id in job_ids)

    return concerned


def hangs(_: World, concerned: Callable[[Call], bool]) -> Callable[[Call], None]:
    """Let each such call outlive its function, as an answer does that trickles in byte by byte."""

    def watcher(call: Call) -> None:
        if concerned(call):
            raise Hang

    return watcher


def kills(_: World, concerned: Callable[[Call], bool]) -> Callable[[Call], None]:
    """Let each such call be the end of its process."""

    def watcher(call: Call) -> None:
        if concerned(call):
            raise Crash

    return watcher


def slow(world: World, concerned: Callable[[Call], bool]) -> Callable[[Call], None]:
    """Let each such call run into its read timeout."""

    def watcher(call: Call) -> None:
        if concerned(call):
            in_group = len(world.stepping) > 1
            world.clock.sleep(5 if in_group else world.services.settings.neptune_read_timeout_seconds)
            raise ReadTimeoutError(endpoint_url="https://neptune")

    return watcher


# --- a start whose answer stays unknown -------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["http-500", "drop-before", "InternalFailureException"])
def test_requests_that_neptune_always_answers_with_an_error_are_rejected_in_time_and_hold_no_slot_for_long(
    make_world: MakeWorld, fault: str
) -> None:
    world = make_world(GiveUpSeconds="3600")
    for job_id in ("bad-1", "bad-2"):
        world.neptune.fail(START, fault, share=1, job_id=job_id)
        world.start(world.requested(id=job_id))
    good = world.start(world.requested())["jobId"]
    world.minutes(60 + 5 + 2)
    assert world.statuses() == {"bad-1": "REJECTED", "bad-2": "REJECTED", good: "COMPLETED"}
    assert world.slots() == set()
    said = {"http-500": "500", "drop-before": "ConnectionClosedError"}.get(fault, fault)
    for job_id in ("bad-1", "bad-2"):
        *reasons, last = world.job(job_id)["reasons"]
        assert [any(said in each.get("value", "") for each in reasons), last["field"]] == [True, "giveUpAt"]


@pytest.mark.parametrize(
    ("code", "status"), [("ReadOnlyViolationException", 400), ("404", 404), ("SomethingNewException", 422)]
)
def test_a_definite_refusal_with_an_unlisted_code_is_tried_again_and_then_rejected_with_what_neptune_said(
    make_world: MakeWorld, code: str, status: int
) -> None:
    world = make_world(GiveUpSeconds="3600")
    refused = about(START, "bad")
    with world.watched(lambda call: error(code, status) if refused(call) else None):
        world.start(world.requested(id="bad"))
        assert [world.job("bad")["status"], world.slots()] == ["WAITING", set()]
        good = world.start(world.requested())["jobId"]
        world.minutes(65)
    assert world.statuses() == {"bad": "REJECTED", good: "COMPLETED"}
    assert code in world.job("bad")["reasons"][0]["value"]


def test_no_start_is_sent_after_give_up_at_however_long_track_stood_still(make_world: MakeWorld) -> None:
    world = make_world(GiveUpSeconds="43200", MaxConcurrentTrainingJobs="1")
    world.neptune.fail(START, "TooManyRequestsException", share=1)
    world.start(world.requested())
    world.neptune.clear_faults()
    before = world.posts()
    world.clock.sleep(3 * 86_400)
    world.until_quiet()
    checks.at_the_end(world)
    assert [world.job()["status"], world.posts()] == ["REJECTED", before]


def test_a_start_that_meets_429_is_not_repeated_beyond_give_up_at(make_world: MakeWorld) -> None:
    world = make_world(GiveUpSeconds="3")
    world.neptune.fail(START, "TooManyRequestsException", share=1)
    world.start(world.requested())
    last = max(request.time for request in world.neptune.requests if request.operation == START)
    assert last < world.epoch(world.job()["createdAt"]) + 3
    world.minutes(2)
    assert world.job()["status"] == "REJECTED"


# --- a step that hangs or kills its process ---------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [hangs, kills, slow])
def test_a_running_job_whose_look_never_ends_delays_no_other_and_ends_within_its_bound(
    make_world: MakeWorld, fault
) -> None:
    world = make_world(MaxConcurrentTrainingJobs="3", DoubtSeconds="7200")
    bad, other = (world.start(world.requested(id=job_id))["jobId"] for job_id in ("bad", "other"))
    with world.watched(fault(world, about(GET, "/bad"))):
        world.clock.sleep(60)
        world.queue.send(world.uploaded("fraud"))
        world.minutes(12)
        assert world.job(other)["status"] == "COMPLETED"
        assert {each["status"] for each in world.jobs().values() if each["trigger"]["kind"] == "upload"} <= {
            "STARTED",
            "COMPLETED",
        }
        world.minutes(3 * 60 if fault is slow else 60)
        if fault is slow:
            assert world.job(bad)["status"] == "FAILED"
            assert "may still be running" in world.job(bad)["reasons"][-1]["remedy"]
        else:
            world.clock.sleep(20 * 86_400)  # nobody could read its status even once: the longest run that it may have
            world.minutes(2)
            assert world.job(bad)["status"] == "FAILED"
    assert world.slots() == set()


@pytest.mark.parametrize("fault", [hangs, kills, slow])
def test_a_request_whose_look_up_never_ends_is_failed_within_its_bound_and_its_slot_is_free(
    make_world: MakeWorld, fault
) -> None:
    world = make_world(MaxConcurrentTrainingJobs="1", GiveUpSeconds="3600", DoubtSeconds="1800")
    world.neptune.fail(START, "drop-after")
    lost = world.start(world.requested())["jobId"]
    with world.watched(fault(world, about(GET, f"/{lost}"))):
        world.minutes(60)
        other = world.start(world.requested())["jobId"]
        assert [world.job(lost)["status"], world.job(other)["waitingFor"]] == ["REQUESTED", "a slot"]
        world.minutes(30 + 3)
        assert [world.job(lost)["status"], world.job(other)["status"]] == ["FAILED", "STARTED"]
        assert "may still be running" in world.job(lost)["reasons"][-1]["remedy"]
    world.neptune.complete_job(lost)
    world.until_quiet()
    assert [world.posts(), world.slots()] == [2, set()]


def test_a_first_step_that_hangs_delays_no_other_job(make_world: MakeWorld) -> None:
    world = make_world(MaxConcurrentTrainingJobs="5", GiveUpSeconds="3600")
    with world.watched(hangs(world, about("GetObject", "/bomb/"))):
        for number in range(12):
            world.queue.send(world.uploaded(f"bomb/{number}"))
        world.minutes(3)
        world.queue.send(world.uploaded("fraud"))
        world.minutes(4)
        fraud = next(each for each in world.jobs().values() if each["model"].endswith("/fraud/"))
        assert fraud["status"] == "STARTED"
        assert fraud["startedAt"] <= (world.clock.now() - timedelta(minutes=2)).isoformat()
        world.minutes(75)
    assert sorted({*world.statuses().values()}) == ["COMPLETED", "REJECTED"]
    assert list(world.statuses().values()).count("REJECTED") == 12


def test_with_more_hung_jobs_than_steps_at_once_a_healthy_upload_starts_within_two_ticks(make_world: MakeWorld) -> None:
    world = make_world({"stage_seconds": 1e6}, MaxConcurrentTrainingJobs="50")
    for number in range(24):
        world.start(world.requested(id=f"run-{number}"))
    world.clock.sleep(3600)
    with world.watched(slow(world, about(GET, "/run-"))):
        world.minutes(3)
        for _ in range(5):
            upload = world.start(world.uploaded("fraud"))["jobId"]
            world.minutes(3)  # its files settle for a minute
            assert world.job(upload)["status"] == "STARTED"


def test_requests_with_an_explicit_id_whose_look_up_hangs_do_not_stand_at_the_head_of_the_queue(
    make_world: MakeWorld,
) -> None:
    world = make_world(MaxConcurrentTrainingJobs="5")
    with world.watched(slow(world, about(GET, "/odd-"))):
        for number in range(4):
            world.start(world.requested(id=f"odd-{number}"))
        upload = world.start(world.uploaded("fraud"))["jobId"]
        world.minutes(3)
        assert world.job(upload)["status"] == "STARTED"


# --- one request that alone meets 429 ---------------------------------------------------------------------------------


def test_one_request_that_alone_meets_429_blocks_no_other(make_world: MakeWorld) -> None:
    world = make_world(MaxConcurrentTrainingJobs="5", GiveUpSeconds="7200")
    world.neptune.fail(START, "TooManyRequestsException", share=1, job_id="big")
    world.start(world.requested(id="big"))
    small = []
    for number in range(3):
        world.clock.sleep(1)
        small.append(world.start(world.requested(id=f"small-{number}"))["jobId"])
    world.minutes(5)
    assert [world.job(job_id)["status"] for job_id in small] == ["STARTED"] * 3
    world.minutes(120)
    assert world.job("big")["status"] == "REJECTED"
    assert world.slots() == set()


def test_a_lost_race_for_a_claim_costs_a_job_nothing(make_world: MakeWorld) -> None:
    world = make_world(MaxConcurrentTrainingJobs="1")
    first = world.start(world.requested(id="first"))["jobId"]
    world.clock.sleep(1)
    older = world.start(world.requested(id="older"))["jobId"]
    world.neptune.complete_job(first)
    world.clock.sleep(400)
    world.take(first)
    races = iter([True])

    def race(call: Call) -> None:
        if (call.operation, call.moment) == ("TransactWriteItems", "before") and next(races, False):
            world.set_capacity(pausedUntil="2026-11-24T02:00:00.000Z")

    with world.watched(race):
        world.track()
    job = world.job(older)
    assert [job["status"], job["nextAttemptAt"]] == ["WAITING", job["createdAt"]]
    world.clock.sleep(5)
    newer = world.start(world.requested(id="newer"))["jobId"]
    world.track()
    assert [world.job(older)["status"], world.job(newer)["status"]] == ["STARTED", "WAITING"]


# --- what waiting costs -----------------------------------------------------------------------------------------------


def test_a_job_that_waits_for_data_processing_is_looked_at_every_five_minutes_in_the_end(world: World) -> None:
    world.neptune.add_data_processing_job("night", status="InProgress", seconds=1e6)
    world.start(world.requested(dataProcessingJobId="night"))
    world.minutes(60)
    calls: list[Call] = []
    with world.watched(lambda call: calls.append(call) if call.moment == "before" else None):
        world.minutes(60)
    assert 11 <= sum(call.operation == "GetMLDataProcessingJob" for call in calls) <= 13


def test_a_tick_with_nothing_due_makes_three_queries_and_no_other_call(world: World) -> None:
    world.start(world.requested())
    calls: list[str] = []
    with world.watched(lambda call: calls.append(call.operation) if call.moment == "before" else None):
        world.tick()
    assert calls == ["Query"] * 3


def test_jobs_that_wait_for_a_slot_are_not_given_up_for_that(make_world: MakeWorld) -> None:
    world = make_world({"stage_seconds": 700.0}, MaxConcurrentTrainingJobs="1", GiveUpSeconds="1800")
    ids = [world.start(world.requested())["jobId"] for _ in range(3)]
    world.until_quiet()
    assert [world.job(job_id)["status"] for job_id in ids] == ["COMPLETED"] * 3


def test_a_job_that_has_waited_for_a_slot_still_has_all_of_give_up_seconds_for_other_waits(
    make_world: MakeWorld,
) -> None:
    world = make_world({"stage_seconds": 1000.0}, MaxConcurrentTrainingJobs="1", GiveUpSeconds="1800")
    _, second = (world.start(world.requested())["jobId"] for _ in range(2))
    world.minutes(40)
    assert world.job(second)["waitingFor"] == "a slot"
    world.neptune.fail(START, "TooManyRequestsException", share=1)
    world.minutes(30)
    assert [world.job(second)["status"], world.job(second)["waitingFor"]] == ["WAITING", "capacity"]
    world.minutes(30)
    assert world.job(second)["status"] == "REJECTED"


def test_a_job_that_waits_for_a_slot_longer_than_slot_wait_seconds_is_rejected(make_world: MakeWorld) -> None:
    world = make_world(
        {"stage_seconds": 1e6}, MaxConcurrentTrainingJobs="1", GiveUpSeconds="600", SlotWaitSeconds="3600"
    )
    _, second = (world.start(world.requested())["jobId"] for _ in range(2))
    world.minutes(59)
    assert world.job(second)["status"] == "WAITING"
    world.minutes(3)
    assert world.job(second)["status"] == "REJECTED"
