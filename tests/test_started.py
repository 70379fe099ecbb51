"""The step of a STARTED job, as plain calls: what is asked, and the whole record that each answer leads to."""

from typing import Any

import pytest

from neptune_training.aws.neptune import Absent, Found, Look, Unknown
from neptune_training.aws.neptune_errors import CancelFailed, LookFailed
from neptune_training.checks.readiness import id_taken
from neptune_training.flow import job_problems, time_bounds
from neptune_training.flow import started as steps
from neptune_training.model.jobs import Job, Started
from neptune_training.model.problems import Problem
from tests.steps import (
    MINUTE,
    NOW,
    ROLE,
    SENT,
    SETTINGS,
    Cluster,
    Records,
    logged,
    seconds,
    services,
    started,
)

STAGES = {"processing": {"status": "Completed", "arn": "arn:1", "outputLocation": "s3://trained/fraud-1/x"}}
TRIALS = {**STAGES, "hpo": {"status": "InProgress", "arn": "arn:2"}}
RUNS = Found("InProgress", TRIALS)
THEIRS = Found("InProgress", {"processing": {"outputLocation": "s3://theirs/x"}})
HIDDEN = Found("Pending", {})
WARNING = Problem(field="warning", problem="is odd", remedy="Wait")
NOT_TAKEN = CancelFailed("AccessDeniedException", "denied", "r1")
BY = "event app 1"


def job(**said: Any) -> Started:
    return started(
        **{"request": SENT, "warnings": (WARNING,), "startedAt": NOW - 20 * MINUTE, "failedSteps": 1, **said}
    )


def step(running: Started, look: Look, cluster: Cluster | None = None, **settings: Any) -> tuple[Job, list, list]:
    """Take the step; return the job, what was written, and what Neptune was asked."""
    records, cluster = Records.of(running), cluster or Cluster()
    cluster.look = look
    result = steps.step(services(records, cluster, **settings), running)
    return result, records.written, cluster.asked


def saved(result: Job) -> list[tuple]:
    return [("save", result.bounded(time_bounds.end_by(result, SETTINGS, NOW)))]  # type: ignore[union-attr, arg-type]


def looked_at(running: Started, look: Found, **said: Any) -> Started:
    known: dict[str, Any] = {"look_again": NOW + 5 * MINUTE, "adopted": False, "warnings": (WARNING,)}
    of_look = {"neptune_status": look.status, "stages": look.stages, "look_often_until": None}
    return running.looked_at(NOW, **{**known, **of_look, **said})


# --- found ------------------------------------------------------------------------------------------------------------


def test_a_job_that_runs_is_looked_at_again_after_a_quarter_of_its_run() -> None:
    running = job(missingSince=NOW - MINUTE, unknownSince=NOW, failedSteps=1)
    result, written, asked = step(running, RUNS)
    assert result == looked_at(running, RUNS)
    assert written == saved(result)
    assert asked == [("training", "fraud-1", ROLE)]


def test_a_job_without_a_time_of_its_start_is_looked_at_each_minute() -> None:
    result, _, _ = step(job(startedAt=None), RUNS)
    assert result == looked_at(job(startedAt=None), RUNS, look_again=NOW + MINUTE)


def test_an_unknown_status_is_logged_and_taken_as_running(caplog: pytest.LogCaptureFixture) -> None:
    odd = Found("Paused", TRIALS)
    result, _, _ = step(job(), odd)
    assert result == looked_at(job(), odd)
    said = {"jobId": "fraud-1", "neptuneStatus": "Paused"}
    assert logged(caplog) == [("WARNING", "unknown status from Neptune, taken as running", said)]


def test_a_known_status_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("WARNING")
    step(job(), HIDDEN)
    assert logged(caplog) == []


@pytest.mark.parametrize(("status", "end"), [("Completed", "COMPLETED"), ("Stopped", "STOPPED"), ("Failed", "FAILED")])
def test_a_job_that_has_ended_is_recorded_with_neptunes_status_stages_and_reasons(status: str, end: str) -> None:
    running = job(arn="arn:0")
    look = Found(status, STAGES)
    result, written, _ = step(running, look)
    known = {"neptune_status": status, "stages": STAGES}
    assert result == running.ended(end, NOW, job_problems.failures(look), **known)  # type: ignore[arg-type]
    assert written == [("release", result, None)]


@pytest.mark.parametrize(
    ("before", "until", "kept", "minutes"),
    [
        (TRIALS, NOW + seconds(1), NOW + seconds(1), 1),
        (TRIALS, NOW, None, 5),
        (TRIALS, None, None, 5),
        (None, NOW + seconds(1), None, 5),  # the end that was announced is there now
    ],
)
def test_a_job_whose_end_was_announced_is_looked_at_each_minute_until_it_shows(
    before: Any, until: Any, kept: Any, minutes: int
) -> None:
    running = job(stages=before, lookOftenUntil=until)
    result, _, _ = step(running, RUNS)
    assert result == looked_at(running, RUNS, look_often_until=kept, look_again=NOW + minutes * MINUTE)


# --- a job that could be another request's ----------------------------------------------------------------------------


def adopted(**said: Any) -> Started:
    return job(adopted=True, warnings=(WARNING, job_problems.maybe_not_ours(job())), **said)


def test_an_adopted_job_with_anothers_output_is_rejected() -> None:
    result, written, _ = step(adopted(), THEIRS)
    assert [result.status, result.reasons] == ["REJECTED", (id_taken("fraud-1"),)]
    assert written == [("release", result, None)]


def test_an_adopted_job_with_our_output_is_ours_and_its_warning_goes() -> None:
    result, _, _ = step(adopted(), RUNS)
    assert result == looked_at(adopted(), RUNS, adopted=False, warnings=(WARNING,))


def test_an_adopted_job_that_shows_no_output_stays_so() -> None:
    result, _, _ = step(adopted(), HIDDEN)
    said = {"adopted": True, "warnings": adopted().warnings, "look_again": NOW + MINUTE}
    assert result == looked_at(adopted(), HIDDEN, **said)


def test_a_job_that_was_accepted_is_ours_whatever_its_output() -> None:
    result, _, _ = step(job(), THEIRS)
    assert result == looked_at(job(), THEIRS, look_again=NOW + MINUTE)


# --- absent or unknown ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("missing_since", "since"), [(None, NOW), (NOW - SETTINGS.missing_seconds + seconds(1), None)])
def test_a_job_that_neptune_no_longer_has_is_missing_at_first(missing_since: Any, since: Any) -> None:
    running = job(missingSince=missing_since, stages=TRIALS, lookOftenUntil=NOW + MINUTE)
    result, written, _ = step(running, Absent())
    assert result == running.missing(NOW, look_again=NOW + MINUTE, since=since or missing_since)
    assert written == saved(result)


def test_a_job_that_is_missing_is_looked_at_as_often_as_one_that_runs() -> None:
    result, _, _ = step(job(stages=TRIALS), Absent())
    assert result == job(stages=TRIALS).missing(NOW, look_again=NOW + 5 * MINUTE, since=NOW)


def test_a_job_that_is_missing_for_missing_seconds_has_failed() -> None:
    running = job(missingSince=NOW - SETTINGS.missing_seconds)
    result, written, _ = step(running, Absent())
    assert [result.status, result.reasons] == ["FAILED", (job_problems.unknown_to_neptune(running),)]
    assert written == [("release", result, None)]


@pytest.mark.parametrize(
    ("code", "failed_steps"),
    [("InternalFailureException", 2), ("AccessDeniedException", 2), ("ThrottlingException", 0)],
)
@pytest.mark.parametrize("unknown_since", [None, NOW - MINUTE])
def test_a_look_without_an_answer_is_repeated_later_and_raised_if_somebody_may_have_to_act(
    code: str, failed_steps: int, unknown_since: Any, caplog: pytest.LogCaptureFixture
) -> None:
    failure = LookFailed("GetMLModelTrainingJob", code, "down")
    running = job(failedSteps=2, unknownSince=unknown_since)
    unknown = running.unknown(NOW, look_again=NOW + 2 * MINUTE, since=unknown_since or NOW, failed_steps=failed_steps)
    if failed_steps:
        records = Records.of(running)
        with pytest.raises(LookFailed):
            steps.step(services(records, Cluster(Unknown(failure))), running)
        assert records.written == saved(unknown)
    else:
        result, written, _ = step(running, Unknown(failure))
        assert [result, written] == [unknown, saved(unknown)]
    said = {"jobId": "fraud-1", "failure": f"{code}: down"}
    assert logged(caplog) == [("WARNING", "status unknown", said)]
