"""A job as the table stores it, and a record as it is read, as plain calls."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from neptune_training.aws.dynamodb_items import plain
from neptune_training.aws.records import item, job_of, over_version
from neptune_training.model.jobs import Waiting
from tests.test_jobs import requested, started, waiting

AT = datetime(2026, 11, 24, 2, tzinfo=UTC)
JOB = Waiting.model_validate(
    {
        "jobId": "fraud-1",
        "version": 3,
        "model": "s3://m/fraud/",
        "fingerprint": "f",
        "asked": {"id": 1e400},
        "trigger": {"kind": "new", "identity": "u", "newer": "x"},
        "waitingFor": "files",
        "later": {"new": [1]},
        **dict.fromkeys(("createdAt", "updatedAt", "nextAttemptAt", "giveUpAt"), AT),
    }
)
TEXT = {"S": "2026-11-24T02:00:00.000Z"}
ITEM: dict[str, Any] = {
    "new": {"L": [{"N": "1"}]},
    "jobId": {"S": "fraud-1"},
    "status": {"S": "WAITING"},
    "version": {"N": "3"},
    "model": {"S": "s3://m/fraud/"},
    "trigger": {"M": {"kind": {"S": "new"}, "identity": {"S": "u"}, "newer": {"S": "x"}}},
    "asked": {"S": '{"id": Infinity}'},
    "fingerprint": {"S": "f"},
    "reasons": {"L": []},
    "warnings": {"L": []},
    "attempts": {"N": "0"},
    "unanswered": {"BOOL": False},
    "createdAt": TEXT,
    "updatedAt": TEXT,
    "nextAttemptAt": TEXT,
    "waitingFor": {"S": "files"},
    "giveUpAt": TEXT,
}


def test_an_item_has_plain_texts_and_no_field_that_is_none_and_those_that_only_a_newer_release_knows() -> None:
    made = item(JOB)
    assert made == ITEM
    assert {type(made[name]["S"]) for name in ("status", "waitingFor")} == {str}


@pytest.mark.parametrize("job", [JOB, waiting(), requested(), started()], ids=lambda job: job.jobId)
def test_a_record_is_read_as_the_job_that_was_stored(job: Waiting) -> None:
    assert job_of(plain(item(job))) == job


def test_a_record_that_has_a_field_with_the_name_of_the_unknown_ones_keeps_it() -> None:
    assert job_of({**plain(ITEM), "later": 7}).later == {"new": [1], "later": 7}


@pytest.mark.parametrize("changed", [{"status": "NEW"}, {"version": "three"}])
def test_a_record_with_an_unknown_status_or_version_raises_a_validation_error(
    changed: dict[str, str],
) -> None:
    with pytest.raises(ValidationError):
        job_of({**plain(ITEM), **changed})


def test_a_job_replaces_only_the_version_before_it() -> None:
    assert over_version(JOB) == {
        "Item": ITEM,
        "ConditionExpression": "version = :seen",
        "ExpressionAttributeValues": {":seen": {"N": "2"}},
    }
