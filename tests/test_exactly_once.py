"""One trigger, one job: repeats, races, replays, and ids that are taken."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from neptune_training.checks.events import CONFIGURATION
from neptune_training.model.statuses import Status
from tests.world import Call, World, checks
from tests.world.triggers import MODEL

pytestmark = pytest.mark.faults

WEEK_OF_SECONDS = 7 * 24 * 60 * 60
OTHER_BYTES = {**MODEL, CONFIGURATION: MODEL[CONFIGURATION] + b"\n"}
TRIGGERS: dict[str, Callable[[World], str]] = {
    "upload": lambda world: world.uploaded(),
    "event": lambda world: world.requested(),
    "event with id": lambda world: world.requested(id="mine"),
    "schedule": lambda world: world.ticked(),
}
any_trigger = pytest.mark.parametrize("trigger", TRIGGERS.values(), ids=TRIGGERS)


@any_trigger
def test_a_trigger_becomes_one_job_that_is_announced_from_waiting_to_completed(world: World, trigger) -> None:
    world.queue.send(trigger(world))
    world.until_quiet()
    checks.at_the_end(world)
    told = [message["status"] for message in world.announcements()]
    assert [told[0], told[-3:]] == ["WAITING", ["REQUESTED", "STARTED", "COMPLETED"]]
    assert world.announcements()[-1]["arn"] == world.job()["arn"] is not None
    assert world.posts() == 1


@any_trigger
def test_a_trigger_delivered_seven_times_is_posted_once(world: World, trigger) -> None:
    body = trigger(world)
    answers = set()
    for number in range(7):
        answers.add(world.start(body, f"message-{number}")["jobId"])
        world.minutes(1)
    world.until_quiet()
    checks.at_the_end(world)
    assert [world.posts(), answers] == [1, set(world.jobs())]


@any_trigger
def test_a_trigger_replayed_a_week_later_changes_nothing(world: World, trigger) -> None:
    body = trigger(world)
    world.start(body)
    world.until_quiet()
    before = world.items()
    world.clock.sleep(WEEK_OF_SECONDS)
    assert world.start(body, "replayed")["status"] == "COMPLETED"
    world.minutes(3)
    assert [world.posts(), world.items()] == [1, before]


@any_trigger
@pytest.mark.parametrize("other", ["delivery", "tick"])
def test_another_delivery_or_tick_at_any_moment_of_the_first_makes_no_second_post(world: World, trigger, other) -> None:
    body = trigger(world)
    world.clock.sleep(120)
    nested: list[Any] = []

    def meanwhile(call: Call) -> None:
        if not nested:
            nested.append(call)
            if other == "tick":
                world.track()
            else:
                world.start(body, "again")
            nested.clear()

    with world.watched(meanwhile):
        world.start(body)
    world.until_quiet()
    checks.at_the_end(world)
    assert [world.posts(), len(world.jobs()), world.errors] == [1, 1, []]


@pytest.mark.parametrize("state", ["WAITING", "REQUESTED", "STARTED"])
def test_a_second_tick_at_any_one_moment_of_a_tick_makes_no_second_post(make_world, state) -> None:
    world = make_world({"check_ids": False})
    due(world, state)
    then = world.remember()
    posts: list[Any] = []
    while ticked_within_a_tick(world, after=len(posts)):
        world.until_quiet()
        checks.at_the_end(world)
        posts.append(world.posts())
        world.go_back(then)
    assert len(posts) > 10
    assert [set(posts), world.errors] == [{2 if state == "REQUESTED" else 1}, []]


def due(world: World, state: str) -> None:
    """A job of which the next tick takes a step, out of `state`."""
    if state == "REQUESTED":
        world.neptune.fail("StartMLModelTrainingJob", "drop-before")
    world.start(world.uploaded() if state == "WAITING" else world.requested())
    assert world.job()["status"] == state
    world.clock.sleep(600)


def ticked_within_a_tick(world: World, after: int) -> bool:
    """Let a tick come when another has gone through so many moments; False where it has not so many."""
    seen: list[Call] = []

    def tick(call: Call) -> None:
        seen.append(call)
        if len(seen) == after + 1:
            world.track()

    with world.watched(tick):
        world.track()
    return len(seen) > after


def test_a_schedules_tick_from_two_attempts_is_one_job_and_the_next_night_another(world: World) -> None:
    first, second = world.ticked("2026-11-24T02:00:00Z"), world.ticked("2026-11-24T02:00:00Z")
    night_after = world.ticked("2026-11-25T02:00:00Z")
    ids = [world.start(body, f"message-{number}")["jobId"] for number, body in enumerate((first, second, night_after))]
    world.until_quiet()
    checks.at_the_end(world)
    assert ids[0] == ids[1] != ids[2]
    assert world.accepted() == dict.fromkeys(ids[1:], 1)


# --- two uploads of one key -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [MODEL, OTHER_BYTES], ids=["identical bytes", "different bytes"])
@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["in order", "reversed"])
def test_of_two_uploads_of_one_key_only_the_newer_starts_and_the_older_names_it(world: World, content, order) -> None:
    older = world.uploaded()
    world.clock.sleep(5)
    bodies = (older, world.uploaded(contents=content))
    for index in order:
        world.queue.send(bodies[index])
    world.until_quiet()
    checks.at_the_end(world)
    old, new = (world.start(body)["jobId"] for body in bodies)
    assert world.statuses() == {old: "SUPERSEDED", new: "COMPLETED"}
    assert world.job(old)["supersededBy"] == new
    assert world.accepted() == {new: 1}


def test_an_upload_whose_newer_ones_event_is_late_is_superseded_by_what_lies_in_s3(world: World) -> None:
    older = world.uploaded()
    newer = world.uploaded(contents=OTHER_BYTES)
    world.queue.send(older)
    world.minutes(5)
    assert world.job()["status"] == "SUPERSEDED"
    assert "ETag" in world.job()["supersededBy"]
    world.queue.send(newer)
    world.until_quiet()
    checks.at_the_end(world)
    assert sorted(world.statuses().values()) == ["COMPLETED", "SUPERSEDED"]


def test_a_newer_upload_noted_between_the_judgement_and_the_claim_still_supersedes(world: World) -> None:
    older = world.uploaded()
    newer = world.uploaded()
    world.start(older)
    world.clock.sleep(120)

    def overtake(call: Call) -> None:
        if call.operation == "TransactWriteItems" and call.moment == "before" and len(world.jobs()) == 1:
            world.start(newer)

    with world.watched(overtake):
        world.track()
    assert world.posts(world.start(older)["jobId"]) == 0
    world.until_quiet()
    checks.at_the_end(world)
    assert sorted(world.statuses().values()) == ["COMPLETED", "SUPERSEDED"]


def test_an_upload_of_the_same_key_after_the_first_has_started_is_a_job_of_its_own(world: World) -> None:
    world.queue.send(world.uploaded())
    world.minutes(3)
    assert world.job()["status"] == "STARTED"
    world.queue.send(world.uploaded())
    world.until_quiet()
    checks.at_the_end(world)
    assert list(world.statuses().values()) == ["COMPLETED", "COMPLETED"]


def test_a_configuration_deleted_before_the_start_is_rejected_by_name(world: World) -> None:
    world.queue.send(world.uploaded())
    world.deliver()
    world.remove("fraud", CONFIGURATION)
    world.until_quiet()
    checks.at_the_end(world)
    assert world.job()["status"] == "REJECTED"
    assert "deleted" in world.job()["reasons"][0]["problem"]


# --- explicit ids -----------------------------------------------------------------------------------------------------


def test_the_same_request_under_an_explicit_id_is_a_repeat_whatever_its_event(world: World) -> None:
    answers = [world.start(world.requested(id="mine", maxHPONumberOfTrainingJobs=12)) for _ in range(3)]
    world.until_quiet()
    checks.at_the_end(world)
    assert [{answer["jobId"] for answer in answers}, world.accepted()] == [{"mine"}, {"mine": 1}]


def test_another_request_under_a_used_id_is_rejected_under_an_id_of_its_own(world: World) -> None:
    world.start(world.requested(id="mine"))
    other = world.requested(id="mine", maxHPONumberOfTrainingJobs=12)
    answers = [world.start(other) for _ in range(3)]
    world.until_quiet()
    checks.at_the_end(world)
    assert {answer["status"] for answer in answers} == {"REJECTED"}
    assert world.job(answers[0]["jobId"])["reasons"][0]["field"] == "id"
    assert world.accepted() == {"mine": 1}


def test_an_explicit_id_of_somebody_elses_job_is_rejected_and_that_job_left_alone(world: World) -> None:
    world.elsewhere("somebody-elses")
    world.queue.send(world.requested(id="somebody-elses"))
    world.until_quiet()
    assert world.job()["status"] == "REJECTED"
    assert "id taken" in world.job()["reasons"][0]["problem"]
    assert "arn" not in world.job()
    assert [world.posts("somebody-elses"), world.slots()] == [1, set()]


def test_an_explicit_id_that_somebody_takes_between_the_look_and_the_post_is_rejected(world: World) -> None:
    def take(call: Call) -> None:
        if call.operation == "StartMLModelTrainingJob" and call.moment == "before":
            world.elsewhere("somebody-elses")

    with world.watched(take):
        world.start(world.requested(id="somebody-elses"))
    world.until_quiet()
    assert [world.job()["status"], world.accepted()] == ["REJECTED", {"somebody-elses": 1}]


def test_a_derived_id_that_neptune_has_already_is_ours_and_adopted(world: World) -> None:
    body = world.requested()
    job_id = world.start(body)["jobId"]
    world.forget_records()
    world.queue.send(body)
    world.until_quiet()
    checks.at_the_end(world)
    assert world.job(job_id)["status"] == "COMPLETED"
    assert [reason["field"] for reason in world.job(job_id)["warnings"]] == ["arn"]


# --- what cannot be read ----------------------------------------------------------------------------------------------

REQUEST = '{"id": "1", "detail-type": "Neptune ML Training Requested", "detail": {"a": %s}}'
POISON = {
    "no JSON": "train model 7, please",
    "empty": "",
    "null": "null",
    "a list": "[]",
    "another event": json.dumps({"source": "aws.ec2", "detail-type": "x", "id": "1", "detail": {}}),
    "a megabyte": json.dumps({"source": "x" * 1_000_000}),
    "deep nesting": "[" * 100_000,
    "deep nesting in an event": REQUEST % ("[" * 500 + "]" * 500),
    "half a character": '{"source": "\\ud800"}',
    "control characters": "\x00\x01\x02",
    "S3 without sequencer": json.dumps(
        {"source": "aws.s3", "detail": {"bucket": {"name": "b"}, "object": {"key": f"models/x/{CONFIGURATION}"}}}
    ),
    "S3's test event": json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}),
    "several S3 records": json.dumps({"Records": [{"eventSource": "aws:s3"}, {"eventSource": "aws:s3"}]}),
    "a schedule's placeholder": json.dumps(
        {"source": "aws.scheduler", "resources": ["arn:x"], "time": "<aws.scheduler.scheduled-time>", "detail": {}}
    ),
    "a schedule without a list": json.dumps({"source": "aws.scheduler", "resources": 7, "time": [], "detail": {}}),
    "an id that is none": json.dumps(
        {"detail-type": "Neptune ML Training Requested", "id": "e", "detail": {"id": "#capacity"}}
    ),
    "an id of another type": json.dumps(
        {"detail-type": "Neptune ML Training Requested", "id": "e", "detail": {"id": ["a"]}}
    ),
}


@pytest.mark.parametrize("body", POISON.values(), ids=POISON)
def test_what_nobody_can_read_is_rejected_once_recorded_and_announced(world: World, body) -> None:
    for _ in range(2):
        assert world.start(body, "message-1")["status"] == "REJECTED"
    world.until_quiet()
    checks.at_the_end(world)
    assert [world.job()["status"], world.posts(), world.errors] == ["REJECTED", 0, []]
    assert len(world.announcements()) == 1
    assert all(reason["field"] and reason["remedy"] for reason in world.job()["reasons"])


@pytest.mark.parametrize(
    "detail",
    [
        {"dataProcessingJobId": 7},
        {"customModelTrainingParameters": "x"},
        {"trainingInstanceType": "ml.p5.48xlarge"},
        {"maxHPONumberOfTrainingJobs": 10**17},
        {"maxHPONumberOfTrainingJobs": 1.5e300},
        {"modelName": "x"},
        {"subnets": [["subnet-1"]]},
        {"previousModelTrainingJobId": {}},
    ],
    ids=str,
)
def test_a_request_that_can_be_read_and_not_trained_is_rejected_under_its_events_id(world: World, detail) -> None:
    world.queue.send(world.requested(**detail))
    world.until_quiet()
    checks.at_the_end(world)
    assert [world.job()["status"], world.posts()] == [Status.REJECTED, 0]
    assert {reason["field"].partition("[")[0].partition(".")[0] for reason in world.job()["reasons"]} == set(detail)
