"""The end of `make run`, and the lines before it, as a person reads them."""

import re
from pathlib import Path
from typing import Any

import pytest

from local import arrivals, function_logs
from local.course import Line
from local.model import EXAMPLE
from local.report import Report

JOB = "example-model-3a35d8064791d77cd4c2"
PROBLEM = {"field": "x[bold]", "value": '"y"', "problem": "is wrong", "remedy": "Fix it"}
REQUEST = {"maxHPONumberOfTrainingJobs": 10, "trainingInstanceType": "ml.m5.xlarge"}


def shown(capsys: pytest.CaptureFixture[str], model: Path = EXAMPLE, **message: Any) -> str:
    said = {"jobId": JOB, "reasons": [], "warnings": [], **message}
    Report({**said, "request": REQUEST}, said, model, 7.94, 0.25 if "arn" in said else None).show()
    return capsys.readouterr().out


def test_a_completed_training_ends_with_the_verdict_what_was_trained_how_long_it_took_and_what_comes_next(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert (
        shown(capsys, status="COMPLETED", arn="arn:x")
        == f"""
COMPLETED  the training has ended well
  model    cli/example-model, as job {JOB}: up to 10 trials on ml.m5.xlarge
  time     7.9 s in all; 0.25 s from the upload to the SNS message with the ARN
  record   .local/last-run/record.json, as DynamoDB had it
  message  .local/last-run/message.json, the last one that a subscriber got
  logs     .local/last-run/functions.log and .local/last-run/ministack.log

What to do next
  make check-model MODEL=path/to/model-directory  check your own model
  make run MODEL=path/to/model-directory          train it here
  make up                                         leave it running, for any AWS client
  docs/deploy.md                                  deploy it to your account
"""
    )


def test_a_completed_training_has_its_best_trial_below_the_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    best = {"name": "hpo-004", "metric": {"name": "accuracy", "value": 0.94}, "hyperparameters": {}, "seconds": 412}
    trials = {"completed": 8, "failed": 2, "stopped": 0}
    said = shown(capsys, status="COMPLETED", result={"trials": trials, "bestTrial": best})
    assert (
        "\n  result   Trials: 8 completed, 2 failed, 0 stopped\n           Best trial: accuracy 0.94 after 412 s\n"
        in said
    )


def test_after_an_own_models_completed_training_come_the_running_stack_with_the_upload_and_the_documents(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = shown(capsys, Path("/my models/m x"), status="COMPLETED", arn="arn:x").partition("What to do next\n")[2]
    upload = """aws s3 cp --recursive '/my models/m x' "s3://$MODEL_BUCKET/$MODEL_PREFIX"'m x/'"""
    commands = [re.split(r"  +", line.strip())[0] for line in said.splitlines()]
    assert commands == ["make up", ". .local/env", upload, "docs/triggers.md", "docs/deploy.md"]


def test_a_failed_training_begins_with_the_last_lines_of_its_log(capsys: pytest.CaptureFixture[str]) -> None:
    log = {"group": "/aws/sagemaker/TrainingJobs", "stream": "s", "lines": ["Traceback", "[/red] out of memory"]}
    said = shown(capsys, status="FAILED", result={"log": log})
    assert said.startswith(
        "\nThe end of the log /aws/sagemaker/TrainingJobs s:\n  Traceback\n  [/red] out of memory\n\nFAILED  "
    )


def test_a_rejected_request_begins_with_its_problems_and_ends_with_how_to_check_it_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = shown(
        capsys, Path("/my models/m"), status="REJECTED", reasons=[PROBLEM], warnings=[{**PROBLEM, "value": None}]
    )
    assert said.startswith(
        '\nx[bold]: is wrong (value: "y")\n  Fix it\nx[bold]: is wrong\n  Fix it\n\nREJECTED  the request is wrong, so'
    )
    assert "trials" not in said
    assert "make check-model MODEL='/my models/m'" in said


def test_verbose_shows_the_record_and_the_message_before(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERBOSE", "1")
    said = shown(capsys, status="COMPLETED")
    assert said.index("The record in DynamoDB\n{") < said.index("The last SNS message") < said.index("COMPLETED  ")


def test_a_line_of_the_course_begins_with_the_id_of_its_job(capsys: pytest.CaptureFixture[str]) -> None:
    Line(12.5, JOB, "  hpo", "Completed").show(10.0, with_job=True)
    Line(13.0, JOB, "started", f"arn:x/{JOB}").show(10.0, with_job=True)
    Line(14.0, JOB, "completed", JOB).show(10.0, with_job=True)
    assert capsys.readouterr().out.splitlines() == [
        f"   2.50 s    hpo        {JOB}  Completed",
        f"   3.00 s  started      {JOB}  arn:x/{JOB}",
        f"   4.00 s  completed    {JOB}",
    ]


def test_no_line_shows_a_status_file_that_the_application_has_written() -> None:
    def uploaded(key: str) -> dict[str, Any]:
        return {"source": "aws.s3", "detail": {"bucket": {"name": "b"}, "object": {"key": key}}}

    line = arrivals.arrived(10.0, uploaded("models/m/training.py"))
    assert line is not None
    assert line.detail == "s3://b/models/m/training.py"
    assert arrivals.arrived(10.0, uploaded("models/m/training-job.status.json")) is None


@pytest.mark.parametrize(
    ("message", "entry"),
    [
        ("START RequestId: 1 Version: $LATEST", None),
        ('{"_aws": {}, "SlotsInUse": [0]}', None),
        ("Task timed out after 3 seconds", ("", "Task timed out after 3 seconds")),
        (
            '{"level": "INFO", "message": "started", "service": "s", "function_name": "f", "jobId": "j"}',
            ("INFO", "started  jobId=j"),
        ),
        (
            '{"level": "ERROR", "message": "step failed", "exception": "Traceback\\nE", "jobId": "j"}',
            ("ERROR", "step failed  jobId=j\nTraceback\nE"),
        ),
    ],
)
def test_an_entry_of_a_functions_log_is_its_message_and_what_it_is_about(message: str, entry: object) -> None:
    assert function_logs.said(message) == entry
