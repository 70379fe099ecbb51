"""The verdict on a job before its request is built, as plain calls: what is read for it, and what it says."""

from datetime import timedelta
from typing import Any

import pytest

from neptune_training.aws import model_files
from neptune_training.aws.model_files import Directory
from neptune_training.checks import readiness
from neptune_training.checks.events import CONFIGURATION
from neptune_training.checks.verdicts import NotReady, Ready, Rejected, Superseded
from neptune_training.model.statuses import WaitingFor
from neptune_training.model.triggers import Trigger
from tests.decisions import (
    CUSTOM,
    DATA,
    EVENT,
    KEY,
    MINUTE,
    NOW,
    SCHEDULE,
    SENT,
    UPLOAD,
    WARNING,
    Around,
    directory,
    file,
    job,
)

# --- before the files -------------------------------------------------------------------------------------------------


def test_a_job_whose_file_was_uploaded_again_is_superseded_and_reads_nothing_else() -> None:
    around = Around(newer="fraud-2")
    assert around.judge(job(UPLOAD)) == Superseded("fraud-2")
    assert around.asked == [("newer upload", UPLOAD)]


def test_a_job_whose_start_may_have_been_taken_keeps_its_request() -> None:
    around = Around()
    doubtful = job(UPLOAD, unanswered=True, request=SENT, files={"a": "e"}, warnings=(WARNING,))
    assert around.judge(doubtful) == Ready(SENT, {"a": "e"}, (WARNING,))
    assert around.judge(job(unanswered=True, request=SENT)) == Ready(SENT, {}, ())
    assert around.asked == [("newer upload", UPLOAD)]


@pytest.mark.parametrize("said", [{"request": {"id": "old"}}, {"unanswered": True}])
def test_another_job_is_judged_anew(said: dict[str, Any]) -> None:
    assert Around().judge(job(**said)) == Ready(SENT, {}, ())


def test_a_custom_model_is_listed_checked_and_its_needs_are_looked_at_in_this_order() -> None:
    around = Around()
    assert around.judge(job(UPLOAD)) == Ready(SENT, {CONFIGURATION: "e1"}, ())
    assert around.asked == [
        ("newer upload", UPLOAD),
        ("list", "models", "in/fraud/"),
        ("prepare", "fraud-1", directory(file())),
        DATA,
    ]


def test_a_built_in_model_has_no_directory() -> None:
    around = Around()
    around.judge(job())
    assert around.asked == [("prepare", "fraud-1", None), DATA]


# --- the directory ----------------------------------------------------------------------------------------------------


def test_a_directory_that_cannot_be_read_waits_for_access_with_what_s3_has_said() -> None:
    verdict = Around(listed=model_files.Denied("403")).judge(job(UPLOAD))
    assert isinstance(verdict, NotReady)
    assert [verdict.waiting_for, verdict.next_attempt] == [WaitingFor.ACCESS, None]
    assert [str(each) for each in verdict.problems] == [
        (
            's3://models/in/fraud/: cannot be read: access is denied (value: "403").'
            " Ask the operator of the stack to grant the functions' role s3:ListBucket and s3:GetObject there"
        )
    ]


@pytest.mark.parametrize("changed", [model_files.Gone("404"), model_files.ContentChanged("412")])
def test_a_file_that_changes_while_it_is_read_is_settled_when_settle_seconds_are_over(changed: Exception) -> None:
    verdict = Around(prepared=changed).judge(job(UPLOAD))
    assert verdict == NotReady(WaitingFor.SETTLING, (readiness.settling(job()),), NOW + MINUTE)
    assert str(readiness.settling(job())) == (
        "s3://models/in/fraud/: files are still changing."
        " Nothing to do: training starts when they have not changed for SettleSeconds"
    )


def test_files_settle_for_a_minute_after_the_newest_of_them() -> None:
    changed = NOW - MINUTE + timedelta(seconds=1)
    settling = Around(directory(file(), file("a.py", changed=changed)))
    expected = NotReady(WaitingFor.SETTLING, (readiness.settling(job()),), changed + MINUTE)
    assert settling.judge(job(UPLOAD)) == expected
    assert isinstance(Around(directory(file(changed=NOW - MINUTE))).judge(job(UPLOAD)), Ready)


def test_a_file_that_was_deleted_since_its_event_is_rejected() -> None:
    verdict = Around(directory()).judge(job(UPLOAD))
    assert isinstance(verdict, Rejected)
    assert [str(each) for each in verdict.problems] == [
        f"{KEY}: was deleted before the training started. Upload it again"
    ]


def test_a_file_that_was_replaced_since_its_event_is_superseded_by_the_upload_that_is_there() -> None:
    replaced = Around(directory(file(etag="e2")))
    assert replaced.judge(job(UPLOAD)) == Superseded("the upload of 2026-11-24T01:55:00+00:00, ETag e2")


@pytest.mark.parametrize(
    ("trigger", "listed"),
    [
        (UPLOAD, directory(whole=False)),  # it may be among the files that are not listed
        (UPLOAD.model_copy(update={"etag": None}), directory(file(etag="e2"))),
        (UPLOAD.model_copy(update={"sequencer": None}), directory(file(etag="e2"))),
        (UPLOAD.model_copy(update={"sequencer": None}), directory()),
    ],
)
def test_a_file_of_which_nothing_shows_that_it_changed_is_checked(trigger: Trigger, listed: Directory) -> None:
    assert isinstance(Around(listed).judge(job(trigger)), Ready)


def test_of_a_list_that_is_not_whole_a_replaced_file_counts() -> None:
    replaced = Around(directory(file(etag="e2"), whole=False))
    assert isinstance(replaced.judge(job(UPLOAD)), Superseded)


@pytest.mark.parametrize("failure", [model_files.Denied("403"), model_files.Unreachable("dns")])
def test_a_directory_of_the_senders_that_cannot_be_read_is_left_to_sagemaker(failure: Exception) -> None:
    around = Around(failure)
    assert isinstance(around.judge(job(asked=CUSTOM)), Ready)
    assert around.asked[:2] == [("list", "theirs", "fraud/"), ("prepare", "fraud-1", None)]


@pytest.mark.parametrize(
    ("trigger", "path"), [(EVENT, "s3://models/in/fraud/"), (SCHEDULE, "s3://models/in/"), (UPLOAD, "")]
)
def test_a_directory_that_the_functions_must_be_able_to_read_is_waited_for(trigger: Trigger, path: str) -> None:
    asked = {"customModelTrainingParameters": {"sourceS3DirectoryPath": path}}
    verdict = Around(model_files.Denied("403")).judge(job(trigger, asked=asked))
    assert isinstance(verdict, NotReady)
    with pytest.raises(model_files.Unreachable):
        Around(model_files.Unreachable("dns")).judge(job(trigger, asked=asked))


@pytest.mark.parametrize(
    ("trigger", "custom", "source"),
    [
        (UPLOAD, None, ("models", "in/fraud/")),
        (Trigger(kind="upload", identity="u"), None, ("", "/")),
        (EVENT, {"sourceS3DirectoryPath": "s3://theirs/a/b"}, ("theirs", "a/b/")),
        (SCHEDULE, {"sourceS3DirectoryPath": "s3://theirs/a/b/"}, ("theirs", "a/b/")),
        (EVENT, {"sourceS3DirectoryPath": "s3://theirs/"}, None),
        (EVENT, {"sourceS3DirectoryPath": "theirs"}, None),
        (EVENT, {}, None),
        (EVENT, "s3://theirs/a/b", None),
        (EVENT, None, None),
        (Trigger(kind="cancellation", identity="c"), {"sourceS3DirectoryPath": "s3://theirs/a/b"}, None),
        (Trigger(kind="a later release's", identity="c"), {"sourceS3DirectoryPath": "s3://theirs/a/b"}, None),
    ],
)
def test_the_directory_of_a_job_is(trigger: Trigger, custom: object, source: tuple[str, str] | None) -> None:
    assert readiness.source_of(job(trigger, asked={"customModelTrainingParameters": custom})) == source
