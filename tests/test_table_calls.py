"""The calls of the table to DynamoDB, with all their parameters, and what is made of the answers."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.stub import Stubber

from neptune_training.aws.dynamodb_items import typed
from neptune_training.aws.records import item, over_version
from neptune_training.aws.table import Table, padded
from neptune_training.aws.writes import RecordChanged
from neptune_training.model.capacity import Capacity
from neptune_training.model.statuses import Status
from neptune_training.model.triggers import Trigger
from neptune_training.model.unfinished import Entry
from tests.test_jobs import waiting

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
SOON = NOW + timedelta(minutes=1)
NAME = "training-jobs"
ON_TABLE = {"TableName": NAME}
SEEN = Capacity(paused_until=NOW, pause_text="seen")
UPLOAD = Trigger(kind="upload", identity="u", bucket="b", key="m/fraud/hpo.json", sequencer="00a1")
PADDED = "00A1" + "0" * 60
NEWEST = {"jobId": {"S": "#newest s3://b/m/fraud/hpo.json"}}
CHANGED = "ConditionalCheckFailedException"


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def table(dynamodb: Stubber, slept: list[float]) -> Table:
    client: Any = dynamodb.client
    return Table(client, NAME, slept.append)


def key(job_id: str) -> dict[str, Any]:
    return {"jobId": {"S": job_id}}


def read(job_id: str) -> dict[str, Any]:
    return {**ON_TABLE, "Key": key(job_id), "ConsistentRead": True}


# --- jobs -------------------------------------------------------------------------------------------------------------


def test_a_new_record_is_written_only_if_its_id_has_none(dynamodb: Stubber, table: Table) -> None:
    job = waiting()
    new = {**ON_TABLE, "Item": item(job), "ConditionExpression": "attribute_not_exists(jobId)"}
    dynamodb.add_response("put_item", {}, new)
    dynamodb.add_client_error("put_item", CHANGED, expected_params=new)
    assert [table.create(job), table.create(job)] == [True, False]


def test_a_record_is_read_as_it_is_now(dynamodb: Stubber, table: Table) -> None:
    job = waiting()
    dynamodb.add_response("get_item", {"Item": item(job)}, read("fraud-1"))
    dynamodb.add_response("get_item", {}, read("fraud-2"))
    assert [table.get("fraud-1"), table.get("fraud-2")] == [job, None]


def test_a_record_is_replaced_over_the_version_before_it_and_written_again_after_a_conflict(
    dynamodb: Stubber, table: Table, slept: list[float]
) -> None:
    job = waiting()
    dynamodb.add_client_error("put_item", "TransactionConflictException")
    dynamodb.add_response("put_item", {}, {**ON_TABLE, **over_version(job)})
    table.save(job)
    assert len(slept) == 1


def test_a_record_that_was_changed_is_not_replaced(dynamodb: Stubber, table: Table) -> None:
    dynamodb.add_client_error("put_item", CHANGED)
    with pytest.raises(RecordChanged):
        table.save(waiting())


# --- the indexes ------------------------------------------------------------------------------------------------------


def entry(job_id: str, status: Status, **more: Any) -> dict[str, Any]:
    times = {"nextAttemptAt": "2026-11-24T02:00:00.000Z", "createdAt": "2026-11-24T02:01:00.000Z"}
    return typed({"jobId": job_id, "status": status, **times, **more})


def expect_unfinished(dynamodb: Stubber, status: Status, *pages: list[dict[str, Any]]) -> None:
    """Each page but the first is asked for with the key of the last item before it."""
    query: dict[str, Any] = {
        **ON_TABLE,
        "IndexName": "unfinished",
        "KeyConditionExpression": "#status = :status",
        "ExpressionAttributeNames": {"#status": "status"},
        "ExpressionAttributeValues": {":status": {"S": status}},
    }
    for number, page in enumerate(pages, 1):
        last = {"LastEvaluatedKey": key(f"page {number}")} if number < len(pages) else {}
        dynamodb.add_response("query", {"Items": page, **last}, dict(query))
        query["ExclusiveStartKey"] = key(f"page {number}")


def test_unfinished_jobs_come_from_the_index_by_status_from_all_pages_without_what_cannot_be_read(
    dynamodb: Stubber, table: Table
) -> None:
    broken = entry("broken", Status.STARTED, createdAt="never")
    started_jobs = [[entry("a", Status.STARTED), broken], [entry("b", Status.STARTED)]]
    expect_unfinished(dynamodb, Status.STARTED, *started_jobs)
    expect_unfinished(dynamodb, Status.REQUESTED, [])
    expect_unfinished(dynamodb, Status.WAITING, [entry("c", Status.WAITING)])
    times: dict[str, Any] = {"next_attempt_at": NOW, "created_at": SOON}
    assert table.unfinished() == [
        Entry("a", Status.STARTED, **times),
        Entry("b", Status.STARTED, **times),
        Entry("c", Status.WAITING, **times),
    ]
    expect_unfinished(dynamodb, Status.STARTED, *started_jobs)
    assert [each.job_id for each in table.started()] == ["a", "b"]


@pytest.mark.parametrize(("at_most", "length"), [(1, 1), (2, 2), (3, 2)])
def test_the_queue_is_as_long_as_there_are_other_jobs_in_it(
    dynamodb: Stubber, table: Table, at_most: int, length: int
) -> None:
    waits = [("a", "capacity"), ("mine", "a slot"), ("b", "files"), ("c", "Neptune")]
    expect_unfinished(dynamodb, Status.WAITING, [entry(name, Status.WAITING, waitingFor=what) for name, what in waits])
    assert table.queue_length(at_most, besides="mine") == length


def test_a_models_running_jobs_are_those_that_neptune_has_or_may_have(dynamodb: Stubber, table: Table) -> None:
    expect_unfinished(
        dynamodb, Status.STARTED, [entry("a", Status.STARTED, model="m"), entry("b", Status.STARTED, model="x")]
    )
    expect_unfinished(dynamodb, Status.REQUESTED, [entry("c", Status.REQUESTED, model="m")])
    assert table.running("m") == 2


def of_model(status: str) -> dict[str, Any]:
    return {
        **ON_TABLE,
        "IndexName": "model",
        "KeyConditionExpression": "model = :model",
        "FilterExpression": "#status = :status",
        "ExpressionAttributeNames": {"#status": "status"},
        "ExpressionAttributeValues": {":model": {"S": "m"}, ":status": {"S": status}},
        "ScanIndexForward": False,
    }


def test_a_models_waiting_jobs_come_from_all_pages_the_newest_first(dynamodb: Stubber, table: Table) -> None:
    first = of_model("WAITING")
    dynamodb.add_response("query", {"Items": [key("c"), key("b")], "LastEvaluatedKey": key("b")}, first)
    dynamodb.add_response("query", {"Items": [key("a")]}, {**first, "ExclusiveStartKey": key("b")})
    assert table.waiting("m") == ["c", "b", "a"]


@pytest.mark.parametrize(("items", "newest"), [([key("b"), key("a")], "b"), ([], None)])
def test_the_newest_completed_job_is_the_first_that_is_found(
    dynamodb: Stubber, table: Table, items: list[dict[str, Any]], newest: str | None
) -> None:
    dynamodb.add_response("query", {"Items": items}, of_model("COMPLETED"))
    assert table.newest_completed("m") == newest


# --- the newest upload ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "newer"),
    [
        ({"sequencer": "00A2" + "0" * 60, "newestJobId": "b"}, "b"),
        ({"sequencer": PADDED, "newestJobId": "b"}, None),
        ({"sequencer": "00A0" + "F" * 60, "newestJobId": "b"}, None),
        ({"jobId": "by hand"}, None),
        (None, None),
    ],
)
def test_an_upload_is_newer_if_its_sequencer_is_greater(
    dynamodb: Stubber, table: Table, found: dict[str, Any] | None, newer: str | None
) -> None:
    dynamodb.add_response("get_item", {"Item": typed(found)} if found else {}, read(NEWEST["jobId"]["S"]))
    assert table.newer_upload(UPLOAD) == newer


def test_a_sequencer_is_padded_with_zeros_on_the_right() -> None:
    without = UPLOAD.model_copy(update={"sequencer": None})
    assert [padded(UPLOAD), padded(without)] == [PADDED, "0" * 64]
