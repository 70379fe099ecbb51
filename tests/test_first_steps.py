"""The first step of a job, and the steps of a cancellation, as plain calls: what is written to which record."""

from typing import Any

import pytest

from neptune_training.checks.verdicts import Rejected
from neptune_training.flow import cancellation, job_problems, step
from neptune_training.flow.pause import Pause
from neptune_training.model import new_jobs
from neptune_training.model.jobs import Ended, Job, Requested, Started, Waiting
from neptune_training.model.statuses import WaitingFor
from neptune_training.model.triggers import Trigger
from tests.steps import MINUTE, NOW, Checks, Cluster, Records, logged, requested, seconds, services, started, waiting
from tests.test_step_calls import DEADLINE, KINDS, READY, RUNS, WRONG, Broken, take

# --- the first step ---------------------------------------------------------------------------------------------------


def test_the_first_step_of_a_job_rejects_it_or_starts_it_behind_the_queue() -> None:
    job = waiting(WaitingFor.TURN)
    rejected = step.first(services(Records.of(job), checks=Checks(Rejected((WRONG,)))), job, DEADLINE, Pause())
    assert [rejected.status, rejected.reasons] == ["REJECTED", (WRONG,)]
    records, pause = Records.of(job), Pause()
    assert isinstance(step.first(services(records, checks=READY), job, DEADLINE, pause), Started)
    assert records.written[0][1].leaseUntil == DEADLINE + seconds(20) + 2 * MINUTE
    assert [pause.sent, records.counted] == [1, [("queue", 2, "fraud-1")]]


def test_a_job_that_another_invocation_changes_during_its_first_step_is_returned_as_that_wrote_it() -> None:
    job, theirs = waiting(WaitingFor.TURN), waiting(WaitingFor.TURN).next_unchanged(NOW)
    reject = Checks(Rejected(()))
    assert step.first(services(Records.of(theirs), checks=reject), job, DEADLINE, Pause()) == theirs
    assert step.first(services(Records(), checks=reject), job, DEADLINE, Pause()) == job


# --- the step of a cancelled job --------------------------------------------------------------------------------------


def test_a_cancelled_job_that_runs_gets_its_step_at_once() -> None:
    records, cluster = Records.of(started()), Cluster(RUNS)
    result = step.step_now(services(records, cluster), started(), DEADLINE)
    assert isinstance(result, Started)
    assert [result.version, result.neptuneStatus, len(cluster.asked)] == [3, "InProgress", 1]


@pytest.mark.parametrize(("job", "deadline"), [(KINDS[0], DEADLINE), (started(), NOW + seconds(25))])
def test_a_cancelled_job_that_does_not_run_or_for_which_no_time_is_left_gets_none(job: Job, deadline: Any) -> None:
    records, cluster = Records.of(job), Cluster(RUNS)
    assert step.step_now(services(records, cluster), job, deadline) is job
    assert [records.written, cluster.asked] == [[], []]


def test_a_cancelled_job_whose_record_is_gone_is_returned_as_it_was() -> None:
    assert step.step_now(services(Records()), started(), DEADLINE) == started()


def test_a_cancelled_job_whose_step_fails_is_logged_and_left_to_track(caplog: pytest.LogCaptureFixture) -> None:
    job = started()
    assert step.step_now(services(Records.of(job), Broken()), job, DEADLINE) is job
    assert logged(caplog) == [("EXCEPTION", "step of a cancelled job failed", {"jobId": "fraud-1"})]


# --- a cancellation ---------------------------------------------------------------------------------------------------


def arrived(**detail: Any) -> Waiting:
    """A cancellation of fraud-1 that has just arrived, and is not stored yet."""
    trigger = Trigger(kind="cancellation", identity="c", source="app", eventId="1")
    asked = {"id": "fraud-1", "clean": False, **detail}
    return new_jobs.new(trigger, asked, NOW, first_step_by=NOW, give_up=60 * MINUTE)


def first(records: Records, cancels: Waiting, **settings: Any) -> tuple[Job, Cluster]:
    cluster = Cluster(RUNS)
    return step.first(services(records, cluster, **settings), cancels, DEADLINE, Pause()), cluster


def test_a_cancellation_is_applied_to_a_job_that_runs_and_its_step_is_taken() -> None:
    records = Records.of(started())
    result, cluster = first(records, arrived())
    assert isinstance(result, Started)
    assert [result.cancelledBy, [each[0] for each in cluster.asked]] == ["event app 1", ["cancel", "training"]]
    assert [*records.jobs] == ["fraud-1"]


def test_a_cancellation_of_a_job_that_waits_stops_it() -> None:
    result, cluster = first(Records.of(waiting(WaitingFor.TURN)), arrived())
    assert [result.status, cluster.asked] == ["STOPPED", []]


def test_a_cancellation_without_a_job_is_kept() -> None:
    records, cancels = Records(), arrived()
    result, _ = first(records, cancels)
    assert result == cancellation.keep(services(Records()), cancels)
    assert records.written == [("create", result)]


@pytest.mark.parametrize("allowed", [True, False])
def test_a_cancellation_that_deletes_is_rejected_unless_the_operator_allows_it(allowed: bool) -> None:
    records, cancels = Records.of(requested()), arrived(clean=True)
    result, _ = first(records, cancels, allow_cancel_clean=allowed)
    if allowed:
        assert isinstance(result, Requested)
        assert [result.cancelledBy, result.cancelClean] == ["event app 1", True]
    else:
        assert isinstance(result, Ended)
        assert result == cancellation.refuse_clean(services(Records()), cancels)
        assert records.written == [("create", result)]


def kept(**said: Any) -> Waiting:
    return arrived().model_copy(update={"nextAttemptAt": NOW, **said})


def applied(records: Records, cancels: Waiting, deadline: Any = DEADLINE, **settings: Any) -> tuple[Job, Cluster]:
    """Take the step of a kept cancellation."""
    cluster = Cluster(RUNS)
    records.jobs[cancels.jobId] = cancels
    return step.apply_kept(services(records, cluster, **settings), cancels, deadline), cluster


@pytest.mark.parametrize(("deadline", "asked"), [(DEADLINE, ["cancel", "training"]), (NOW, [])])
def test_a_kept_cancellation_is_applied_when_its_job_has_a_record(deadline: Any, asked: list[str]) -> None:
    records, cancels = Records.of(started()), kept()
    result, cluster = applied(records, cancels, deadline)
    assert isinstance(result, Ended)
    assert [result.jobId, result.status, result.supersededBy] == [cancels.jobId, "SUPERSEDED", "fraud-1"]
    assert result.reasons == (job_problems.cancellation_applied(cancels),)
    assert records.jobs["fraud-1"].cancelledBy == "event app 1"
    assert [each[0] for each in cluster.asked] == asked


def test_a_kept_cancellation_without_a_job_waits_on() -> None:
    records, cancels = Records(), kept()
    result, cluster = applied(records, cancels)
    assert isinstance(result, Waiting)
    assert [result.version, result.reasons] == [2, (job_problems.not_known_yet(cancels),)]
    assert cluster.asked == []


def test_a_kept_cancellation_that_deletes_is_rejected_if_the_operator_no_longer_allows_it() -> None:
    records, cancels = Records.of(started()), kept(asked={"id": "fraud-1", "clean": True})
    result, _ = applied(records, cancels)
    assert [result.status, result.reasons] == ["REJECTED", (job_problems.clean_not_allowed(),)]
    assert records.jobs["fraud-1"] == started()


def test_the_step_of_a_kept_cancellation_applies_it() -> None:
    cancels = kept(jobId="fraud-1", asked={"id": "other", "clean": False})
    result = take(Records.of(cancels))
    assert isinstance(result, Waiting)
    assert result.reasons == (job_problems.not_known_yet(cancels),)


def test_a_cancellation_that_arrived_before_its_job_is_applied_at_the_first_step_of_the_job() -> None:
    job, cancels = waiting(WaitingFor.TURN, asked={"id": "fraud-1"}), kept()
    records = Records.of(job, cancels)
    result = step.first(services(records, checks=READY), job, DEADLINE, Pause())
    assert [result.status, result.cancelledBy] == ["STOPPED", "event app 1"]
    assert records.jobs[cancels.jobId].status == "SUPERSEDED"
