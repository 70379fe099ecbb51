"""The verdict on a job's request and on the jobs that it names, as plain calls."""

import pytest

from neptune_training.aws.neptune import Absent, Found, Look, Unknown
from neptune_training.checks import readiness
from neptune_training.checks.model_directory import Prepared
from neptune_training.checks.verdicts import NotReady, Ready, Rejected
from neptune_training.model.problems import ANOTHER_ID
from neptune_training.model.statuses import WaitingFor
from neptune_training.model.triggers import TriggerKind
from tests.decisions import (
    COMPLETED,
    CUSTOM,
    DATA,
    DENIED,
    DOWN,
    FAILED,
    JOB,
    MINUTE,
    MISSING,
    NOW,
    ROLE,
    RUNS,
    SCHEDULE,
    SENT,
    UPLOAD,
    WARNING,
    WRONG,
    Around,
    directory,
    file,
    job,
    prepared,
)

LATEST, CONTINUED = ({"previousModelTrainingJobId": job_id} for job_id in ("LATEST", "fraud-0"))

# --- the request ------------------------------------------------------------------------------------------------------


def test_a_request_with_problems_is_rejected_with_these_and_what_is_missing() -> None:
    assert Around(prepared=prepared(problems=[WRONG], missing=[MISSING])).judge(job()) == Rejected((WRONG, MISSING))
    assert Around(prepared=Prepared([WRONG])).judge(job()) == Rejected((WRONG,))
    assert Around(prepared=Prepared()).judge(job()) == Rejected(())


def test_missing_files_are_waited_for() -> None:
    around = Around(prepared=prepared(missing=[MISSING]))
    assert around.judge(job()) == NotReady(WaitingFor.FILES, (MISSING,), NOW + MINUTE)


def test_the_record_keeps_the_etags_of_the_first_hundred_files_by_name() -> None:
    names = [f"{number:03}.py" for number in range(101)]
    verdict = Around(directory(file(), *(file(name, name) for name in reversed(names)))).judge(job(UPLOAD))
    assert isinstance(verdict, Ready)
    assert verdict.files == {name: name for name in names[:100]}


def test_latest_is_the_newest_completed_job_of_the_model_if_neptune_has_it() -> None:
    ready = prepared(warnings=[WARNING], request=LATEST)
    around = Around(latest="fraud-0", looks={"fraud-0": COMPLETED}, prepared=ready)
    verdict = around.judge(job(SCHEDULE))
    assert verdict == Ready({**SENT, "previousModelTrainingJobId": "fraud-0"}, {}, (WARNING,))
    looked = ("training", "fraud-0", ROLE)
    assert around.asked[1:] == [("newest", "s3://models/in/fraud/"), looked, DATA, looked]


@pytest.mark.parametrize(
    ("latest", "problem"),
    [(None, "no job of this model has completed yet"), ("fraud-0", "Neptune no longer has fraud-0")],
)
def test_without_a_latest_job_the_training_starts_from_scratch_with_a_warning(latest: str | None, problem: str) -> None:
    ready = prepared(warnings=[WARNING], request={**LATEST, **CUSTOM})
    verdict = Around(latest=latest, prepared=ready).judge(job())
    assert isinstance(verdict, Ready)
    assert verdict.request == {**SENT, **CUSTOM}
    assert [str(each) for each in verdict.warnings] == [
        str(WARNING),
        (f'previousModelTrainingJobId: {problem} (value: "LATEST"). Nothing to do: this training starts from scratch'),
    ]


def test_latest_is_rejected_in_an_event_for_a_built_in_model() -> None:
    around = Around(prepared=prepared(request=LATEST))
    verdict = around.judge(job())
    assert isinstance(verdict, Rejected)
    assert [str(each) for each in verdict.problems] == [
        (
            "previousModelTrainingJobId: is the newest job of the same model,"
            ' but an event for a built-in model does not name its model (value: "LATEST").'
            " Set it to the id of the job to continue, or use a schedule: all its runs are of one model"
        )
    ]


@pytest.mark.parametrize(
    ("kind", "one"),
    [
        (TriggerKind.UPLOAD, True),
        (TriggerKind.SCHEDULE, True),
        (TriggerKind.EVENT, False),
        (TriggerKind.CANCELLATION, False),
        (TriggerKind.UNKNOWN, False),
    ],
)
def test_uploads_and_schedules_train_one_model_each(kind: TriggerKind, one: bool) -> None:
    assert readiness.has_one_model(kind) is one


# --- an explicit id ---------------------------------------------------------------------------------------------------

OURS = Found("InProgress", {"processing": {"outputLocation": "s3://trained/X/fraud-1/x"}})
THEIRS = Found("InProgress", {"processing": {"outputLocation": "s3://trained/X/fraud-10/x"}})
MINE = {"id": "fraud-1"}


def test_an_explicit_id_is_looked_up_before_the_needs() -> None:
    around = Around()
    assert around.judge(job(asked=MINE)) == Ready(SENT, {}, ())
    assert around.asked == [("prepare", "fraud-1", None), JOB, DATA]


def test_an_explicit_id_that_neptune_has_with_our_own_output_is_ready_and_exists() -> None:
    around = Around(looks={"fraud-1": OURS}, prepared=prepared(warnings=[WARNING]))
    assert around.judge(job(asked=MINE)) == Ready(SENT, {}, (WARNING,), exists=True)
    assert around.asked[-1] == JOB


@pytest.mark.parametrize(
    ("look", "request_"),
    [
        (THEIRS, {}),
        (RUNS, {}),  # it does not show its output
        (OURS, {"trainModelS3Location": "s3://trained/X/fraud-1/x"}),
        (OURS, {"trainModelS3Location": "s3://trained/X"}),
    ],
)
def test_an_explicit_id_of_a_job_that_may_be_anothers_is_rejected(look: Found, request_: dict[str, str]) -> None:
    verdict = Around(looks={"fraud-1": look}, prepared=prepared(request=request_)).judge(job(asked=MINE))
    assert isinstance(verdict, Rejected)
    assert [str(each) for each in verdict.problems] == [
        f'id: id taken: Neptune has a job with this id (value: "fraud-1"). {ANOTHER_ID}'
    ]


@pytest.mark.parametrize(("look", "waiting_for"), [(DENIED, WaitingFor.ACCESS), (DOWN, WaitingFor.ERROR)])
def test_an_explicit_id_that_cannot_be_looked_up_waits_by_itself(look: Unknown, waiting_for: WaitingFor) -> None:
    around = Around(looks={"fraud-1": look})
    assert around.judge(job(asked=MINE)) == NotReady(waiting_for, (look.failure.problem,))


# --- what the training builds on --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("look", "said"),
    [
        (
            Absent(),
            (
                'dataProcessingJobId: Neptune has no such job (value: "night").'
                " Set it to the id of a completed data-processing job"
            ),
        ),
        (
            FAILED,
            (
                'dataProcessingJobId: is a job that ended with status Failed (value: "night").'
                " Set it to the id of a completed data-processing job"
            ),
        ),
    ],
)
def test_data_processing_that_will_never_complete_is_rejected(look: Look, said: str) -> None:
    verdict = Around(looks={"night": look}).judge(job())
    assert isinstance(verdict, Rejected)
    assert [str(each) for each in verdict.problems] == [said]


def test_data_processing_that_runs_is_waited_for_and_the_previous_training_is_not_looked_at() -> None:
    around = Around(looks={"night": RUNS}, prepared=prepared(request=CONTINUED))
    verdict = around.judge(job())
    assert isinstance(verdict, NotReady)
    assert [verdict.waiting_for, verdict.next_attempt] == [WaitingFor.DATA_PROCESSING, None]
    assert [str(each) for each in verdict.problems] == [
        (
            'dataProcessingJobId: is a job with status InProgress (value: "night").'
            " Nothing to do: training starts when that job is completed"
        )
    ]
    assert around.asked[-1] == DATA


@pytest.mark.parametrize(
    ("look", "waits", "said"),
    [
        (
            Absent(),
            None,
            (
                'previousModelTrainingJobId: Neptune has no such job (value: "fraud-0").'
                " Set it to the id of a completed training job"
            ),
        ),
        (
            RUNS,
            WaitingFor.PREVIOUS_TRAINING,
            (
                'previousModelTrainingJobId: is a job with status InProgress (value: "fraud-0").'
                " Nothing to do: training starts when that job is completed"
            ),
        ),
    ],
)
def test_a_previous_training_that_has_not_completed_is_rejected_or_waited_for(
    look: Look, waits: WaitingFor | None, said: str
) -> None:
    around = Around(looks={"fraud-0": look}, prepared=prepared(request=CONTINUED))
    verdict = around.judge(job())
    assert isinstance(verdict, NotReady if waits else Rejected)
    assert [getattr(verdict, "waiting_for", None), [str(each) for each in verdict.problems]] == [waits, [said]]
    assert around.asked[-1] == ("training", "fraud-0", ROLE)


@pytest.mark.parametrize("look", [COMPLETED, DOWN])
def test_what_has_completed_or_cannot_be_looked_at_is_left_to_neptune(look: Look) -> None:
    ready = prepared(request=CONTINUED)
    assert isinstance(Around(looks={"fraud-0": look, "night": look}, prepared=ready).judge(job()), Ready)
