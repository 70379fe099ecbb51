"""Transitions of a job, as plain calls: what the next record has, field by field."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest

from neptune_training.model import jobs, new_jobs
from neptune_training.model.jobs import Ended, Record, Requested, Started, Unfinished, Waiting
from neptune_training.model.problems import Problem
from neptune_training.model.statuses import Status, WaitingFor
from neptune_training.model.triggers import Trigger

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WHY = (Problem(field="file", problem="is missing", remedy="Upload it"),)
OLD = (Problem(field="old", problem="was wrong", remedy="Wait"),)
WARNING = (Problem(field="hpo", problem="is small", remedy="Set it to 10"),)
KNOWN: dict[str, Any] = {
    "jobId": "fraud-1",
    "model": "s3://models/fraud/",
    "version": 3,
    "trigger": Trigger(kind="upload", identity="upload 1"),
    "asked": {"id": "fraud-1"},
    "fingerprint": "f1",
    "request": {"id": "fraud-1"},
    "files": {"training.py": "etag"},
    "reasons": OLD,
    "warnings": WARNING,
    "attempts": 1,
    "unanswered": True,
    "cancelledBy": "event my.app 6a7e",
    "cancelClean": True,
    "createdAt": NOW - 60 * MINUTE,
    "updatedAt": NOW - 10 * MINUTE,
    "later": {"newField": 1},
}
STEP: dict[str, Any] = {"nextAttemptAt": NOW, "endBy": NOW + 90 * MINUTE, "stepUntil": NOW + MINUTE, "failedSteps": 2}
QUEUE: dict[str, Any] = {"waitedFor": WaitingFor.FILES, "queuedAt": NOW - 20 * MINUTE, "slotSeconds": 30}
# What each next record has in common: a step that has ended without failing, and no reasons.
NEXT: dict[str, Any] = {"version": 4, "updatedAt": NOW, "reasons": ()}
STEP_OVER: dict[str, Any] = {"endBy": None, "stepUntil": None, "failedSteps": 0}


def waiting(**said: Any) -> Waiting:
    known = {"waitingFor": WaitingFor.SLOT, "waitingSince": NOW - 5 * MINUTE, "giveUpAt": NOW + 60 * MINUTE}
    return Waiting.model_validate({**KNOWN, **STEP, **QUEUE, **known, **said})


def requested(**said: Any) -> Requested:
    known = {"leaseUntil": NOW + MINUTE, "giveUpAt": NOW + 60 * MINUTE}
    return Requested.model_validate({**KNOWN, **STEP, **QUEUE, **known, **said})


RAN: dict[str, Any] = {
    "arn": "arn:1",
    "creationTimeInMillis": 7,
    "neptuneStatus": "InProgress",
    "stages": {"hpo": {"status": "InProgress"}},
    "startedAt": NOW - 30 * MINUTE,
}


def started(**said: Any) -> Started:
    known = {"missingSince": NOW - MINUTE, "unknownSince": NOW - 2 * MINUTE, "adopted": True, "lookOftenUntil": NOW}
    return Started.model_validate({**KNOWN, **STEP, **RAN, **known, **said})


def fields(job: Record, *without: str) -> dict[str, Any]:
    """Return all fields of a job, except some."""
    return {name: value for name, value in dict(job).items() if name not in without}


# --- a step -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("job", [waiting(), requested(), started()], ids=lambda job: job.status)
def test_a_step_that_has_begun_postpones_the_job_and_counts_as_failed_until_it_has_ended(job: Unfinished) -> None:
    begun = job.step_begun(NOW, until=NOW + 2 * MINUTE, again_at=NOW + 3 * MINUTE)
    changed = {"stepUntil": NOW + 2 * MINUTE, "nextAttemptAt": NOW + 3 * MINUTE, "failedSteps": 3}
    assert fields(begun) == {**fields(job), **changed, "version": 4, "updatedAt": NOW}


def test_a_failed_step_keeps_its_count_and_is_no_longer_under_way() -> None:
    changed = {"stepUntil": None, "nextAttemptAt": NOW + MINUTE, "version": 4, "updatedAt": NOW}
    assert fields(started().step_over(NOW, again_at=NOW + MINUTE)) == {**fields(started()), **changed}


@pytest.mark.parametrize(("until", "failed"), [(NOW + MINUTE, 1), (NOW, 2), (None, 2)])
def test_a_step_that_is_under_way_does_not_count_as_failed_if_another_is_taken_at_once(
    until: datetime | None, failed: int
) -> None:
    changed = {"stepUntil": None, "nextAttemptAt": NOW, "failedSteps": failed, "version": 4, "updatedAt": NOW}
    job = started(stepUntil=until)
    assert fields(job.step_next(NOW)) == {**fields(job), **changed}


def test_the_first_step_of_a_row_that_is_under_way_does_not_count_as_failed_either() -> None:
    assert started(stepUntil=NOW + MINUTE, failedSteps=1).step_next(NOW).failedSteps == 0


def test_the_next_version_of_an_unchanged_record_differs_in_version_and_time_only() -> None:
    assert fields(requested().next_unchanged(NOW)) == {**fields(requested()), "version": 4, "updatedAt": NOW}


def test_a_bound_changes_nothing_else_not_even_the_version() -> None:
    assert fields(requested().bounded(NOW)) == {**fields(requested()), "endBy": NOW}


# --- WAITING ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("waiting_for", "since", "seconds"),
    [(WaitingFor.SLOT, -5 * MINUTE, 30), (WaitingFor.DATA_PROCESSING, 0 * MINUTE, 330)],
)
def test_a_job_that_waits_again_keeps_since_when_only_for_the_same_and_counts_its_time_for_a_slot_once(
    waiting_for: WaitingFor, since: timedelta, seconds: int
) -> None:
    before = waiting()
    after = before.still_waits(waiting_for, NOW, next_attempt=NOW + MINUTE, give_up=NOW + 9 * MINUTE, reasons=WHY)
    changed = {"waitingFor": waiting_for, "waitingSince": NOW + since, "slotSeconds": seconds, "reasons": WHY}
    times = {"nextAttemptAt": NOW + MINUTE, "giveUpAt": NOW + 9 * MINUTE}
    assert fields(after) == {**fields(before), **NEXT, **STEP_OVER, **changed, **times}


def test_a_job_that_waits_after_failed_steps_keeps_their_number() -> None:
    said: dict[str, Any] = {"next_attempt": NOW, "give_up": NOW, "reasons": WHY, "failed_steps": 4}
    assert waiting().still_waits(WaitingFor.ERROR, NOW, **said).failedSteps == 4


def test_a_wait_whose_begin_an_earlier_version_did_not_record_begins_now() -> None:
    said: dict[str, Any] = {"next_attempt": NOW, "give_up": NOW, "reasons": ()}
    after = waiting(waitingSince=None).still_waits(WaitingFor.SLOT, NOW, **said)
    assert [after.waitingSince, after.slotSeconds] == [NOW, 30]


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ({}, 330),
        ({"waitingSince": None}, 30),
        ({"waitingFor": WaitingFor.FILES}, 30),
        ({"waitingSince": NOW + MINUTE}, 30),  # a clock that was wrong
        ({"slotSeconds": 0, "waitingSince": NOW}, 0),
        ({"waitingSince": NOW - timedelta(seconds=1.9)}, 31),
    ],
)
def test_the_time_for_a_slot_is_what_was_counted_and_what_has_passed_since(said: dict[str, Any], seconds: int) -> None:
    assert waiting(**said).slot_seconds(NOW) == seconds


def test_a_jobs_place_in_the_queue_is_its_last_refusal_or_its_creation() -> None:
    assert [waiting().place, waiting(queuedAt=None).place] == [NOW - 20 * MINUTE, NOW - 60 * MINUTE]


def test_a_claim_makes_the_job_requested_with_its_request_and_one_attempt_more() -> None:
    said: dict[str, Any] = {"request": {"id": "x"}, "files": {"a.py": "e"}, "warnings": WHY}
    claimed = waiting().claimed(NOW, lease_until=NOW + MINUTE, give_up=NOW + 9 * MINUTE, **said)
    leased = {"leaseUntil": NOW + MINUTE, "nextAttemptAt": NOW + MINUTE, "giveUpAt": NOW + 9 * MINUTE}
    step = {"endBy": None, "stepUntil": None, "failedSteps": 2}
    queue = {"waitedFor": WaitingFor.SLOT, "queuedAt": NOW - 20 * MINUTE, "slotSeconds": 330}
    expected = {**KNOWN, **NEXT, **step, **queue, **leased, **said, "attempts": 2, "status": Status.REQUESTED}
    assert fields(claimed) == expected


# --- REQUESTED --------------------------------------------------------------------------------------------------------


def test_a_job_in_doubt_keeps_its_lease_bound_and_place_and_is_unanswered() -> None:
    before = requested(unanswered=False)
    after = before.in_doubt(NOW, next_attempt=NOW + MINUTE, reasons=WHY, failed_steps=5)
    changed = {"nextAttemptAt": NOW + MINUTE, "reasons": WHY, "unanswered": True, "failedSteps": 5}
    assert fields(after) == {**fields(before), **NEXT, **STEP_OVER, **changed}


@pytest.mark.parametrize("unanswered", [True, False])
def test_a_job_that_was_not_started_waits_from_now_at_the_place_that_it_is_given(unanswered: bool) -> None:
    times = {"next_attempt": NOW + MINUTE, "give_up": NOW + 9 * MINUTE, "queued_at": NOW - MINUTE}
    after = requested().not_started(WaitingFor.CAPACITY, NOW, **times, reasons=WHY, unanswered=unanswered)
    wait = {"waitingFor": WaitingFor.CAPACITY, "waitedFor": WaitingFor.FILES, "waitingSince": NOW, "slotSeconds": 30}
    place = {"queuedAt": NOW - MINUTE, "nextAttemptAt": NOW + MINUTE, "giveUpAt": NOW + 9 * MINUTE}
    changed = {"reasons": WHY, "unanswered": unanswered, "status": Status.WAITING}
    assert fields(after) == {**KNOWN, **NEXT, **STEP_OVER, **wait, **place, **changed}


def test_a_started_job_is_looked_at_again_and_has_what_the_answer_said() -> None:
    said: dict[str, Any] = {"warnings": WHY, "arn": "arn:2", "created": 8, "adopted": True}
    after = requested().started(NOW, look_again=NOW + MINUTE, **said)
    ran = {"arn": "arn:2", "creationTimeInMillis": 8, "neptuneStatus": "InProgress", "stages": None, "startedAt": NOW}
    look = {"nextAttemptAt": NOW + MINUTE, "missingSince": None, "unknownSince": None, "adopted": True}
    changed = {"warnings": WHY, "status": Status.STARTED, "lookOftenUntil": None}
    assert fields(after) == {**KNOWN, **NEXT, **STEP_OVER, **ran, **look, **changed}


def test_a_start_is_ours_and_nothing_is_known_of_it_unless_said() -> None:
    after = requested().started(NOW, look_again=NOW, warnings=())
    assert [after.arn, after.creationTimeInMillis, after.adopted] == [None, None, False]


# --- STARTED ----------------------------------------------------------------------------------------------------------


def after_a_look(**changed: Any) -> dict[str, Any]:
    return {**fields(started()), **NEXT, **STEP_OVER, "nextAttemptAt": NOW + MINUTE, **changed}


def test_a_look_that_finds_the_job_replaces_what_neptune_says_and_ends_all_doubt() -> None:
    said: dict[str, Any] = {"stages": {"hpo": {"status": "Completed"}}, "warnings": (), "adopted": False}
    after = started().looked_at(
        NOW, look_again=NOW + MINUTE, neptune_status="Stopping", look_often_until=NOW + 2 * MINUTE, **said
    )
    forgotten = {"missingSince": None, "unknownSince": None, "failedSteps": 0}
    changed = {"neptuneStatus": "Stopping", "lookOftenUntil": NOW + 2 * MINUTE, **said, **forgotten}
    assert fields(after) == after_a_look(**changed)


def test_a_look_that_finds_no_job_keeps_all_but_the_failed_looks() -> None:
    after = started().missing(NOW, look_again=NOW + MINUTE, since=NOW - 9 * MINUTE)
    changed = {"missingSince": NOW - 9 * MINUTE, "unknownSince": None, "failedSteps": 0}
    assert fields(after) == after_a_look(**changed)


def test_a_look_that_fails_keeps_all_that_is_known() -> None:
    after = started().unknown(NOW, look_again=NOW + MINUTE, since=NOW - 9 * MINUTE, failed_steps=6)
    assert fields(after) == after_a_look(unknownSince=NOW - 9 * MINUTE, failedSteps=6)


def test_a_hint_makes_a_job_due_now_and_looked_at_often_for_a_while_and_changes_nothing_else() -> None:
    later = started(nextAttemptAt=NOW + 9 * MINUTE)
    changed = {"nextAttemptAt": NOW, "lookOftenUntil": NOW + 5 * MINUTE, "version": 4, "updatedAt": NOW}
    assert fields(later.hinted(NOW, look_often_until=NOW + 5 * MINUTE)) == {**fields(later), **changed}


@pytest.mark.parametrize(
    ("said", "fail"),
    [
        ({"stepUntil": None, "failedSteps": 0}, False),
        ({"stepUntil": None, "failedSteps": 1}, True),
        ({"stepUntil": NOW + MINUTE, "failedSteps": 1}, False),  # a step is under way
        ({"stepUntil": NOW + MINUTE, "failedSteps": 2}, True),
        ({"stepUntil": NOW, "failedSteps": 1}, True),  # its invocation has ended without an outcome
    ],
)
def test_a_step_under_way_is_no_failed_look(said: dict[str, Any], fail: bool) -> None:
    assert started(**said).looks_fail(NOW) is fail


# --- the end ----------------------------------------------------------------------------------------------------------

END: dict[str, Any] = {"endedAt": NOW, "rawBody": None, "supersededBy": None, "result": None}


def test_a_job_that_ran_ends_with_what_is_known_of_its_run() -> None:
    ended = started().ended(Status.FAILED, NOW, WHY)
    assert fields(ended) == {**KNOWN, **RAN, **NEXT, **END, "reasons": WHY, "status": Status.FAILED}


def test_the_last_look_of_a_run_is_in_its_end() -> None:
    stages = {"hpo": {"status": "Completed"}}
    ended = started().ended(Status.COMPLETED, NOW, neptune_status="Completed", stages=stages)
    assert [ended.neptuneStatus, ended.stages, ended.arn] == ["Completed", stages, "arn:1"]


def test_a_job_that_never_ran_ends_with_nothing_of_a_run() -> None:
    ended = waiting().ended(Status.SUPERSEDED, NOW, superseded_by="fraud-2")
    nothing: dict[str, Any] = dict.fromkeys(RAN)
    expected = {**KNOWN, **nothing, **NEXT, **END, "supersededBy": "fraud-2", "status": Status.SUPERSEDED}
    assert fields(ended) == expected


# --- new jobs ---------------------------------------------------------------------------------------------------------

UPLOAD = Trigger(kind="upload", identity="upload 1", bucket="models", key="models/fraud/training-job.json")


def test_a_new_job_waits_for_its_turn_until_it_is_given_up() -> None:
    asked = {"trainingInstanceType": "ml.g5.xlarge"}
    job = new_jobs.new(UPLOAD, asked, NOW, first_step_by=NOW + MINUTE, give_up=9 * MINUTE)
    said: dict[str, Any] = {
        "jobId": new_jobs.derived_id("fraud", "upload 1"),
        "model": "s3://models/models/fraud/",
        "trigger": UPLOAD,
    }
    wait = {"waitingFor": WaitingFor.TURN, "waitedFor": None, "waitingSince": NOW, "queuedAt": None, "slotSeconds": 0}
    times = {"nextAttemptAt": NOW + MINUTE, "giveUpAt": NOW + 9 * MINUTE, "endBy": NOW + 9 * MINUTE}
    nothing: dict[str, Any] = {
        "request": None,
        "files": None,
        "reasons": (),
        "warnings": (),
        "unanswered": False,
        "cancelledBy": None,
        "cancelClean": False,
        "later": {},
    }
    made = {"version": 1, "attempts": 0, "failedSteps": 1, "stepUntil": None, "createdAt": NOW, "updatedAt": NOW}
    known = {"asked": asked, "fingerprint": new_jobs.fingerprint(asked), "status": Status.WAITING}
    assert fields(job) == {**said, **wait, **times, **nothing, **made, **known}


def test_a_request_that_names_its_id_has_it_and_one_for_a_built_in_model_is_named_model() -> None:
    event = Trigger(kind="event", identity="event 1", source="nightly")
    named = new_jobs.new(event, {"id": "mine"}, NOW, first_step_by=NOW, give_up=MINUTE)
    unnamed = new_jobs.new(event, {}, NOW, first_step_by=NOW, give_up=MINUTE)
    assert [named.jobId, unnamed.jobId] == ["mine", new_jobs.derived_id("model", "event 1")]


def test_a_cancellations_id_is_its_own_and_begins_with_cancel() -> None:
    trigger = Trigger(kind="cancellation", identity="cancellation 1")
    job = new_jobs.new(trigger, {"id": "mine"}, NOW, first_step_by=NOW, give_up=MINUTE)
    assert job.jobId == new_jobs.derived_id("cancel", "cancellation 1")


def test_a_new_jobs_id_begins_with_the_whole_name_of_its_directory() -> None:
    upload = Trigger(kind="upload", identity="upload 1", bucket="models", key="models/X/training-job.json")
    job = new_jobs.new(upload, {}, NOW, first_step_by=NOW, give_up=MINUTE)
    assert job.jobId == new_jobs.derived_id("X", "upload 1")


def test_a_rejected_request_has_an_id_of_its_own_and_says_what_was_asked() -> None:
    job = new_jobs.rejected(UPLOAD, WHY, NOW, model="s3://m/", asked={"a": 1}, request_fingerprint="f2", raw_body="{")
    said: dict[str, Any] = {
        "jobId": new_jobs.derived_id("rejected", "upload 1"),
        "model": "s3://m/",
        "trigger": UPLOAD,
        "asked": {"a": 1},
    }
    made = {"version": 1, "attempts": 0, "createdAt": NOW, "updatedAt": NOW, "endedAt": NOW, "fingerprint": "f2"}
    nothing: dict[str, Any] = {
        "request": None,
        "files": None,
        "warnings": (),
        "unanswered": False,
        "cancelledBy": None,
        "cancelClean": False,
        "later": {},
        "supersededBy": None,
        "result": None,
    }
    ran: dict[str, Any] = dict.fromkeys(RAN)
    expected = {**said, **made, **nothing, **ran, "reasons": WHY, "rawBody": "{", "status": Status.REJECTED}
    assert fields(job) == expected


@pytest.mark.parametrize(
    ("trigger", "model"),
    [
        (Trigger(kind="event", identity="1", source="nightly"), "nightly"),
        (Trigger(kind="event", identity="1"), "event"),
        (Trigger(kind="event", identity="1", source="x" * 600), "x" * 512),
    ],
)
def test_a_rejected_request_without_a_model_is_listed_under_its_source_or_kind(trigger: Trigger, model: str) -> None:
    job = new_jobs.rejected(trigger, WHY, NOW)
    assert [job.model, job.asked, job.fingerprint, job.rawBody] == [model, {}, new_jobs.fingerprint(None), None]


CUSTOM = {"customModelTrainingParameters": {"sourceS3DirectoryPath": "s3://models-bucket/models/fraud"}}


@pytest.mark.parametrize(
    ("kind", "source", "asked", "model"),
    [
        ("event", "nightly", CUSTOM, "s3://models-bucket/models/fraud/"),
        ("schedule", "arn:aws:scheduler", CUSTOM, "s3://models-bucket/models/fraud/"),
        ("event", "nightly", {}, "nightly"),
        ("event", "s3://like-a-directory", {}, "event s3://like-a-directory"),
        ("event", None, {}, "event"),
        ("schedule", "arn:aws:scheduler", {}, "arn:aws:scheduler"),
        ("schedule", None, {}, "schedule"),
        ("event", "nightly", {"customModelTrainingParameters": {}}, "nightly"),
        ("event", "nightly", {"customModelTrainingParameters": "text"}, "nightly"),
        ("event", "nightly", {"customModelTrainingParameters": {"sourceS3DirectoryPath": "no place"}}, "nightly"),
        ("event", "x" * 600, {}, "x" * 512),
        ("newer", "nightly", CUSTOM, "unknown nightly"),
        ("newer", None, {}, "unknown newer"),
        ("newer", "x" * 600, {}, ("unknown " + "x" * 600)[:512]),
    ],
)
def test_a_request_trains_its_directory_or_else_what_its_source_names(
    kind: str, source: str | None, asked: dict[str, Any], model: str
) -> None:
    assert new_jobs.model_of(Trigger(kind=kind, identity="1", source=source), asked) == model


def test_a_fingerprint_is_that_of_json_with_sorted_keys_and_no_spaces() -> None:
    assert new_jobs.fingerprint({"b": None, "a": [1, 2]}) == sha256(b'{"a":[1,2],"b":null}').hexdigest()


@pytest.mark.parametrize("status", list(Status))
def test_each_status_has_the_type_that_can_hold_it(status: Status) -> None:
    types = {Status.WAITING: Waiting, Status.REQUESTED: Requested, Status.STARTED: Started}
    assert jobs.type_of(status) is types.get(status, Ended)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("-a", "a"),
        ("XaX", "XaX"),
        ("a" * 26 + "-bc", "a" * 26),
        ("a" * 40, "a" * 27),
        ("-" + "a" * 27, "a" * 27),
        ("--", "model"),
    ],
)
def test_a_derived_id_has_at_most_27_characters_of_the_name_and_20_of_the_identitys_hash(name: str, slug: str) -> None:
    assert new_jobs.derived_id(name, "one") == f"{slug}-{sha256(b'one').hexdigest()[:20]}"


def test_what_was_asked_is_read_back_from_its_text() -> None:
    assert [jobs.read_back('{"a": 1}'), jobs.read_back({"a": 1})] == [{"a": 1}, {"a": 1}]
