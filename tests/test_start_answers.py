"""The start of a REQUESTED job, as plain calls: what is sent, and the whole record that each answer leads to."""

from datetime import timedelta
from typing import Any

import pytest

from neptune_training.aws.neptune import Absent, Accepted, Found
from neptune_training.aws.neptune_errors import (
    AtCapacity,
    IdInUse,
    PermanentFailure,
    Refused,
    StartFailure,
    Unanswered,
)
from neptune_training.aws.writes import RecordChanged
from neptune_training.checks.readiness import id_taken
from neptune_training.flow import job_problems, outcomes, time_bounds
from neptune_training.flow import requested as steps
from neptune_training.flow.pause import Pause
from neptune_training.model.jobs import Job, Requested
from neptune_training.model.problems import Problem
from neptune_training.model.statuses import Status, WaitingFor
from tests.steps import MINUTE, NOW, ROLE, SENT, SETTINGS, Cluster, Records, logged, requested, seconds, services

DEADLINE = NOW + 5 * MINUTE
LAST_START = DEADLINE - seconds(25)  # the read timeout, and a margin
BEFORE, WARNING = (Problem(field=name, problem="is odd", remedy="Wait") for name in ("before", "warning"))
MINE = {"id": "fraud-1"}
FULL = AtCapacity("TooManyRequestsException", "full", "r1", WaitingFor.CAPACITY)
AWAY = Refused("EndpointConnectionError", "away", None, WaitingFor.NEPTUNE)
DENIED = Refused("AccessDeniedException", "denied", "r1", WaitingFor.ACCESS)
PERMANENT = PermanentFailure("InvalidParameterException", "wrong", "r1")
IN_USE = IdInUse("InvalidParameterException", "same id already exists", "r1")
SILENT = Unanswered("ReadTimeoutError", "no answer")
OURS = Found("InProgress", {"processing": {"outputLocation": "s3://trained/fraud-1/x"}})
THEIRS = Found("InProgress", {"processing": {"outputLocation": "s3://theirs/x"}})
HIDDEN = Found("InProgress", {})


def job(**said: Any) -> Requested:
    return requested(**{"request": SENT, "warnings": (WARNING,), "reasons": (BEFORE,), "failedSteps": 1, **said})


def start(claimed: Requested, cluster: Cluster, pause: Pause | None = None, *, meanwhile: Any = None) -> tuple:
    """Send the start of a claimed job; return the job, what was written, and the pause. `meanwhile` is written then."""
    records, pause = Records.of(claimed), pause or Pause()
    if meanwhile:
        cluster.meanwhile = lambda: records.jobs.update({claimed.jobId: meanwhile})
    result = steps.start(services(records, cluster), claimed, DEADLINE, pause)
    return result, records.written, pause


def saved(result: Job) -> list[tuple]:
    return [("save", result.bounded(time_bounds.end_by(result, SETTINGS, NOW)))]  # type: ignore[union-attr, arg-type]


# --- the start --------------------------------------------------------------------------------------------------------


def test_a_start_that_is_accepted_is_recorded_with_its_arn_and_time(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    claimed, cluster = job(), Cluster()
    result, written, pause = start(claimed, cluster)
    known: dict[str, Any] = {"arn": "arn:1", "created": 1_790_000_000_000}
    assert result == claimed.started(NOW, look_again=NOW + MINUTE, warnings=(WARNING,), **known)
    assert written == saved(result)
    assert cluster.asked == [("start", SENT, LAST_START)]
    assert [pause.sent, pause.sent_at, pause.had_room, pause.is_silent] == [1, NOW, True, False]
    said = {"jobId": "fraud-1", "arn": "arn:1", "creationTimeInMillis": 1_790_000_000_000}
    assert logged(caplog) == [("INFO", "started", said)]


def test_no_start_is_sent_after_the_job_has_to_be_given_up() -> None:
    cluster = Cluster()
    start(job(giveUpAt=NOW + MINUTE, request=None), cluster)
    assert cluster.asked == [("start", {}, NOW + MINUTE)]


def test_a_start_that_is_refused_for_good_ends_the_job() -> None:
    result, written, pause = start(job(), Cluster(answer=PERMANENT))
    assert [result.status, result.reasons] == ["REJECTED", (PERMANENT.problem,)]
    assert written == [("release", result, None)]
    assert pause.had_room


@pytest.mark.parametrize(("answer", "waiting_for"), [(FULL, WaitingFor.CAPACITY), (AWAY, WaitingFor.NEPTUNE)])
@pytest.mark.parametrize("unanswered", [True, False])
def test_a_start_for_which_there_is_no_room_pauses_all_starts_until_one_could_have_its_answer(
    answer: Refused, waiting_for: WaitingFor, unanswered: bool
) -> None:
    claimed, other = job(unanswered=unanswered), Records.of(job(unanswered=unanswered))
    result, written, pause = start(claimed, Cluster(answer=answer))
    until = NOW + seconds(25)
    again = outcomes.wait_again(
        services(other), claimed, waiting_for, (answer.problem,), tried=True, unanswered=unanswered, pause_until=until
    )
    assert [result, written] == [again, other.written]
    assert [pause.refused_for, pause.refused_job, pause.has_written] == [waiting_for, "fraud-1", True]
    assert pause.pace.refused_since == NOW


def test_a_start_that_is_refused_for_another_reason_waits_and_pauses_nothing() -> None:
    claimed, other = job(), Records.of(job())
    result, written, pause = start(claimed, Cluster(answer=DENIED))
    again = outcomes.wait_again(
        services(other), claimed, WaitingFor.ACCESS, (DENIED.problem,), tried=False, unanswered=False
    )
    assert [result, written] == [again, other.written]
    assert [pause.had_room, pause.refused_for, pause.has_written] == [True, None, False]


def test_a_start_without_an_answer_is_looked_up_when_its_lease_is_over(caplog: pytest.LogCaptureFixture) -> None:
    claimed = job()
    result, written, pause = start(claimed, Cluster(answer=SILENT))
    lease = {"next_attempt": claimed.leaseUntil, "reasons": (SILENT.problem,), "failed_steps": 0}
    assert result == claimed.in_doubt(NOW, **lease)  # type: ignore[arg-type]
    assert written == saved(result)
    assert [pause.had_room, pause.refused_for] == [False, None]
    said = {"jobId": "fraud-1", "failure": "ReadTimeoutError: no answer"}
    assert logged(caplog) == [("WARNING", "no answer to the start", said)]


def test_two_starts_without_an_answer_leave_it_unknown_if_the_cluster_takes_any() -> None:
    pause = Pause()
    start(job(), Cluster(answer=SILENT), pause)
    start(job(), Cluster(answer=SILENT), pause)
    assert pause.is_silent


# --- its id is in use -------------------------------------------------------------------------------------------------


def test_a_derived_id_in_use_is_our_own_earlier_start(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    claimed, cluster = job(), Cluster(answer=IN_USE)
    result, _, pause = start(claimed, cluster)
    warnings = (WARNING, job_problems.arn_unknown(claimed))
    assert result == claimed.started(NOW, look_again=NOW + MINUTE, warnings=warnings)
    assert [len(cluster.asked), pause.had_room] == [1, True]
    assert logged(caplog) == [("INFO", "started", {"jobId": "fraud-1"})]


@pytest.mark.parametrize(("look", "unanswered"), [(OURS, False), (HIDDEN, True)])
def test_an_explicit_id_in_use_by_a_job_that_may_be_ours_is_started(look: Found, unanswered: bool) -> None:
    claimed, cluster = job(asked=MINE, unanswered=unanswered), Cluster(look, IN_USE)
    result, _, _ = start(claimed, cluster)
    warnings = [WARNING, job_problems.arn_unknown(claimed)]
    warnings += [job_problems.maybe_not_ours(claimed)] if look is HIDDEN else []
    running = claimed.started(NOW, look_again=NOW + MINUTE, warnings=tuple(warnings), adopted=look is HIDDEN)
    assert result == running
    assert cluster.asked[1:] == [("training", "fraud-1", ROLE)]


@pytest.mark.parametrize(("look", "unanswered"), [(THEIRS, True), (THEIRS, False), (HIDDEN, False)])
def test_an_explicit_id_in_use_by_anothers_job_is_rejected(look: Found, unanswered: bool) -> None:
    result, _, _ = start(job(asked=MINE, unanswered=unanswered), Cluster(look, IN_USE))
    assert [result.status, result.reasons] == ["REJECTED", (id_taken("fraud-1"),)]


def test_an_explicit_id_in_use_that_cannot_be_looked_up_is_looked_up_when_the_lease_is_over() -> None:
    claimed = job(asked=MINE)
    result, written, _ = start(claimed, Cluster(Absent(), IN_USE))
    lease = {"next_attempt": claimed.leaseUntil, "reasons": (IN_USE.problem,), "failed_steps": 0}
    assert result == claimed.in_doubt(NOW, **lease)  # type: ignore[arg-type]
    assert written == saved(result)


# --- cancelled meanwhile ----------------------------------------------------------------------------------------------


def test_a_start_whose_job_was_cancelled_meanwhile_is_recorded_over_the_cancellation() -> None:
    claimed = job()
    cancelled = claimed.cancelled("event app 1", clean=False).next_unchanged(NOW)
    result, written, pause = start(claimed, Cluster(), meanwhile=cancelled)
    known: dict[str, Any] = {"arn": "arn:1", "created": 1_790_000_000_000}
    assert result == cancelled.started(NOW, look_again=NOW, warnings=(WARNING,), **known)
    assert written == saved(result)
    assert pause.sent == 1


def test_a_start_that_pauses_all_starts_does_so_when_its_job_was_cancelled_meanwhile() -> None:
    claimed, pause = job(), Pause()
    cancelled = claimed.cancelled("event app 1", clean=False).next_unchanged(NOW)
    result, _, _ = start(claimed, Cluster(answer=FULL), pause, meanwhile=cancelled)
    assert [result.status, pause.has_written] == ["STOPPED", True]


@pytest.mark.parametrize(
    "meanwhile",
    [
        job().next_unchanged(NOW),
        job().cancelled("event app 1", clean=False).next_unchanged(NOW).next_unchanged(NOW),
        job().cancelled("event app 1", clean=False).step_over(NOW, again_at=NOW).model_copy(update={"version": 0}),
        job().ended(Status.STOPPED, NOW),
        job().started(NOW, look_again=NOW, warnings=()).cancelled("event app 1", clean=False),
    ],
)
def test_a_start_whose_record_was_changed_in_another_way_is_not_recorded(meanwhile: Job) -> None:
    with pytest.raises(RecordChanged, match=r"^condition$"):
        start(job(), Cluster(), meanwhile=meanwhile)


@pytest.mark.parametrize(
    ("answer", "had_room", "refused_for"),
    [
        (Accepted("arn", 1), True, None),
        (IN_USE, True, None),
        (PERMANENT, True, None),
        (DENIED, True, None),
        (FULL, False, WaitingFor.CAPACITY),
        (SILENT, False, None),
    ],
)
def test_neptune_had_room_for_a_start_unless_it_says_otherwise_or_nothing(
    answer: Accepted | StartFailure, had_room: bool, refused_for: WaitingFor | None
) -> None:
    pause = Pause()
    steps.note(pause, job(), answer, NOW + timedelta(seconds=1))
    assert [pause.had_room, pause.refused_for] == [had_room, refused_for]
