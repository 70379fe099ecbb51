"""A request is recorded, as plain calls: under which id, what a repeat gets, what is kept of an unreadable event."""

import json
from datetime import timedelta
from typing import Any, cast

import pytest

from neptune_training.aws.table import Table
from neptune_training.checks import events
from neptune_training.flow import intake, time_bounds
from neptune_training.model import new_jobs
from neptune_training.model.jobs import Ended, Job
from neptune_training.model.problems import ANOTHER_ID
from neptune_training.model.triggers import Trigger
from tests.steps import MINUTE, NOW, Records
from tests.test_triggers import event

BY, GIVE_UP = NOW + 3 * MINUTE, timedelta(hours=2)


class Uploads(Records):
    """The table, with the newest uploads that were noted in it."""

    def note_upload(self, trigger: Trigger, job_id: str) -> None:
        self.written.append(("note upload", trigger, job_id))


def record(table: Records, body: Any, message_id: str | None = "message-1") -> tuple[Job, bool]:
    text = body if isinstance(body, str) else json.dumps(body)
    return intake.record(cast("Table", table), text, message_id, now=NOW, first_step_by=BY, give_up=GIVE_UP)


def sent(**detail: Any) -> dict[str, Any]:
    return {**event("start-event"), "detail": {"dataProcessingJobId": "night", **detail}}


def expected(body: Any) -> Job:
    asked = events.read(json.dumps(body), "message-1")
    return new_jobs.new(asked.trigger, asked.parameters, NOW, first_step_by=BY, give_up=GIVE_UP)


def test_a_request_is_stored_as_a_new_job() -> None:
    table = Uploads()
    job = expected(sent())
    assert record(table, sent()) == (job, True)
    assert table.written == [("create", job)]


def test_an_upload_is_noted_as_the_newest_of_its_file_before_its_job_is_stored() -> None:
    table, body = Uploads(), event("start-upload")
    job = expected(body)
    assert record(table, body) == (job, True)
    assert table.written == [("note upload", job.trigger, job.jobId), ("create", job)]


def test_a_repeat_gets_the_job_of_the_first_as_it_is_now() -> None:
    job = expected(sent(id="mine"))
    now = job.model_copy(update={"version": 7})
    table = Uploads.of(now)
    assert record(table, sent(id="mine")) == (now, False)
    assert table.written == []


def test_our_own_write_sent_twice_counts_as_new() -> None:
    job = expected(sent(id="mine"))
    assert record(Uploads.of(job), sent(id="mine")) == (job, True)


def test_another_request_under_a_used_id_is_rejected_and_keeps_all_that_it_asked() -> None:
    table = Uploads.of(expected(sent(id="mine")))
    body = sent(id="mine", customModelTrainingParameters={"sourceS3DirectoryPath": "s3://theirs/fraud/"})
    rejected, new = record(table, body)
    asked = events.read(json.dumps(body), "message-1")
    job = expected(body)
    assert isinstance(rejected, Ended)
    assert [str(each) for each in rejected.reasons] == [
        f'id: is already used by another request (value: "mine"). {ANOTHER_ID}'
    ]
    assert (rejected, new) == (
        new_jobs.rejected(
            asked.trigger,
            rejected.reasons,
            NOW,
            asked=asked.parameters,
            request_fingerprint=job.fingerprint,
            model=job.model,
        ),
        True,
    )
    assert table.written == [("create", rejected)]


def test_a_cancellation_is_not_stored_and_a_repeat_gets_its_record() -> None:
    body = {**sent(), "detail-type": events.CANCELLATION, "detail": {"id": "mine"}}
    table = Uploads()
    job, new = record(table, body)
    asked = events.read(json.dumps(body), "message-1")
    assert job == new_jobs.new(asked.trigger, asked.parameters, NOW, first_step_by=BY, give_up=time_bounds.KEPT_FOR)
    assert [new, table.written] == [True, []]
    stored = job.model_copy(update={"version": 2})
    assert record(Uploads.of(stored), body) == (stored, False)


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ("no JSON", "no JSON"),
        ("x" * 16_385, "x" * 16_384),
        ("\ud800", "?"),
        ("[" + "é" * 20_000, "[" + "é" * 16_383),
    ],
)
@pytest.mark.parametrize("message_id", ["message-1", None])
def test_an_event_that_cannot_be_read_is_a_rejected_job_with_the_start_of_its_text(
    body: str, kept: str, message_id: str | None
) -> None:
    table = Uploads()
    rejected, new = record(table, body, message_id)
    with pytest.raises(events.Unreadable) as raised:
        events.read(body, message_id)
    assert rejected == new_jobs.rejected(raised.value.trigger, raised.value.problems, NOW, raw_body=kept)
    assert [new, table.written] == [True, [("create", rejected)]]


def test_a_record_that_is_gone_after_the_write_was_refused_is_written_again() -> None:
    class Expired(Uploads):
        """A table whose record of this id is deleted between the write and the read."""

        tries = 0

        def create(self, job: Job) -> bool:
            self.tries += 1
            return self.tries == 2

    assert record(Expired(), sent()) == (expected(sent()), True)
