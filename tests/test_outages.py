"""Outages of what the functions stand on: what is delayed, and that nothing is lost."""

import pytest

from step import StepsFailed
from tests.world import Call, World, checks
from tests.world.calls import WRITES, error

pytestmark = pytest.mark.faults

DOWN = error("InternalServerError", 500)
DENIED = error("AccessDenied", 403)
CONFLICT = error("TransactionCanceledException", 400, CancellationReasons=[{"Code": "TransactionConflict"}])

HELD = error("TransactionConflictException", 400)


def send_all(world: World) -> None:
    for body in (world.uploaded(), world.requested(), world.requested(id="mine"), world.ticked()):
        world.queue.send(body)


@pytest.mark.parametrize("minutes", [1, 30])
@pytest.mark.parametrize("service", ["dynamodb", "s3", "sns", "events", "neptunedata"])
def test_an_outage_before_the_first_delivery_delays_and_loses_nothing(world: World, service, minutes) -> None:
    send_all(world)
    with world.outage(service, DOWN):
        world.minutes(minutes)
    world.until_quiet()
    checks.at_the_end(world)
    assert list(world.statuses().values()) == ["COMPLETED"] * 4


@pytest.mark.parametrize("service", ["dynamodb", "s3", "sns", "events", "neptunedata"])
def test_an_outage_of_an_hour_while_jobs_wait_and_run_loses_nothing(world: World, service) -> None:
    send_all(world)
    world.minutes(3)
    with world.outage(service, DOWN):
        world.minutes(60)
    world.until_quiet()
    checks.at_the_end(world)
    assert list(world.statuses().values()) == ["COMPLETED"] * 4


def test_an_sns_outage_stops_no_training_and_everything_is_announced_after_it(world: World) -> None:
    send_all(world)
    with world.outage("sns", DOWN):
        world.minutes(30)
        assert list(world.statuses().values()) == ["COMPLETED"] * 4
        assert world.announcements() == []
    world.minutes(1)
    checks.at_the_end(world)


def test_an_outage_of_sns_delays_no_event_and_one_of_eventbridge_no_message(world: World) -> None:
    for down, heard, delayed in (
        ("sns", world.emitted, world.announcements),
        ("events", world.announcements, world.emitted),
    ):
        job_id = world.start(world.requested())["jobId"]
        with world.outage(down, DOWN):
            world.minutes(30)
            assert [each["status"] for each in heard() if each["jobId"] == job_id][-1] == "COMPLETED"
            assert [each for each in delayed() if each["jobId"] == job_id] == []
        world.minutes(1)
        assert [each["status"] for each in delayed() if each["jobId"] == job_id][-1] == "COMPLETED"
    checks.at_the_end(world)


def test_a_dynamodb_outage_longer_than_the_queue_is_patient_leaves_the_triggers_in_the_dead_letters(world) -> None:
    send_all(world)
    with world.outage("dynamodb", DOWN):
        world.minutes(75)
    assert [len(world.queue.dead), world.jobs()] == [4, {}]
    world.queue.redrive()
    world.until_quiet()
    checks.at_the_end(world)
    assert list(world.statuses().values()) == ["COMPLETED"] * 4


@pytest.mark.parametrize("operation", [name for name in WRITES if name != "StartMLModelTrainingJob"])
@pytest.mark.parametrize("every", [2, 3])
def test_writes_that_fail_after_they_have_taken_effect_double_nothing(world: World, operation, every) -> None:
    seen = []

    def fail_some(call: Call) -> None:
        if (call.operation, call.moment) == (operation, "after"):
            seen.append(call)
            if len(seen) % every == 0 and len(seen) < 30:
                raise ConnectionResetError

    send_all(world)
    with world.watched(fail_some):
        world.until_quiet()
    checks.at_the_end(world)
    assert list(world.statuses().values()) == ["COMPLETED"] * 4


@pytest.mark.parametrize(
    ("operation", "answer"), [("TransactWriteItems", CONFLICT), ("PutItem", HELD), ("UpdateItem", HELD)]
)
def test_a_write_that_meets_another_transaction_is_tried_again_and_not_taken_for_refused(
    world: World, operation: str, answer: object
) -> None:
    conflicts: list[Call] = []

    def conflict(call: Call) -> object:
        if call.operation == operation and call.moment == "before" and len(conflicts) < 3:
            conflicts.append(call)
            return answer
        return None

    with world.watched(conflict):
        world.start(world.uploaded())
        world.clock.sleep(60)
        world.track()
    assert [world.job()["status"], len(conflicts), world.errors] == ["STARTED", 3, []]


@pytest.mark.parametrize(
    ("code", "errors"), [("AccessDeniedException", [StepsFailed] * 2), ("ThrottlingException", [])]
)
def test_a_running_job_that_may_not_be_looked_at_is_an_error_of_track_for_its_alarm_and_a_busy_neptune_is_none(
    world: World, code: str, errors: list[type[Exception]]
) -> None:
    world.start(world.requested())
    world.neptune.fail("GetMLModelTrainingJob", code, share=1)
    world.minutes(3)
    assert [type(each) for each in world.errors] == errors
    world.neptune.clear_faults()
    world.until_quiet()
    assert world.job()["status"] == "COMPLETED"


def test_a_bucket_that_may_not_be_read_leaves_the_job_waiting_for_access(world: World) -> None:
    world.queue.send(world.uploaded())
    with world.outage("s3", DENIED):
        world.minutes(30)
        assert [world.job()["status"], world.job()["waitingFor"]] == ["WAITING", "access"]
    world.until_quiet()
    checks.at_the_end(world)
    assert world.job()["status"] == "COMPLETED"


def test_a_neptune_that_denies_access_leaves_the_job_waiting_and_its_slot_free(world: World) -> None:
    world.neptune.fail("*", "AccessDeniedException", share=1)
    world.queue.send(world.requested())
    world.minutes(30)
    assert [world.job()["status"], world.job()["waitingFor"], world.slots()] == ["WAITING", "access", set()]
    world.neptune.clear_faults()
    world.until_quiet()
    checks.at_the_end(world)
    assert world.job()["status"] == "COMPLETED"


def test_a_neptune_that_drops_everything_for_three_hours_starts_each_job_once_afterwards(world: World) -> None:
    send_all(world)
    world.neptune.fail("*", "drop-before", share=1)
    world.minutes(180)
    world.neptune.clear_faults()
    world.until_quiet()
    checks.at_the_end(world)
    assert list(world.statuses().values()) == ["COMPLETED"] * 4


def test_one_jobs_trouble_is_not_anothers(world: World) -> None:
    ids = [world.start(world.requested())["jobId"] for _ in range(2)]

    def trouble(call: Call) -> None:
        if call.operation == "GetMLModelTrainingJob" and ids[0] in call.parameters.get("url_path", ""):
            raise RuntimeError("a bug that only this job meets")

    with world.watched(trouble):
        world.minutes(10)
    assert world.statuses() == {ids[0]: "STARTED", ids[1]: "COMPLETED"}
    world.until_quiet()
    checks.at_the_end(world)
