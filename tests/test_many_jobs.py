"""Five hundred running jobs: what a tick costs, and how late a job's step comes."""

from collections import Counter

import pytest

from tests.world import Call, World

pytestmark = pytest.mark.faults

JOBS = 500
GET = "GetMLModelTrainingJob"


@pytest.fixture
def world(make_world) -> World:
    world = make_world({"stage_seconds": 1e6}, MaxConcurrentTrainingJobs=str(JOBS))
    job_id = world.start(world.requested())["jobId"]
    world.copy_job(job_id, JOBS - 1)
    for each in world.jobs().keys() - {job_id}:
        world.elsewhere(each)
    world.hold_slots(*world.jobs())
    world.clock.sleep(60)
    return world


def test_a_tick_over_five_hundred_due_jobs_takes_three_queries_and_five_invocations(world) -> None:
    calls: Counter[str] = Counter()
    with world.watched(lambda call: calls.update([call.operation]) if call.moment == "before" else None):
        world.tick()
    assert calls == {"Query": 3, "Invoke": 5}
    assert sorted(job_id for event in world.invocations for job_id in event["jobIds"]) == sorted(world.jobs())


def test_no_job_of_five_hundred_waits_longer_than_two_minutes_for_its_step(world) -> None:
    late = []

    def note(call: Call) -> None:
        if (call.operation, call.moment) == (GET, "before"):
            world.clock.sleep(0.3)  # a look on AWS
            late.append(world.clock.epoch() - due[call.parameters["url_path"].rpartition("/")[2]])

    for _ in range(2):
        due = {job_id: world.epoch(job["nextAttemptAt"]) for job_id, job in world.jobs().items()}
        with world.watched(note):
            world.minutes(1)
    assert len({*late}) > 1
    assert max(late) < 120
