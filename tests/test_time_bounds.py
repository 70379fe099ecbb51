"""The bound on each wait, as plain calls: exact times."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from neptune_training.flow import next_look, time_bounds
from neptune_training.flow.services import MARGIN
from neptune_training.model.jobs import Requested, Started, Waiting
from neptune_training.model.statuses import WaitingFor
from neptune_training.model.triggers import Trigger
from tests.settings import settings

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
CREATED = NOW - timedelta(hours=1)
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SETTINGS = settings()
KNOWN: dict[str, Any] = {
    "jobId": "fraud-1",
    "model": "s3://models/fraud/",
    "trigger": Trigger(kind="upload", identity="upload 1"),
    "fingerprint": "f1",
    "createdAt": CREATED,
    "updatedAt": CREATED,
    "nextAttemptAt": NOW,
}


def waiting(waiting_for: WaitingFor, **said: Any) -> Waiting:
    known = {"waitingFor": waiting_for, "waitingSince": NOW - 10 * MINUTE, "giveUpAt": NOW + 3 * MINUTE}
    return Waiting.model_validate({**KNOWN, **known, **said})


def requested(**said: Any) -> Requested:
    return Requested.model_validate({**KNOWN, "leaseUntil": NOW + MINUTE, "giveUpAt": NOW + HOUR, **said})


def started(**said: Any) -> Started:
    return Started.model_validate({**KNOWN, "startedAt": NOW - 5 * MINUTE, **said})


@pytest.mark.parametrize(
    ("job", "bound"),
    [
        (waiting(WaitingFor.SLOT), CREATED + 14 * DAY),
        (waiting(WaitingFor.CAPACITY, slotSeconds=90), CREATED + 12 * HOUR + 90 * SECOND),
        (waiting(WaitingFor.FILES), NOW + 3 * MINUTE),
        (waiting(WaitingFor.FILES, giveUpAt=CREATED + 13 * HOUR), CREATED + 12 * HOUR),
        (requested(), NOW + HOUR),
        (requested(giveUpAt=None), CREATED + 12 * HOUR),
    ],
)
def test_a_job_can_be_started_until_exactly(job: Waiting | Requested, bound: datetime) -> None:
    assert time_bounds.give_up_at(job, SETTINGS, NOW) == bound


@pytest.mark.parametrize(
    ("job", "waiting_for", "bound"),
    [
        (waiting(WaitingFor.TURN), WaitingFor.FILES, NOW + 15 * MINUTE),
        (waiting(WaitingFor.SLOT), WaitingFor.CAPACITY, CREATED + 12 * HOUR + 10 * MINUTE),
        (requested(slotSeconds=90), WaitingFor.ACCESS, CREATED + 12 * HOUR + 90 * SECOND),
        (requested(), WaitingFor.FILES, NOW + 15 * MINUTE),
        (requested(), WaitingFor.SLOT, CREATED + 14 * DAY),
    ],
)
def test_a_job_that_begins_to_wait_for_something_else_has_the_bound_of_that(
    job: Waiting | Requested, waiting_for: WaitingFor, bound: datetime
) -> None:
    assert time_bounds.wait_ends_at(job, waiting_for, SETTINGS, NOW) == bound


@pytest.mark.parametrize(
    ("job", "end"),
    [
        (waiting(WaitingFor.FILES), NOW + 3 * MINUTE),
        (requested(), NOW + HOUR + DAY),
        (requested(giveUpAt=NOW - HOUR), NOW + MINUTE + DAY),
        (started(), NOW - 5 * MINUTE + 3 * DAY + DAY),
        (started(startedAt=None), CREATED + 3 * DAY + DAY),
        (started(request={"trainingTimeOutInSeconds": 60}), NOW - 5 * MINUTE + 3 * MINUTE + DAY),
        (started(unknownSince=NOW - MINUTE), NOW - MINUTE + DAY),
        (
            started(unknownSince=NOW, request={"trainingTimeOutInSeconds": 60}),
            NOW - 5 * MINUTE + 3 * MINUTE + DAY,
        ),
    ],
)
def test_track_ends_a_job_exactly_at(job: Waiting | Requested | Started, end: datetime) -> None:
    assert time_bounds.end_by(job, SETTINGS, NOW) == end


def test_a_job_has_expired_from_its_bound_on() -> None:
    job = waiting(WaitingFor.FILES)
    assert [time_bounds.expired(job, SETTINGS, NOW + 3 * MINUTE - SECOND), time_bounds.expired(job, SETTINGS, NOW)] == [
        False
    ] * 2
    late = waiting(WaitingFor.FILES, giveUpAt=NOW)
    assert time_bounds.expired(late, SETTINGS, NOW)


@pytest.mark.parametrize(
    ("request_", "longest"),
    [
        ({}, 3 * DAY),
        ({"trainingTimeOutInSeconds": 60}, 3 * MINUTE),
        (
            {"trainingTimeOutInSeconds": 60, "maxHPONumberOfTrainingJobs": 5, "maxHPOParallelTrainingJobs": 2},
            5 * MINUTE,
        ),
        ({"trainingTimeOutInSeconds": 60, "enableManagedSpotTraining": True}, 6 * MINUTE),
        ({"trainingTimeOutInSeconds": 60, "enableManagedSpotTraining": False}, 3 * MINUTE),
        ({"trainingTimeOutInSeconds": "60"}, 3 * SECOND),  # nothing that this version would have sent
        ({"trainingTimeOutInSeconds": 0}, 3 * SECOND),
        ({"trainingTimeOutInSeconds": 2_419_200, "maxHPONumberOfTrainingJobs": 10_000}, 3650 * DAY),
    ],
)
def test_a_run_takes_all_trials_batch_after_batch_and_two_stages_of_the_same_length(
    request_: dict[str, object], longest: timedelta
) -> None:
    assert time_bounds.longest_run(request_) == longest


@pytest.mark.parametrize(
    ("said", "longest"),
    [
        ({"capacity_probe_seconds": 50 * SECOND, "neptune_read_timeout_seconds": 100}, 100 * SECOND + MARGIN),
        ({"capacity_probe_seconds": 500 * SECOND, "neptune_read_timeout_seconds": 100}, 500 * SECOND),
    ],
)
def test_a_pause_lasts_as_long_as_a_probe_can_take_and_a_minute_for_clocks_that_differ(
    said: dict[str, Any], longest: timedelta
) -> None:
    assert time_bounds.longest_pause(settings(**said)) == longest + MINUTE


@pytest.mark.parametrize(("failed_steps", "minutes"), [(0, 1), (1, 1), (2, 2), (3, 4), (4, 5), (9, 5), (10_000, 5)])
def test_failed_steps_are_repeated_after_one_two_four_and_then_five_minutes(failed_steps: int, minutes: int) -> None:
    assert next_look.retry_at(failed_steps, SETTINGS, NOW) == NOW + minutes * MINUTE


def test_a_stack_that_looks_rarely_repeats_failed_steps_as_rarely() -> None:
    rarely = settings(status_check_seconds=10 * MINUTE)
    assert next_look.retry_at(3, rarely, NOW) == NOW + 10 * MINUTE


@pytest.mark.parametrize(
    ("waited", "pause"), [(0 * MINUTE, MINUTE), (10 * MINUTE, MINUTE), (20 * MINUTE, 2 * MINUTE), (DAY, 5 * MINUTE)]
)
def test_the_next_look_comes_after_a_tenth_of_the_wait_but_within_one_to_five_minutes(
    waited: timedelta, pause: timedelta
) -> None:
    assert next_look.patience(NOW - waited, SETTINGS, NOW) == pause


RUNNING = {"processing": {"status": "Completed", "arn": "arn:1"}, "hpo": {"status": "InProgress", "arn": "arn:2"}}


@pytest.mark.parametrize(("ran", "minutes"), [(0 * MINUTE, 1), (4 * MINUTE, 1), (8 * MINUTE, 2), (HOUR, 15), (DAY, 15)])
def test_a_job_that_runs_is_looked_at_after_a_quarter_of_its_run_within_one_to_fifteen_minutes(
    ran: timedelta, minutes: int
) -> None:
    assert next_look.while_running(NOW - ran, RUNNING, None, SETTINGS, NOW) == NOW + minutes * MINUTE
    assert next_look.while_running(NOW - ran, RUNNING, NOW, SETTINGS, NOW) == NOW + minutes * MINUTE


@pytest.mark.parametrize(
    ("stages", "close"),
    [
        (RUNNING, NOW + SECOND),  # what was announced is not there yet
        (None, None),
        ({}, None),
        ({"processing": {"status": "InProgress"}}, None),
        ({"processing": {"status": "InProgress", "arn": ""}}, None),
        ({"processing": {"status": "COMPLETED", "arn": "arn:1"}}, None),
        ({**RUNNING, "hpo": {"status": "Stopped", "arn": "arn:2"}}, None),
        ({**RUNNING, "transform": {"status": "InProgress"}}, None),
        ({"transform": {"status": "InProgress"}, **RUNNING}, None),  # DynamoDB keeps no order
    ],
)
def test_a_job_whose_end_no_event_could_announce_or_has_announced_is_looked_at_each_minute(
    stages: Any, close: datetime | None
) -> None:
    assert next_look.while_running(NOW - DAY, stages, close, SETTINGS, NOW) == NOW + MINUTE


def test_a_cancellation_has_ten_minutes_more_than_its_wait_to_look_for_its_job() -> None:
    cancels = waiting(WaitingFor.TURN, trigger=Trigger(kind="cancellation", identity="cancellation 1"))
    assert time_bounds.end_by(cancels, SETTINGS, NOW) == time_bounds.give_up_at(cancels, SETTINGS, NOW) + 10 * MINUTE
