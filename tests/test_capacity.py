"""Capacity: slots that are never exceeded, a cluster that has none, and who comes first when it has some again."""

import re
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import pytest

import start
from tests.measure_waiting import waiting
from tests.world import Call, World, checks

pytestmark = pytest.mark.faults

START = "StartMLModelTrainingJob"
FULL = "TooManyRequestsException"


def starts(world: World) -> list:
    return [request for request in world.neptune.requests if request.operation == START]


def send_some(world: World, number: int) -> list[str]:
    """Requests one second apart, with their ids in that order."""
    ids = []
    for _ in range(number):
        ids.append(world.start(world.requested())["jobId"])
        world.clock.sleep(1)
    return ids


# --- slots ------------------------------------------------------------------------------------------------------------


def test_a_third_job_waits_for_a_slot_and_starts_when_the_first_has_ended(world: World) -> None:
    ids = send_some(world, 3)
    world.minutes(2)
    assert [world.job(ids[2])["status"], world.job(ids[2])["waitingFor"]] == ["WAITING", "a slot"]
    world.until_quiet()
    checks.at_the_end(world)
    assert world.accepted() == dict.fromkeys(ids, 1)


def test_jobs_that_wait_for_a_slot_start_in_the_order_in_which_they_were_asked_for(make_world) -> None:
    world = make_world(MaxConcurrentTrainingJobs="1")
    ids = send_some(world, 6)
    world.until_quiet()
    checks.at_the_end(world)
    assert [request.id for request in starts(world)] == ids


def test_a_job_asked_for_while_others_wait_does_not_pass_them(make_world) -> None:
    world = make_world(MaxConcurrentTrainingJobs="1")
    first, second = send_some(world, 2)
    world.neptune.complete_job(first)
    world.clock.sleep(600)
    world.take(first)
    assert world.slots() == set()
    late = world.start(world.requested())["jobId"]
    world.until_quiet()
    assert [request.id for request in starts(world)] == [first, second, late]


@pytest.mark.parametrize("most", [1, 3])
def test_slots_are_never_exceeded_with_sixteen_functions_at_once(make_world, most) -> None:
    world = make_world(MaxConcurrentTrainingJobs=str(most))
    exceeded = []

    def look(_: Call) -> None:
        slots, running = world.slots(), world.running()
        if len(slots) > most or not running <= slots:
            exceeded.append((slots, running))

    def function(number: int) -> None:
        if number % 2:
            world.track()
        else:
            start.begin(world.services, world.requested(id=f"job-{number}"), None, world.context())

    with world.watched(look), ThreadPoolExecutor(16) as pool:
        list(pool.map(function, range(24)))
    assert exceeded == []
    assert len(world.accepted()) == most
    world.until_quiet()
    checks.at_the_end(world)
    assert list(world.accepted().values()) == [1] * 12


def test_one_request_sent_to_eight_functions_at_once_is_posted_once(world: World) -> None:
    body = world.requested()

    def function(_: int) -> dict:
        return start.begin(world.services, body, None, world.context())

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(function, range(8)))
    assert len({answer["jobId"] for answer in answers}) == 1
    world.until_quiet()
    checks.at_the_end(world)
    assert world.posts() == 1


@pytest.mark.parametrize("stage", ["processing", "hpo", "transform"])
def test_a_job_that_fails_in_any_stage_gives_its_slot_back(world: World, stage) -> None:
    job_id = world.start(world.requested())["jobId"]
    world.neptune.fail_job(job_id, stage, reason="out of memory")
    world.until_quiet()
    checks.at_the_end(world)
    assert [world.job(job_id)["status"], world.job(job_id)["reasons"][0]["field"]] == ["FAILED", f"stages.{stage}"]


def test_slots_that_another_hand_left_behind_are_freed_by_the_next_tick(world: World) -> None:
    world.hold_slots("gone-1", "gone-2")
    job_id = world.start(world.requested())["jobId"]
    assert world.job(job_id)["waitingFor"] == "a slot"
    world.minutes(1)
    assert world.job(job_id)["status"] == "STARTED"
    world.until_quiet()
    checks.at_the_end(world)


def test_of_one_model_no_more_jobs_run_at_once_than_allowed_and_other_models_start(make_world) -> None:
    world = make_world(MaxConcurrentTrainingJobs="5", MaxConcurrentTrainingJobsPerModel="1")
    for _ in range(3):
        world.start(world.requested())  # one source, so one model
    other = world.start(world.ticked())["jobId"]
    assert sorted(world.statuses().values()) == ["STARTED", "STARTED", "WAITING", "WAITING"]
    assert world.job(other)["status"] == "STARTED"
    most = []
    with world.watched(lambda _: most.append(len(world.running() - {other}))):
        world.until_quiet()
    checks.at_the_end(world)
    assert max(most) == 1


# --- a cluster that has no capacity -----------------------------------------------------------------------------------


def test_a_start_meets_429_for_ten_seconds_and_then_waits_visibly_without_a_slot(world: World) -> None:
    world.neptune.fail(START, FULL, share=1)
    began = world.clock.now()
    job_id = world.start(world.requested())["jobId"]
    assert 5 < (world.clock.now() - began).total_seconds() <= 10
    assert 3 < world.posts() < 40
    job = world.job(job_id)
    assert [job["status"], job["waitingFor"], job["reasons"][0]["value"].partition(",")[0], world.slots()] == [
        "WAITING",
        "capacity",
        FULL,
        set(),
    ]


def test_a_429_that_passes_within_seconds_is_not_seen_in_the_record(world: World) -> None:
    world.neptune.fail(START, FULL, times=2)
    world.start(world.requested())
    assert [world.job()["status"], world.posts(), world.paused_until()] == ["STARTED", 3, None]


@pytest.mark.parametrize("fault", [FULL, "ThrottlingException"])
def test_ten_waiting_jobs_send_one_probe_a_minute_all_together(world: World, fault) -> None:
    world.neptune.fail(START, fault, share=1)
    ids = send_some(world, 10)
    world.minutes(2)
    before, minutes = world.posts(), 15
    world.minutes(minutes)
    assert 0.9 * minutes <= world.posts() - before <= minutes
    assert set(world.statuses().values()) == {"WAITING"}
    probes = [request.id for request in starts(world)][-minutes:]
    assert all(len({*probes[at : at + 10]}) == 10 for at in range(minutes - 9)), "each in its turn"
    assert {*probes} == {*ids}
    assert world.slots() == set()


def test_when_capacity_returns_all_start_within_two_ticks_in_the_order_of_the_queue(make_world) -> None:
    world = make_world(MaxConcurrentTrainingJobs="20")
    world.neptune.fail(START, FULL, share=1)
    ids = send_some(world, 8)
    world.minutes(10)
    refused = [request.id for request in starts(world)]
    queue = sorted(ids, key=lambda job_id: len(refused) - refused[::-1].index(job_id))
    world.neptune.clear_faults()
    world.minutes(2)
    assert [request.id for request in starts(world) if request.accepted] == queue
    assert set(world.statuses().values()) == {"STARTED"}
    assert world.paused_until() is None
    world.until_quiet()
    checks.at_the_end(world)


def test_a_job_that_waited_for_capacity_until_give_up_at_is_rejected_saying_so(make_world) -> None:
    world = make_world(GiveUpSeconds="3600")
    world.neptune.fail(START, FULL, share=1)
    ids = send_some(world, 3)
    give_up = world.job(ids[0])["giveUpAt"]
    world.minutes(58)
    assert set(world.statuses().values()) == {"WAITING"}
    world.until_quiet()
    checks.at_the_end(world)
    assert set(world.statuses().values()) == {"REJECTED"}
    problem = world.job(ids[0])["reasons"][-1]["problem"]
    assert re.fullmatch(
        r"has passed: the job has waited 6[01] minutes, as long as GiveUpSeconds allows, and still waits for capacity",
        problem,
    )
    assert 0 <= world.epoch(world.job(ids[0])["endedAt"]) - world.epoch(give_up) <= 60


def test_the_pause_grows_to_the_probe_period_and_never_beyond(make_world) -> None:
    world = make_world(CapacityProbeSeconds="600", StatusCheckSeconds="60")
    world.neptune.fail(START, FULL, share=1)
    world.start(world.requested())
    world.minutes(120)
    times = [request.time for request in starts(world)]
    gaps = [later - earlier for earlier, later in pairwise(times)][-5:]
    assert all(600 <= gap <= 660 for gap in gaps)


def test_a_probe_that_gets_no_answer_lets_the_next_one_through_after_the_pause(world: World) -> None:
    world.neptune.fail(START, FULL, share=1)
    ids = send_some(world, 2)
    world.minutes(5)
    world.neptune.clear_faults()
    world.neptune.fail(START, "drop-before")
    world.until_quiet()
    checks.at_the_end(world)
    assert world.accepted() == dict.fromkeys(ids, 1)


@pytest.mark.parametrize("refusal", ["AccessDeniedException", "InvalidParameterException"])
def test_a_probe_that_is_refused_for_another_reason_ends_the_pause(world: World, refusal) -> None:
    world.neptune.fail(START, FULL, share=1)
    ids = send_some(world, 2)
    world.minutes(5)
    world.neptune.clear_faults()
    world.neptune.fail(START, refusal, times=1)
    world.minutes(2)
    assert [world.paused_until(), world.job(ids[1])["status"]] == [None, "STARTED"]


@pytest.mark.parametrize("order", [1, -1], ids=["probe first", "probe last"])
def test_two_ticks_at_once_send_one_probe(world: World, order) -> None:
    world.neptune.fail(START, FULL, share=1)
    send_some(world, 3)
    world.minutes(5)
    before = world.posts()
    nested: list[Any] = []

    def second_tick(call: Call) -> None:
        if call.operation == "TransactWriteItems" and call.moment == ("before", "after")[order < 0] and not nested:
            nested.append(call)
            world.track()

    with world.watched(second_tick):
        world.track()
    assert world.posts() - before == 1


def test_two_functions_at_once_each_with_another_job_send_one_probe(world: World) -> None:
    world.neptune.fail(START, FULL, share=1)
    first, second = send_some(world, 2)
    world.minutes(5)
    before = world.posts()
    nested: list[Any] = []

    def other_function(call: Call) -> None:
        if call.operation == "TransactWriteItems" and call.moment == "before" and not nested:
            nested.append(call)
            world.take(second, turn=True)

    with world.watched(other_function):
        world.take(first, turn=True)
    assert world.posts() - before == 1


def test_a_claim_that_saw_no_pause_makes_no_post_when_one_has_begun_meanwhile(world: World) -> None:
    refused: list[Any] = []

    def meet_429(call: Call) -> None:
        if call.operation == "TransactWriteItems" and call.moment == "before" and not refused:
            refused.append(call)
            world.neptune.fail(START, FULL, share=1)
            world.start(world.requested())

    with world.watched(meet_429):
        late = world.start(world.requested())["jobId"]
    assert [world.job(late)["status"], world.posts(late)] == ["WAITING", 0]


def test_a_pause_that_a_wrong_clock_or_a_hand_has_set_to_next_year_is_shortened(world: World) -> None:
    world.set_capacity(pausedUntil="2027-11-24T02:00:00.000Z")
    job_id = world.start(world.requested())["jobId"]
    assert world.job(job_id)["waitingFor"] == "capacity"
    world.minutes(4)
    assert world.job(job_id)["status"] == "STARTED"
    world.until_quiet()
    checks.at_the_end(world)


# --- not ready --------------------------------------------------------------------------------------------------------


def test_a_model_waits_until_its_files_have_settled_and_then_starts(world: World) -> None:
    world.queue.send(world.uploaded())
    world.minutes(0.6)
    world.put("fraud", {"training.py": b"print(2)\n"})
    assert [world.job()["status"], world.job()["waitingFor"]] == ["WAITING", "files to settle"]
    settled = world.clock.epoch() + 60
    world.until_quiet()
    checks.at_the_end(world)
    assert starts(world)[0].time >= settled


def test_a_model_waits_for_a_missing_script_and_starts_when_it_has_come(world: World) -> None:
    files = {name: content for name, content in world.model.items() if name != "transform.py"}
    world.queue.send(world.uploaded(contents=files))
    world.minutes(5)
    assert [world.job()["waitingFor"], world.posts()] == ["files", 0]
    assert "transform" in world.job()["reasons"][0]["field"]
    world.put("fraud", {"transform.py": b"pass\n"})
    world.until_quiet()
    checks.at_the_end(world)
    assert world.job()["status"] == "COMPLETED"


def test_a_model_whose_script_never_comes_is_rejected_after_its_grace_with_the_scripts_name(world: World) -> None:
    files = {name: content for name, content in world.model.items() if name != "transform.py"}
    world.queue.send(world.uploaded(contents=files))
    minutes = world.until_quiet()
    checks.at_the_end(world)
    assert 15 <= minutes <= 18
    assert [world.job()["status"], world.posts()] == ["REJECTED", 0]
    assert world.job()["reasons"][0]["value"] == '"transform.py"'
    said = (
        r"has passed: the job has waited 1[5-8] minutes, as long as FilesGraceSeconds allows, and still waits for files"
    )
    assert re.fullmatch(said, world.job()["reasons"][-1]["problem"])


def test_a_job_waits_for_its_data_processing_and_starts_when_that_has_completed(world: World) -> None:
    world.neptune.add_data_processing_job("night", status="InProgress", seconds=1200)
    world.queue.send(world.requested(dataProcessingJobId="night"))
    world.minutes(15)
    assert [world.job()["waitingFor"], world.posts(), world.slots()] == ["data processing", 0, set()]
    world.until_quiet()
    checks.at_the_end(world)
    assert [world.job()["status"], world.posts()] == ["COMPLETED", 1]


@pytest.mark.parametrize("status", ["Failed", "Stopped"])
def test_a_job_whose_data_processing_has_failed_is_rejected_at_once(world: World, status) -> None:
    world.neptune.add_data_processing_job("night", status=status)
    world.start(world.requested(dataProcessingJobId="night"))
    assert [world.job()["status"], world.posts()] == ["REJECTED", 0]


def test_a_request_for_no_such_data_processing_job_is_rejected_and_starts_nothing(world: World) -> None:
    world.start(world.requested(dataProcessingJobId="no-such-job"))
    assert [world.job()["status"], world.posts()] == ["REJECTED", 0]
    assert world.job()["reasons"][0]["problem"] == "Neptune has no such job"


@pytest.mark.parametrize(
    ("message", "waiting_for"),
    [
        ("Provided MLDataProcessing job is not completed.", "data processing"),
        ("Provided ModelTraining job has not completed.", "previous training"),
    ],
)
def test_neptunes_own_word_that_something_has_not_completed_waits_without_a_slot(world, message, waiting_for) -> None:
    world.neptune.fail(START, "BadRequestException", message=message)
    world.start(world.requested())
    assert [world.job()["status"], world.job()["waitingFor"], world.slots()] == ["WAITING", waiting_for, set()]
    world.until_quiet()
    checks.at_the_end(world)
    assert world.job()["status"] == "COMPLETED"


# --- what waiting costs -----------------------------------------------------------------------------------------------


def test_ten_jobs_that_wait_for_capacity_make_no_call_more_than_one_does() -> None:
    assert waiting(10, minutes=3).calls == waiting(1, minutes=3).calls
