"""SageMaker's events are hints: they bring a look forward, and nothing rests on them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import track
from local.neptune_ml import NeptuneML, sagemaker_events
from neptune_training.aws import writes
from neptune_training.checks.sagemaker_events import FIELD_PREFIXES, SageMakerEnd, is_named_after, kind_of, read
from neptune_training.flow import sagemaker_hints
from neptune_training.model.jobs import Started
from neptune_training.model.times import from_text
from neptune_training.model.triggers import Trigger
from tests.world import Call, Crash, World
from tests.world.calls import error

pytestmark = pytest.mark.mutants

MakeWorld = Callable[..., World]
GET = "GetMLModelTrainingJob"
NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ARN = "arn:aws:sagemaker:us-east-1:123456789012"
NAME = "fraud-b12021-07-22-00-02-1360000"  # 8 characters of the id, then a time, as in the captured names


# --- the rule ---------------------------------------------------------------------------------------------------------


def job(**stages: dict[str, str]) -> Started:
    trigger = Trigger(kind="upload", identity="upload 1")
    times = dict.fromkeys(("createdAt", "updatedAt", "nextAttemptAt", "startedAt"), NOW)
    known: dict[str, Any] = {
        "jobId": "fraud-b1e336b353b5439ee2aa",
        "model": "m",
        "trigger": trigger,
        "fingerprint": "f",
        "stages": stages,
    }
    return Started.model_validate({**known, **times})


@pytest.mark.parametrize(("detail_type", "kind"), FIELD_PREFIXES.items())
def test_an_event_of_each_kind_names_the_sagemaker_job(detail_type: str, kind: str) -> None:
    event = {"detail-type": detail_type, "detail": {f"{kind}Arn": f"{ARN}:x/1", f"{kind}Name": "1"}}
    assert kind_of(event) == kind
    assert read(event, kind) == (f"{ARN}:x/1", "1", kind == "TrainingJob")


@pytest.mark.parametrize(
    "detail",
    [
        None,
        [],
        "x",
        5,
        {},
        {"ProcessingJobArn": "arn"},
        {"ProcessingJobName": "1"},
        {"ProcessingJobArn": 1, "ProcessingJobName": "1"},
        {"ProcessingJobArn": "arn", "ProcessingJobName": ["1"]},
        {"ProcessingJobArn": "", "ProcessingJobName": ""},
        {"TrainingJobArn": "arn", "TrainingJobName": "1"},
    ],
)
def test_an_event_that_names_none_is_ignored(detail: object) -> None:
    assert read({"detail-type": "SageMaker Processing Job State Change", "detail": detail}, "ProcessingJob") is None


@pytest.mark.parametrize(
    "event", [None, [], "x", 5, {}, {"detail-type": None}, {"detail-type": ["x"]}, {"detail-type": "Scheduled Event"}]
)
def test_any_other_event_is_no_hint(event: object) -> None:
    assert kind_of(event) is None


@pytest.mark.parametrize(
    ("name", "concerned"),
    [
        (NAME, True),
        ("fraud-b1", True),
        ("fraud-b", False),
        ("fraud-c12021-07-22-00-02-1360000", False),
        ("Fraud-b12021-07-22-00-02-1360000", False),
        ("x-fraud-b12021", False),
    ],
)
def test_a_sagemaker_job_concerns_the_trainings_whose_ids_first_eight_characters_its_name_begins_with(
    name: str, concerned: bool
) -> None:
    assert SageMakerEnd(f"{ARN}:processing-job/x", name, may_be_trial=False).concerns(job()) is concerned


def test_an_arn_among_the_stages_concerns_the_job_whatever_the_name() -> None:
    stages = {
        "processing": {"arn": f"{ARN}:a", "status": "Completed"},
        "hpo": {"arn": f"{ARN}:b", "status": "InProgress"},
    }
    for arn, concerned in ((f"{ARN}:a", True), (f"{ARN}:b", True), (f"{ARN}:c", False)):
        assert SageMakerEnd(arn, "other", may_be_trial=True).concerns(job(**stages)) is concerned


@pytest.mark.parametrize(
    ("stages", "concerned"),
    [
        ({}, True),
        ({"hpo": {"status": "InProgress"}}, True),
        ({"hpo": {"status": "Completed", "arn": f"{ARN}:b"}}, True),
        ({"hpo": {"status": "InProgress", "arn": f"{ARN}:b"}}, False),
    ],
)
def test_a_trials_name_concerns_its_training_only_while_the_current_stages_arn_is_unknown(
    stages: dict[str, dict[str, str]], concerned: bool
) -> None:
    assert SageMakerEnd(f"{ARN}:trial", NAME, may_be_trial=True).concerns(job(**stages)) is concerned
    assert SageMakerEnd(f"{ARN}:stage", NAME, may_be_trial=False).concerns(job(**stages))


# --- in the world -----------------------------------------------------------------------------------------------------


def running(world: World, **detail: Any) -> str:
    """A job whose first stage Neptune has shown, and that is not due."""
    job_id = str(world.start(world.requested(**detail))["jobId"])
    world.clock.time = from_text(world.job(job_id)["nextAttemptAt"])
    world.take(job_id)
    return job_id


def looks(world: World) -> int:
    return sum(each.operation == GET for each in world.neptune.requests)


def test_an_end_is_recorded_and_announced_as_soon_as_it_is_hinted(world: World) -> None:
    job_id = running(world)
    world.clock.sleep(1)
    world.neptune.complete_job(job_id)
    assert world.hint(world.stage_ended(job_id, "transform"))
    assert world.notify()
    assert world.job(job_id)["status"] == "COMPLETED"
    assert world.announcements()[-1]["status"] == "COMPLETED"


def test_a_lost_event_delays_the_end_by_a_quarter_of_an_hour_at_most(make_world: MakeWorld) -> None:
    world = make_world({"stage_seconds": 86_400.0})
    job_id = running(world)
    world.minutes(120)
    world.neptune.complete_job(job_id)
    world.minutes(14)
    assert world.job(job_id)["status"] == "STARTED"
    world.minutes(2)
    assert world.job(job_id)["status"] == "COMPLETED"


def test_a_doubled_event_changes_nothing_after_the_end(world: World) -> None:
    job_id = running(world)
    world.neptune.complete_job(job_id)
    event = world.stage_ended(job_id, "transform")
    world.hint(event)
    before, asked = world.items(), looks(world)
    assert world.hint(event)
    assert [world.items(), looks(world)] == [before, asked]


def test_two_events_at_once_lead_to_one_end(world: World) -> None:
    job_id = running(world)
    world.neptune.complete_job(job_id)
    for _ in range(2):
        world.take_hint(world.stage_ended(job_id, "transform"))
    assert [each["jobIds"] for each in world.invocations] == [[job_id]]
    assert world.take_step()
    assert world.job(job_id)["status"] == "COMPLETED"


def test_an_event_that_comes_before_neptune_shows_the_end_leads_to_a_look_each_minute_for_ten_minutes(
    make_world: MakeWorld,
) -> None:
    world = make_world({"stage_seconds": 86_400.0})
    job_id = running(world)
    world.minutes(120)
    asked = looks(world)
    world.hint(world.stage_ended(job_id, "processing"))
    assert looks(world) == asked + 1
    world.minutes(10)
    assert 10 <= looks(world) - asked <= 11
    asked = looks(world)
    world.minutes(15)
    assert looks(world) - asked <= 2


def test_the_looks_each_minute_end_as_soon_as_neptune_shows_the_end_of_the_stage(make_world: MakeWorld) -> None:
    world = make_world({"stage_seconds": 7_200.0})
    job_id = running(world)
    world.minutes(118)
    world.hint(world.stage_ended(job_id, "processing"))
    assert "lookOftenUntil" in world.job(job_id)
    world.minutes(3)
    assert world.job(job_id)["stages"].keys() == {"processing", "hpo"}
    assert "lookOftenUntil" not in world.job(job_id)
    assert from_text(world.job(job_id)["nextAttemptAt"]) > world.clock.now() + 10 * MINUTE


def test_frequent_looks_go_on_while_neptune_does_not_answer(make_world: MakeWorld) -> None:
    world = make_world({"stage_seconds": 86_400.0})
    job_id = running(world)
    world.neptune.fail(GET, "http-500")
    world.take_hint(world.stage_ended(job_id, "processing"))
    world.take_step()
    assert "lookOftenUntil" in world.job(job_id)
    world.neptune.forget_job(job_id)
    world.minutes(2)
    assert {"lookOftenUntil", "missingSince"} <= world.job(job_id).keys()


@pytest.mark.parametrize("kind", FIELD_PREFIXES.values())
def test_anothers_job_writes_nothing_and_asks_neptune_nothing(world: World, kind: str) -> None:
    running(world)
    before, asked = world.items(), looks(world)
    (detail_type,) = (words for words, each in FIELD_PREFIXES.items() if each == kind)
    named = {f"{kind}Arn": f"{ARN}:x/pytorch-1", f"{kind}Name": "pytorch-1", f"{kind}Status": "Completed"}
    assert world.take_hint({"source": "aws.sagemaker", "detail-type": detail_type, "detail": named})
    assert [world.items(), looks(world), world.invocations] == [before, asked, []]


@pytest.mark.parametrize("detail", [None, 5, "x", [], {}, {"ProcessingJobArn": {"x": 1}, "ProcessingJobName": None}])
def test_a_malformed_event_is_no_tick_and_writes_nothing(world: World, detail: object) -> None:
    running(world)
    world.minutes(1)
    world.clock.sleep(600)  # the job is due: a tick would name it
    before = world.items()
    assert world.take_hint({"detail-type": "SageMaker Processing Job State Change", "detail": detail})
    assert [world.items(), world.invocations] == [before, []]


def test_a_forged_event_leads_to_a_look_and_to_no_status_that_neptune_does_not_say(world: World) -> None:
    job_id = running(world)
    asked = looks(world)
    world.hint(world.stage_ended(job_id, "transform", ProcessingJobStatus="Failed", FailureReason="because I say so"))
    assert [looks(world) - asked, world.job(job_id)["status"]] == [1, "STARTED"]
    assert "because I say so" not in str(world.job(job_id))


def test_all_trainings_that_share_the_first_eight_characters_are_looked_at_in_one_invocation(
    make_world: MakeWorld,
) -> None:
    world = make_world(MaxConcurrentTrainingJobs="3")
    ids = [running(world, id=job_id) for job_id in ("fraud-b1-one", "fraud-b1-two", "churn-1")]
    world.take_hint(world.stage_ended(ids[0], "transform"))
    (invocation,) = world.invocations
    assert sorted(invocation["jobIds"]) == sorted(ids[:2])


def test_ends_of_trainings_that_share_eight_characters_cost_two_looks_of_each_other(make_world: MakeWorld) -> None:
    world = make_world({"stage_seconds": 1e6}, MaxConcurrentTrainingJobs="2")
    one, two = (running(world, id=job_id) for job_id in ("fraud-b1-one", "fraud-b1-two"))
    world.minutes(240)
    world.hint(world.stage_ended(one, "processing"))
    until = {job_id: from_text(world.job(job_id)["lookOftenUntil"]) - world.clock.now() for job_id in (one, two)}
    assert [until[one] > 9 * MINUTE, until[two] <= MINUTE] == [True, True]
    world.minutes(3)
    assert from_text(world.job(two)["nextAttemptAt"]) > world.clock.now() + 10 * MINUTE


def test_hints_at_once_for_trainings_that_share_eight_characters_lead_to_one_invocation(make_world: MakeWorld) -> None:
    world = make_world({"stage_seconds": 1e6}, MaxConcurrentTrainingJobs="9")
    ids = [running(world, id=f"fraud-b1-{number}") for number in range(9)]
    world.clock.sleep(1)
    writes: list[Call] = []
    world.calls.watchers.append(lambda call: writes.append(call) if call[1:3] == ("PutItem", "before") else None)
    for job_id in ids:
        world.take_hint(world.stage_ended(job_id, "processing"))
    assert [sorted(each["jobIds"]) for each in world.invocations] == [ids]
    assert len(writes) < 2 * len(ids)


def test_hints_for_trainings_that_share_nothing_leave_what_max_concurrent_steps_does_not_allow_to_the_tick(
    make_world: MakeWorld,
) -> None:
    world = make_world({"stage_seconds": 1e6}, MaxConcurrentTrainingJobs="3", MaxConcurrentSteps="1")
    first, second = running(world, id="one"), running(world, id="two")
    world.clock.sleep(1)

    def hint_second(call: Call) -> None:
        if (call.operation, call.moment) == (GET, "before") and first in call.parameters["url_path"]:
            world.take_hint(world.stage_ended(second, "processing"))

    with world.watched(hint_second):
        world.hint(world.stage_ended(first, "processing"))
    assert [world.invocations, from_text(world.job(second)["nextAttemptAt"]) <= world.clock.now()] == [[], True]


def test_a_hint_during_each_look_keeps_no_look_from_being_recorded(world: World) -> None:
    job_id = running(world)
    world.neptune.complete_job(job_id)

    def hint(call: Call) -> None:
        if (call.operation, call.moment) == (GET, "after"):
            world.take_hint(world.stage_ended(job_id, "transform"))

    with world.watched(hint):
        world.minutes(4)
    assert world.job(job_id)["status"] == "COMPLETED"


def test_a_hint_during_a_step_counts_if_the_close_looks_of_an_earlier_hint_are_over(make_world) -> None:
    world = make_world({"stage_seconds": 1e6})
    job_id = running(world)
    world.hint(world.stage_ended(job_id, "processing"))  # but Neptune never shows it
    world.clock.time = from_text(world.job(job_id)["lookOftenUntil"])

    def hint(call: Call) -> None:
        if (call.operation, call.moment) == (GET, "after"):
            world.neptune.complete_job(job_id)
            assert world.take_hint(world.stage_ended(job_id, "processing"))

    with world.watched(hint):
        world.take(job_id)
    world.minutes(1)
    assert world.job(job_id)["status"] == "COMPLETED"


@pytest.mark.parametrize(
    ("job_id", "name", "concerned"),
    [
        ("p", "pytorch-1", False),
        ("p", "px-1", False),
        ("p", "p-1", True),
        ("fraud-b1", "fraud-b1x", True),
        ("p", "p2021-07-22", True),
        ("fraud-b", "fraud-b2021", True),
    ],
)
def test_an_id_shorter_than_eight_characters_ends_where_no_letter_follows(
    job_id: str, name: str, concerned: bool
) -> None:
    assert is_named_after(name, job_id) is concerned


def test_a_hint_that_has_no_time_left_writes_nothing_and_is_an_error(world: World) -> None:
    running(world)
    before = world.items()
    end = SageMakerEnd(f"{ARN}:processing-job/x", "mine", may_be_trial=False)
    done = sagemaker_hints.take(track.tracker(), end, world.clock.now() + timedelta(seconds=29))
    assert [world.items() == before, len(done.failed), done.invoked] == [True, 1, 0]


def test_jobs_that_do_not_run_are_not_looked_at(world: World) -> None:
    world.hold_slots("one", "two")
    waiting = world.start(world.requested(id="fraud-b1-waits"))["jobId"]
    before = world.items()
    assert world.take_hint(world.stage_ended(waiting, "processing"))
    assert [world.items(), world.invocations] == [before, []]


def test_a_job_whose_looks_fail_is_left_to_the_next_tick_which_gives_it_an_invocation_of_its_own(world: World) -> None:
    job_id, healthy = running(world, id="fraud-b1-bad"), running(world, id="fraud-b1-good")
    world.neptune.fail(GET, "http-500", job_id=job_id, times=2)
    for _ in range(2):
        world.clock.time = from_text(world.job(job_id)["nextAttemptAt"])
        world.take(job_id)
    world.take_hint(world.stage_ended(job_id, "processing"))
    assert [each["jobIds"] for each in world.invocations] == [[healthy]]
    world.invocations.clear()
    world.tick()
    assert [job_id] in [each["jobIds"] for each in world.invocations]


# --- races and crashes ------------------------------------------------------------------------------------------------


def test_a_hint_during_a_step_that_has_seen_no_end_yet_leads_to_a_step_that_sees_it(world: World) -> None:
    job_id = running(world)
    world.clock.time = from_text(world.job(job_id)["nextAttemptAt"])
    hinted = False

    def ends_after_the_look(call: Call) -> None:
        nonlocal hinted
        if (call.operation, call.moment) == (GET, "after") and not hinted:
            hinted = True
            world.neptune.complete_job(job_id)
            world.take_hint(world.stage_ended(job_id, "transform"))

    with world.watched(ends_after_the_look):
        world.take(job_id)
    assert world.job(job_id)["status"] == "STARTED"
    assert world.take_step()
    assert world.job(job_id)["status"] == "COMPLETED"


def test_a_step_whose_record_a_hint_changes_before_its_first_write_leaves_the_job_due(world: World) -> None:
    job_id, hinted = running(world), False
    world.clock.time = from_text(world.job(job_id)["nextAttemptAt"])
    world.neptune.complete_job(job_id)

    def hint_first(call: Call) -> None:
        nonlocal hinted
        if (call.operation, call.moment) == ("PutItem", "before") and not hinted:
            hinted = True
            world.take_hint(world.stage_ended(job_id, "transform"))

    with world.watched(hint_first):
        world.take(job_id)
    assert from_text(world.job(job_id)["nextAttemptAt"]) <= world.clock.now()
    assert world.take_step()
    assert world.job(job_id)["status"] == "COMPLETED"


def test_a_step_that_writes_before_the_hint_does_makes_it_read_again(world: World) -> None:
    job_id = running(world)
    world.clock.time = from_text(world.job(job_id)["nextAttemptAt"])
    world.neptune.complete_job(job_id)
    stepped = False

    def step_first(call: Call) -> None:
        nonlocal stepped
        if (call.operation, call.moment) == ("PutItem", "before") and not stepped:
            stepped = True
            world.take(job_id)

    with world.watched(step_first):
        assert world.take_hint(world.stage_ended(job_id, "transform"))
    assert [world.job(job_id)["status"], world.invocations] == ["COMPLETED", []]


def test_a_record_that_others_write_each_time_fails_the_hint_and_is_left_to_polling(world: World) -> None:
    job_id, tries = running(world), 0

    def write_first(call: Call) -> Any:
        nonlocal tries
        if (call.operation, call.moment) != ("PutItem", "before"):
            return None
        tries += 1
        return error("ConditionalCheckFailedException", 400)

    with world.watched(write_first):
        assert not world.take_hint(world.stage_ended(job_id, "transform"))
    assert [tries, world.invocations] == [writes.TRIES, []]


def test_a_tick_at_the_same_time_as_a_hint_leads_to_one_end(world: World) -> None:
    job_id = running(world)
    world.neptune.complete_job(job_id)
    world.take_hint(world.stage_ended(job_id, "transform"))
    world.tick()
    assert [each["jobIds"] for each in world.invocations] == [[job_id], [job_id]]
    assert [world.take_step(), world.take_step()] == [True, True]
    assert world.job(job_id)["status"] == "COMPLETED"


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("operation", ["Query", "GetItem", "PutItem", "Invoke"])
def test_a_hint_that_is_killed_at_any_call_costs_at_most_what_polling_takes(
    world: World, operation: str, moment: str
) -> None:
    job_id = running(world)
    world.neptune.complete_job(job_id)

    def die(call: Call) -> None:
        if (call.operation, call.moment) == (operation, moment):
            raise Crash(call)

    with world.watched(die):
        world.take_hint(world.stage_ended(job_id, "transform"))
    if operation == "Invoke" or (operation, moment) == ("PutItem", "after"):
        world.invocations.clear()  # and even if Lambda drops what it has taken
        world.minutes(1)
        assert world.job(job_id)["status"] == "COMPLETED"
    world.until_quiet(15)
    assert world.job(job_id)["status"] == "COMPLETED"


def test_what_cannot_be_invoked_counts_as_an_error_and_is_due_at_the_next_tick(world: World) -> None:
    job_id = running(world)
    world.neptune.complete_job(job_id)
    with world.outage("lambda", error("TooManyRequestsException", 429)):
        assert not world.take_hint(world.stage_ended(job_id, "transform"))
    world.minutes(1)
    assert world.job(job_id)["status"] == "COMPLETED"


def test_a_record_that_cannot_be_read_does_not_keep_the_others_from_their_look(world: World) -> None:
    first, second = running(world, id="fraud-b1-one"), running(world, id="fraud-b1-two")
    world._dynamodb.update_item(
        TableName="training-jobs",
        Key={"jobId": {"S": first}},
        UpdateExpression="SET attempts = :text",
        ExpressionAttributeValues={":text": {"S": "many"}},
    )
    assert not world.take_hint(world.stage_ended(second, "transform"))
    assert [each["jobIds"] for each in world.invocations] == [[second]]


# --- local Neptune ML sends them --------------------------------------------------------------------------------------


def test_local_neptune_ml_sends_one_event_for_the_end_of_each_stage_in_the_form_that_track_reads(world: World) -> None:
    sent: list[Any] = []
    events = sagemaker_events.SageMakerEvents(world.neptune, sent.extend)
    job_id = str(world.start(world.requested())["jobId"])
    for _ in range(4):
        events.send_new()
        events.send_new()
        world.clock.sleep(100)
    processing, tuning, *_ = FIELD_PREFIXES
    assert [each["DetailType"] for each in sent] == [processing, tuning, processing]
    assert {each["Source"] for each in sent} == {"local.sagemaker"}
    assert sent[0]["Resources"][0].endswith(f":processing-job/{job_id[:8]}-processing-{sent[0]['Resources'][0][-12:]}")


def test_local_neptune_ml_sends_how_a_stage_failed_and_sends_it_again_after_a_reset() -> None:
    sent: list[Any] = []
    neptune = NeptuneML(stage_seconds=0.0)
    events = sagemaker_events.SageMakerEvents(neptune, sent.extend)
    request = {
        "id": "mine",
        "dataProcessingJobId": "local-data-processing",
        "trainModelS3Location": "s3://trained-models/o",
    }
    for _ in range(2):
        neptune.reset()
        neptune.fail_job("mine", "hpo", reason="no more memory")
        neptune.state.cluster.start({**request})
        events.send_new()
    assert [("no more memory" in each["Detail"]) for each in sent] == [False, True] * 2
