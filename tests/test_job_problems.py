"""The problems that a record can have from the state machine: which field, which value, and what to do."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from neptune_training.aws.neptune import Found
from neptune_training.flow import job_problems
from neptune_training.flow.services import MARGIN, Services
from neptune_training.model.jobs import Waiting
from neptune_training.model.new_jobs import new
from neptune_training.model.problems import AGAIN, NOTHING_TO_DO, Problem
from neptune_training.model.settings import Settings
from neptune_training.model.statuses import WaitingFor
from neptune_training.model.triggers import Trigger
from tests.settings import settings

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
KEY = "models/fraud/training-job.json"
UPLOAD = Trigger(kind="upload", identity="1", bucket="models", key=KEY)
JOB = new(UPLOAD, {"id": "fraud-1"}, NOW, first_step_by=NOW, give_up=timedelta(hours=1))
EVENT_JOB = new(Trigger(kind="event", identity="1"), {}, NOW, first_step_by=NOW, give_up=timedelta(hours=1))


def test_a_problem_names_its_field_and_value() -> None:
    made = [
        job_problems.superseded(JOB, "fraud-2"),
        job_problems.superseded(EVENT_JOB, "fraud-2"),
        job_problems.no_slot(2),
        job_problems.paused(WaitingFor.CAPACITY),
        job_problems.error(ValueError("x")),
        job_problems.not_claimed(JOB),
        job_problems.arn_unknown(JOB),
        job_problems.maybe_not_ours(JOB),
        job_problems.unknown_to_neptune(JOB),
        job_problems.in_doubt(JOB, "is in doubt"),
    ]
    assert [(each.field, each.value) for each in made] == [
        (KEY, None),
        ("", None),
        ("MaxConcurrentTrainingJobs", "2"),
        ("StartMLModelTrainingJob", None),
        ("step", None),
        ("jobId", "fraud-1"),
        ("arn", None),
        ("id", "fraud-1"),
        ("id", "fraud-1"),
        ("id", "fraud-1"),
    ]


def test_a_problem_says_what_is_known_of_it() -> None:
    said = [
        job_problems.superseded(JOB, "fraud-2").problem,
        job_problems.error(ValueError("no room")).problem,
        job_problems.in_doubt(JOB, "is in doubt").problem,
        job_problems.unknown_to_neptune(JOB).remedy,
    ]
    newer = "was uploaded again before its training started: fraud-2"
    assert said == [newer, '"ValueError: no room"', "is in doubt", AGAIN]


def test_a_pause_says_if_neptune_is_full_or_out_of_reach() -> None:
    said = [job_problems.paused(each).problem for each in (WaitingFor.CAPACITY, WaitingFor.NEPTUNE)]
    assert said == ["Neptune has too many requests or jobs", "Neptune cannot be reached"]


def test_a_wait_that_ends_by_itself_says_that_there_is_nothing_to_do() -> None:
    made = [job_problems.no_slot(2), job_problems.paused(WaitingFor.SLOT), job_problems.not_claimed(JOB)]
    assert [each.remedy.startswith(f"{NOTHING_TO_DO}: ") for each in made] == [True, True, True]


HOUR = timedelta(hours=1)
LATER = NOW + 30 * HOUR
OVER = "has passed: the job has waited 30 hours, as long as SlotWaitSeconds allows, and still waits for a slot"
GIVEN_UP = Problem(field="giveUpAt", problem=OVER, remedy=AGAIN)


def test_a_job_that_is_given_up_says_to_train_again_where_there_was_nothing_to_do_and_keeps_other_remedies() -> None:
    mine = Problem(field="file", problem="is missing", remedy="Upload it", value="a")
    theirs = Problem(field="slots", problem="are taken", remedy=f"{NOTHING_TO_DO}: wait", value="2")
    said = job_problems.gave_up(JOB, WaitingFor.SLOT, (mine, theirs), LATER, unanswered=False, limit="SlotWaitSeconds")
    assert said == (mine, Problem(field="slots", problem="are taken", remedy=AGAIN, value="2"), GIVEN_UP)


def test_a_job_that_is_given_up_without_an_answer_says_that_its_start_had_none() -> None:
    [said] = job_problems.gave_up(JOB, WaitingFor.SLOT, (), LATER, unanswered=True, limit="GiveUpSeconds")
    assert [said.field, said.remedy] == ["giveUpAt", AGAIN]
    assert "was sent to Neptune but never answered" in said.problem
    assert "and GiveUpSeconds allows no second start" in said.problem


def test_a_job_that_is_given_up_says_how_long_it_has_waited_for_files_since_they_were_missed() -> None:
    missed = JOB.still_waits(WaitingFor.FILES, NOW + 20 * HOUR, next_attempt=LATER, give_up=LATER, reasons=())
    texts = [
        job_problems.gave_up(job, WaitingFor.FILES, (), LATER, unanswered=False, limit=limit)[0].problem.split(",")[0]
        for job, limit in ((missed, "FilesGraceSeconds"), (missed, "GiveUpSeconds"), (JOB, "FilesGraceSeconds"))
    ]
    waited = "has passed: the job has waited"
    assert texts == [f"{waited} 10 hours", f"{waited} 30 hours", f"{waited} 30 hours"]


def test_a_job_that_is_given_up_does_not_count_its_wait_for_a_slot_against_give_up_seconds() -> None:
    waited = Waiting.model_validate({**dict(JOB), "slotSeconds": 4 * 3600})
    texts = [
        job_problems.gave_up(waited, WaitingFor.TURN, (), LATER, unanswered=False, limit=limit)[0].problem.split(",")[0]
        for limit in ("GiveUpSeconds", "SlotWaitSeconds")
    ]
    passed = "has passed: the job has waited"
    assert texts == [f"{passed} 26 hours (and 4 hours for a slot)", f"{passed} 30 hours"]


CANCELLATION = new(
    Trigger(kind="cancellation", identity="1"), {"id": "mine"}, NOW, first_step_by=NOW, give_up=timedelta(hours=6)
).cancelled("event my.app 1", clean=False)


def test_a_problem_of_a_cancellation_names_the_id_and_what_to_do() -> None:
    made = [
        job_problems.cancelled(CANCELLATION),
        job_problems.not_known_yet(CANCELLATION),
        *job_problems.gave_up(CANCELLATION, WaitingFor.TURN, (), LATER, unanswered=False, limit="GiveUpSeconds"),
        job_problems.cancellation_applied(CANCELLATION),
        job_problems.clean_not_allowed(),
    ]
    assert [(each.field, each.value) for each in made] == [
        ("cancelledBy", '"event my.app 1"'),
        ("id", '"mine"'),
        ("id", '"mine"'),
        ("id", '"mine"'),
        ("clean", "true"),
    ]
    assert made[2].problem == "is not the id of any job: nothing was cancelled"
    assert made[2].remedy.startswith("Use the id that the job's messages")


FAILED_STAGE = {"status": "Failed", "failureReason": "out of memory", "cloudwatchLogUrl": "https://log"}


@pytest.mark.parametrize(
    ("stage", "problem"),
    [
        (FAILED_STAGE, ("Failed", "out of memory", "Read the stage's log: https://log")),
        (
            {"status": "FAILED"},
            ("FAILED", "failed, and Neptune gives no reason", "Read the stage's log: Neptune gives no link to it"),
        ),
        (
            {"failureReason": "out of memory"},
            (None, "out of memory", "Read the stage's log: Neptune gives no link to it"),
        ),
    ],
)
def test_each_stage_that_failed_says_why_and_where_its_log_is(
    stage: dict[str, Any], problem: tuple[str | None, str, str]
) -> None:
    look = Found("Failed", {"hpo": stage, "processing": {"status": "Completed"}, "transform": {}})
    assert [(each.field, each.value, each.problem, each.remedy) for each in job_problems.failures(look)] == [
        ("stages.hpo", *problem)
    ]


def test_a_failure_of_which_no_stage_says_anything_is_one_problem_with_neptunes_own_word() -> None:
    [said] = job_problems.failures(Found("Failed", {}))
    assert [said.field, said.value, said.problem] == ["neptuneStatus", "Failed", "Neptune gives no reason"]
    assert said.remedy


def test_a_job_that_has_not_failed_has_no_failures() -> None:
    assert job_problems.failures(Found("Stopped", {"hpo": {"status": "Stopped"}})) == ()


def services(now: datetime, said: Settings) -> Services:
    nothing = cast("Any", SimpleNamespace())
    return Services(nothing, nothing, nothing, said, lambda: now, sleep=nothing)


def test_the_last_start_leaves_the_time_to_read_a_slow_answer() -> None:
    slow = settings(neptune_read_timeout_seconds=20)
    last = NOW - timedelta(seconds=20) - MARGIN
    assert services(NOW, slow).last_start(NOW) == last
    before = services(last - timedelta(seconds=1), slow)
    assert [before.time_to_start(NOW), services(last, slow).time_to_start(NOW)] == [True, False]
