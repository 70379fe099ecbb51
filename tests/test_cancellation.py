"""A training is cancelled, whatever it is doing: it is STOPPED, exactly once started if at all, and announced."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from neptune_training.aws.dynamodb_items import typed
from neptune_training.checks import events
from neptune_training.checks.events import Unreadable
from neptune_training.flow import step, time_bounds
from neptune_training.model.jobs import Requested
from neptune_training.model.times import from_text
from tests.rendered import Rendered
from tests.world import Call, Crash, World, checks
from tests.world.calls import error
from tests.world.lasting import Lasting
from tests.world.surroundings import TABLE, session

pytestmark = pytest.mark.mutants

START, GET, CANCEL = "StartMLModelTrainingJob", "GetMLModelTrainingJob", "CancelMLModelTrainingJob"
BY = "event com.example.people event-2"
JOB = "mine"


@pytest.fixture
def running(world: World) -> World:
    world.start(world.requested(id=JOB))
    assert world.statuses() == {JOB: "STARTED"}
    return world


def cancels(world: World) -> Callable[[], int]:
    """Count the cancellations that are sent to Neptune from now on."""
    sent: list[Call] = []
    world.calls.watchers.append(lambda call: sent.append(call) if call[1:3] == (CANCEL, "before") else None)
    return lambda: len(sent)


def events_body(**detail: Any) -> str:
    said = {"id": "6a7e", "detail-type": events.CANCELLATION, "source": "my.app"}
    return json.dumps({**said, "detail": detail})


# --- the event --------------------------------------------------------------------------------------------------------


def test_a_cancellation_names_a_job_who_asked_and_whether_to_delete() -> None:
    asked = events.read(events_body(id=JOB))
    assert asked.parameters == {"id": JOB, "clean": False}
    assert [asked.trigger.kind, asked.trigger.source, asked.trigger.eventId] == ["cancellation", "my.app", "6a7e"]
    assert events.read(events_body(id=JOB, clean=True)).parameters["clean"] is True


@pytest.mark.parametrize(
    ("detail", "field", "problem", "remedy"),
    [
        ({}, "id", "is missing", "Set it to the id of the job to cancel"),
        ({"id": "a b"}, "id", "has characters that are not allowed there", "Set it to the id of the job to cancel"),
        ({"id": 7}, "id", "should be a valid string", "Set it to the id of the job to cancel"),
        ({"id": JOB, "clean": "yes"}, "clean", "should be a valid boolean", "Set it to true or false"),
        ({"id": JOB, "claen": True}, "claen", "is not a known key here", 'Did you mean "clean"?'),
    ],
)
def test_a_cancellation_that_cannot_be_read_is_rejected_with_field_and_remedy(
    detail: dict[str, Any], field: str, problem: str, remedy: str, world: World
) -> None:
    with pytest.raises(Unreadable) as unreadable:
        events.read(events_body(**detail))
    [found] = unreadable.value.problems
    assert found.field == field
    assert found.problem.startswith(problem)
    assert found.remedy.startswith(remedy)
    world.start(events_body(**detail))
    world.until_quiet()
    [job] = world.jobs().values()
    assert [job["status"], job["trigger"]["kind"], job["jobId"][:9]] == ["REJECTED", "cancellation", "rejected-"]
    assert world.announcements()[-1]["status"] == "REJECTED"


def test_a_schedule_cannot_send_a_cancellation_and_that_starts_no_training(world: World) -> None:
    run = {"resources": ["arn:aws:scheduler:us-east-1:1:schedule/g/s"], "time": "2026-11-24T02:00:00Z"}
    body = {"source": "aws.scheduler", "detail-type": events.CANCELLATION, **run, "detail": {}}
    answer = world.start(json.dumps(body))
    [reason] = world.job(answer["jobId"])["reasons"]
    assert [answer["status"], reason["field"], world.accepted()] == ["REJECTED", "detail-type", {}]


def test_a_cancellation_that_deletes_is_rejected_unless_the_operator_allows_it(running: World) -> None:
    sent = cancels(running)
    answer = running.start(running.cancelled(JOB, clean=True))
    assert [answer["status"], running.job(JOB)["status"], sent()] == ["REJECTED", "STARTED", 0]
    [reason] = running.job(answer["jobId"])["reasons"]
    assert [reason["field"], "AllowCancelClean" in reason["remedy"]] == ["clean", True]
    running.until_quiet()
    checks.at_the_end(running)


def test_a_cancellation_that_deletes_is_sent_so_if_the_operator_allows_it(make_world: Callable[..., World]) -> None:
    world = make_world(AllowCancelClean="true")
    urls: list[Any] = []
    world.calls.watchers.append(lambda call: urls.append(call.parameters) if call[1:3] == (CANCEL, "before") else None)
    world.start(world.requested(id=JOB))
    world.start(world.cancelled(JOB, clean=True))
    assert [each["query_string"].get("clean") for each in urls] == ["true"]
    world.until_quiet()
    checks.at_the_end(world)
    assert [world.job(JOB)["status"], world.job(JOB)["cancelClean"]] == ["STOPPED", True]


def test_a_deletion_that_is_no_longer_allowed_is_not_sent_but_the_job_is_cancelled(running: World) -> None:
    urls: list[Any] = []
    running.calls.watchers.append(
        lambda call: urls.append(call.parameters) if call[1:3] == (CANCEL, "before") else None
    )
    put(JOB, {**running.job(JOB), "cancelledBy": BY, "cancelClean": True})
    running.until_quiet()
    assert [[each["query_string"].get("clean") for each in urls], running.job(JOB)["status"]] == [[None], "STOPPED"]


def test_a_kept_cancellation_whose_deletion_is_no_longer_allowed_is_rejected_and_cancels_nothing(world: World) -> None:
    kept = world.start(world.cancelled(JOB))["jobId"]
    put(kept, {**world.job(kept), "asked": json.dumps({"id": JOB, "clean": True})})
    world.start(world.requested(id=JOB))
    assert [world.job(kept)["status"], world.job(kept)["reasons"][0]["field"]] == ["REJECTED", "clean"]
    world.until_quiet()
    assert world.job(JOB)["status"] == "COMPLETED"


def put(job_id: str, job: dict[str, Any]) -> None:
    """Write the record as it is."""
    session().client("dynamodb").put_item(TableName=TABLE, Item=typed({**job, "jobId": job_id}))


def test_the_example_event_cancels_the_job_that_it_names() -> None:
    asked = events.read((Path(__file__).parent.parent / "events" / "start-cancellation.json").read_text())
    assert [asked.trigger.kind, asked.parameters["id"]] == ["cancellation", "weekly-43"]


# --- what the job is doing --------------------------------------------------------------------------------------------


def test_a_running_job_is_cancelled_at_once_and_looked_at_each_minute_until_it_is_stopped(running: World) -> None:
    sent = cancels(running)
    running.start(running.cancelled(JOB))
    job = running.job(JOB)
    assert [sent(), job["neptuneStatus"], job["cancelledBy"]] == [1, "Stopping", BY]
    assert from_text(job["nextAttemptAt"]) - running.clock.now() <= running.services.settings.status_check_seconds
    assert running.until_quiet() <= 3  # a stage of Neptune's takes 100 seconds
    checks.at_the_end(running)
    job = running.job(JOB)
    assert [job["status"], job["neptuneStatus"], sent()] == ["STOPPED", "Stopped", 1]
    assert [reason["field"] for reason in job["reasons"]] == ["cancelledBy"]
    last = running.announcements()[-1]
    assert [last["status"], last["cancelledBy"]] == ["STOPPED", BY]


def test_a_waiting_job_is_stopped_at_once_and_never_started(make_world: Callable[..., World]) -> None:
    world = make_world(MaxConcurrentTrainingJobs="1")
    world.start(world.requested(id="first"))
    world.start(world.requested(id=JOB))
    assert world.job(JOB)["waitingFor"] == "a slot"
    assert world.start(world.cancelled(JOB))["status"] == "STOPPED"
    assert world.job(JOB)["cancelledBy"] == "event com.example.people event-3"
    world.until_quiet()
    checks.at_the_end(world)
    assert [world.posts(JOB), world.statuses()] == [0, {"first": "COMPLETED", JOB: "STOPPED"}]


def test_a_claimed_job_whose_start_is_accepted_meanwhile_keeps_its_arn_and_is_cancelled(world: World) -> None:
    cancelling(world, START, "after")
    world.start(world.requested(id=JOB))
    job = world.job(JOB)
    assert [job["status"], job["cancelledBy"], "arn" in job] == ["STARTED", BY, True]
    assert world.until_quiet() <= 4
    checks.at_the_end(world)
    assert [world.job(JOB)["status"], world.accepted()] == ["STOPPED", {JOB: 1}]


@pytest.mark.parametrize("fault", ["TooManyRequestsException", "AccessDeniedException", "BadRequestException"])
def test_a_claimed_job_whose_start_is_refused_meanwhile_is_stopped_and_not_started_again(
    fault: str, world: World
) -> None:
    world.neptune.fail(START, fault, times=20)
    cancelling(world, START, "before")
    world.start(world.requested(id=JOB))
    assert world.job(JOB)["status"] == "STOPPED"
    world.neptune.clear_faults()
    world.until_quiet()
    checks.at_the_end(world)
    assert [world.accepted(), world.slots()] == [{}, set()]
    assert [reason["field"] for reason in world.job(JOB)["reasons"]] == ["cancelledBy", START]


@pytest.mark.parametrize(("fault", "accepted"), [("drop-before", {}), ("drop-after", {JOB: 1})])
def test_a_job_whose_start_was_not_answered_is_looked_up_after_its_lease_and_stopped(
    fault: str, accepted: dict[str, int], world: World
) -> None:
    world.neptune.fail(START, fault)
    world.start(world.requested(id=JOB))
    before = world.job(JOB)
    assert world.start(world.cancelled(JOB))["status"] == "REQUESTED"
    changed = {name for name, value in world.job(JOB).items() if value != before.get(name)}
    assert changed <= {"cancelledBy", "version", "updatedAt"}
    world.until_quiet()
    checks.at_the_end(world)
    assert [world.job(JOB)["status"], world.accepted(), world.posts(JOB)] == ["STOPPED", accepted, 1]


def test_a_waiting_job_whose_start_was_never_answered_is_stopped_and_says_that_it_may_still_run(world: World) -> None:
    world.neptune.fail(START, "drop-before")
    world.start(world.requested(id=JOB))
    world.hold_slots("x", "y")
    world.minutes(6)
    assert [world.job(JOB)["status"], world.job(JOB)["unanswered"]] == ["WAITING", True]
    world.start(world.cancelled(JOB))
    job = world.job(JOB)
    assert [job["status"], [each["field"] for each in job["reasons"]]] == ["STOPPED", ["cancelledBy", "id"]]
    assert "never answered" in job["reasons"][1]["problem"]
    assert f"look for {JOB} in Neptune" in job["reasons"][1]["remedy"]


def cancelling(world: World, operation: str, moment: str) -> None:
    """Cancel the job at the first call of `operation`, by an invocation of its own."""
    body, left = world.cancelled(JOB), [1]
    world.requested()  # keeps the numbers of the events apart
    body = body.replace("event-1", "event-2")

    def at(call: Call) -> None:
        if (call.operation, call.moment) == (operation, moment) and left:
            left.clear()
            world.start(body)

    world.calls.watchers.append(at)


def test_a_step_whose_record_a_cancellation_changes_before_its_first_write_leaves_the_job_due(
    running: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the cancellation would not be sent to Neptune for an hour."""
    monkeypatch.setattr(step, "step_now", lambda _services, job, _deadline: job)  # it is slower than the step
    running.clock.time = from_text(running.job(JOB)["nextAttemptAt"])
    sent, body, left = cancels(running), running.cancelled(JOB), [1]

    def cancel_first(call: Call) -> None:
        if (call.operation, call.moment) == ("PutItem", "before") and left:
            left.clear()
            running.start(body)

    with running.watched(cancel_first):
        running.take(JOB)
    job = running.job(JOB)
    assert [job["cancelledBy"], from_text(job["nextAttemptAt"]) <= running.clock.now()] == [BY, True]
    running.minutes(1)
    assert sent() == 1


def test_a_cancellation_that_comes_while_the_job_is_looked_at_is_sent_at_once(running: World) -> None:
    running.clock.time = from_text(running.job(JOB)["nextAttemptAt"])
    sent, body, left = cancels(running), running.cancelled(JOB), [1]

    def cancel(call: Call) -> None:
        if (call.operation, call.moment) == (GET, "before") and left:
            left.clear()
            running.start(body)

    with running.watched(cancel):
        running.take(JOB)
    assert [sent(), running.job(JOB)["cancelledBy"]] == [1, BY]


def test_an_ended_job_and_a_second_cancellation_change_nothing(running: World) -> None:
    sent = cancels(running)
    running.start(running.cancelled(JOB))
    before = running.items()
    assert running.start(running.cancelled(JOB))["status"] == "STARTED"
    assert [running.items() == before, sent()] == [True, 1]
    running.until_quiet()
    before = running.items()
    assert running.start(running.cancelled(JOB))["status"] == "STOPPED"
    assert running.items() == before


@pytest.mark.parametrize("ended", ["Completed", "Failed"])
def test_a_cancelled_job_that_ended_otherwise_is_stopped_and_says_what_neptune_says(ended: str, running: World) -> None:
    body = running.cancelled(JOB)
    running.neptune.complete_job(JOB) if ended == "Completed" else running.neptune.fail_job(JOB, "hpo", now=True)
    running.start(body)
    job = running.job(JOB)
    assert [job["status"], job["neptuneStatus"]] == ["STOPPED", ended]
    running.until_quiet()
    checks.at_the_end(running)


def test_a_cancelled_job_that_neptune_no_longer_has_is_stopped_after_missing_seconds(running: World) -> None:
    running.neptune.forget_job(JOB)
    running.start(running.cancelled(JOB))
    assert running.until_quiet() in range(60, 66)
    assert running.job(JOB)["status"] == "STOPPED"


@pytest.mark.parametrize(
    ("fault", "remedy"),
    [
        ("ThrottlingException", "Nothing to do"),
        ("http-500", "Nothing to do"),
        ("AccessDeniedException", "neptune-db:CancelMLModelTrainingJob"),
    ],
)
def test_a_cancellation_that_neptune_refuses_is_a_warning_and_sent_again_each_minute(
    fault: str, remedy: str, running: World
) -> None:
    running.neptune.fail(CANCEL, fault, times=3)
    sent = cancels(running)
    running.start(running.cancelled(JOB))
    [warning] = running.job(JOB)["warnings"]
    assert [warning["field"], remedy in warning["remedy"], running.errors] == [CANCEL, True, []]
    running.minutes(4)
    assert [sent(), running.job(JOB)["warnings"], running.job(JOB)["neptuneStatus"]] == [4, [], "Stopping"]
    running.until_quiet()
    checks.at_the_end(running)


@pytest.mark.parametrize(("fault", "counted"), [("AccessDeniedException", True), ("ThrottlingException", False)])
def test_each_step_counts_a_cancellation_that_is_denied_for_the_access_denied_alarm(
    fault: str, counted: bool, running: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("POWERTOOLS_METRICS_DISABLED")
    running.neptune.fail(CANCEL, fault, times=3)
    running.start(running.cancelled(JOB))
    capsys.readouterr()
    for counts in (counted, counted, False):  # the fourth is taken
        running.clock.sleep(60)
        running.track()
        assert ('"AccessDenied":[1.0]' in capsys.readouterr().out) is counts


@pytest.mark.parametrize("kind", ["500", "AccessDeniedException", "slow-before", "hang-before", "drop-after"])
def test_a_job_whose_cancellation_fails_for_ever_ends_stopped_when_it_has_ended(kind: str, running: World) -> None:
    lasting = Lasting(running)
    lasting.add(CANCEL, kind)
    with running.watched(lasting):
        running.queue.send(running.cancelled(JOB))
        running.until_quiet(40)
    checks.at_the_end(running)
    job = running.job(JOB)
    neptunes = "Stopped" if kind == "drop-after" else "Completed"
    assert [job["status"], job["neptuneStatus"]] == ["STOPPED", neptunes]


@pytest.mark.parametrize("kind", ["500", "hang-before"])
def test_a_cancelled_job_that_nobody_can_look_at_either_fails_in_doubt_by_its_bound(
    kind: str, make_world: Callable[..., World]
) -> None:
    day = {"DoubtSeconds": "600", "TrainingTimeOutInSeconds": "600", "MaxHPONumberOfTrainingJobs": "1"}
    world = make_world({"stage_seconds": 1e6}, **day)
    world.start(world.requested(id=JOB))
    lasting = Lasting(world)
    lasting.add(CANCEL, kind)
    lasting.add(GET, kind)
    with world.watched(lasting):
        world.queue.send(world.cancelled(JOB))
        world.until_quiet(80)
    job = world.job(JOB)
    assert [job["status"], job["cancelledBy"], world.slots()] == ["FAILED", BY, set()]
    assert "may still be running" in job["reasons"][-1]["remedy"]


def test_a_job_that_may_be_another_requests_is_not_cancelled_before_neptune_shows_whose_it_is(world: World) -> None:
    world.neptune.fail(START, "drop-after")
    world.start(world.requested(id=JOB))
    sent = cancels(world)
    world.services.table.save(adopted(world))
    world.start(world.cancelled(JOB))
    assert [sent(), world.job(JOB)["status"], "adopted" in world.job(JOB)] == [0, "STARTED", False]  # it is ours
    world.minutes(2)
    assert sent() == 1


def adopted(world: World) -> Any:
    """The job as a look leaves it that finds it without its output."""
    job, now = world.services.table.get(JOB), world.clock.now()
    assert isinstance(job, Requested)
    return job.started(now, look_again=now, warnings=(), adopted=True).bounded(now.replace(year=2030))


# --- before its request -----------------------------------------------------------------------------------------------


def test_a_cancellation_that_comes_before_its_request_is_kept_and_the_request_never_starts(world: World) -> None:
    kept = world.start(world.cancelled(JOB))
    assert kept["status"] == "WAITING"
    assert kept["jobId"].startswith("cancel-")
    assert world.start(world.requested(id=JOB))["status"] == "STOPPED"
    world.until_quiet()
    checks.at_the_end(world)
    assert world.statuses() == {kept["jobId"]: "SUPERSEDED", JOB: "STOPPED"}
    assert [world.job(kept["jobId"])["supersededBy"], world.posts(JOB)] == [JOB, 0]


def test_a_kept_cancellation_that_its_request_does_not_see_is_carried_out_at_the_next_tick(world: World) -> None:
    kept = world.start(world.cancelled(JOB))["jobId"]
    with world.outage("dynamodb", empty(), ["Query"]):
        assert world.start(world.requested(id=JOB))["status"] == "STARTED"
    world.minutes(2)
    assert [world.job(kept)["status"], world.job(JOB)["neptuneStatus"]] == ["SUPERSEDED", "Stopping"]
    world.until_quiet()
    checks.at_the_end(world)
    assert world.job(JOB)["status"] == "STOPPED"


def empty() -> Any:
    """The index's answer while it lags behind the table."""
    return SimpleNamespace(status_code=200), {"Items": [], "ResponseMetadata": {"HTTPStatusCode": 200}}


def test_a_cancellation_without_a_request_is_rejected_after_six_hours_and_its_id_is_free(world: World) -> None:
    kept = world.start(world.cancelled(JOB))["jobId"]
    assert world.until_quiet() in range(360, 367)
    checks.at_the_end(world)
    job = world.job(kept)
    assert [job["status"], job["reasons"][0]["value"]] == ["REJECTED", f'"{JOB}"']
    assert "nothing was cancelled" in job["reasons"][0]["problem"]
    assert world.start(world.requested(id=JOB))["status"] == "STARTED"


def test_a_cancellation_is_kept_for_longer_than_its_request_can_be_held_back_by_the_queue() -> None:
    queue = Rendered(NeptuneReadTimeoutSeconds="120")["TrainingQueue"]
    held_back = queue["VisibilityTimeout"] * queue["RedrivePolicy"]["maxReceiveCount"]
    assert time_bounds.KEPT_FOR.total_seconds() >= held_back


def test_a_cancellation_stops_its_request_that_was_sent_before_it_and_on_which_start_failed(world: World) -> None:
    with world.outage("dynamodb", error("InternalServerError", 500)):
        world.queue.send(world.requested(id=JOB))
        world.deliver()
    world.minutes(1)
    world.queue.send(world.cancelled(JOB))
    world.until_quiet()
    checks.at_the_end(world)
    assert [world.job(JOB)["status"], world.accepted()] == ["STOPPED", {}]


def test_a_request_that_came_just_before_the_bound_of_its_kept_cancellation_is_still_stopped(world: World) -> None:
    kept = world.start(world.cancelled(JOB))["jobId"]
    give_up_at = from_text(world.job(kept)["giveUpAt"])
    while from_text(world.job(kept)["nextAttemptAt"]) < give_up_at:
        world.minutes(1)
    world.clock.time = give_up_at - timedelta(seconds=1)

    def die(call: Call) -> None:
        if (call.operation, call.moment) == ("Query", "before"):
            raise Crash(call)

    world.queue.send(world.requested(id=JOB))
    with world.watched(die):
        world.deliver()
    assert world.job(JOB)["status"] == "WAITING"
    world.until_quiet()
    checks.at_the_end(world)
    assert world.statuses() == {kept: "SUPERSEDED", JOB: "STOPPED"}


def test_a_cancellation_that_is_delivered_again_after_it_was_rejected_cancels_nothing(world: World) -> None:
    body = world.cancelled(JOB)
    world.start(body)
    world.until_quiet()
    world.start(world.requested(id=JOB))
    assert world.start(body)["status"] == "REJECTED"
    assert world.job(JOB)["status"] == "STARTED"


# --- what an earlier version leaves -----------------------------------------------------------------------------------


def test_a_cancelled_job_that_an_earlier_version_let_wait_again_is_stopped_and_not_started(world: World) -> None:
    world.neptune.add_data_processing_job("night", status="InProgress")
    world.start(world.requested(id=JOB, dataProcessingJobId="night"))
    job = {**world.job(JOB), "cancelledBy": BY}
    session().client("dynamodb").put_item(TableName=TABLE, Item=typed(job))
    world.neptune.add_data_processing_job("night")
    world.until_quiet()
    checks.at_the_end(world)
    assert [world.job(JOB)["status"], world.posts(JOB)] == ["STOPPED", 0]


def test_a_kept_cancellation_is_rejected_by_a_version_that_knows_no_cancellations(world: World) -> None:
    """To it, the kind of the trigger is unknown, and nothing can be set by that: also not an id."""
    kept = world.start(world.cancelled(JOB))["jobId"]
    job = world.job(kept)
    job["trigger"]["kind"] = "only a later version knows it"
    session().client("dynamodb").put_item(TableName=TABLE, Item=typed(job))
    world.until_quiet()
    assert [world.job(kept)["status"], world.accepted()] == ["REJECTED", {}]
