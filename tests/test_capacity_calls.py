"""The calls of the table to DynamoDB that take or free slots, or change the pause, with all their parameters."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.stub import Stubber

from neptune_training.aws import slots
from neptune_training.aws.records import over_version
from neptune_training.aws.table import Table
from neptune_training.model.capacity import Capacity
from neptune_training.model.jobs import Job
from neptune_training.model.statuses import WaitingFor
from tests.test_jobs import requested, started, waiting
from tests.test_table_calls import CHANGED, NAME, NEWEST, ON_TABLE, PADDED, UPLOAD, key, read

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
SOON = NOW + timedelta(minutes=1)
SEEN = Capacity(paused_until=NOW, pause_text="seen")


@pytest.fixture
def table(dynamodb: Stubber) -> Table:
    client: Any = dynamodb.client
    return Table(client, NAME)


def test_the_capacity_is_read_from_the_control_item(dynamodb: Stubber, table: Table) -> None:
    dynamodb.add_response("get_item", {"Item": {**key("#capacity"), "slots": {"SS": ["a"]}}}, read("#capacity"))
    dynamodb.add_response("get_item", {}, read("#capacity"))
    assert [table.capacity(), table.capacity()] == [Capacity(slots=frozenset({"a"})), Capacity()]


@pytest.mark.parametrize(("sequencer", "holds"), [("00a1", False), (None, True)])
def test_a_claim_saves_the_job_takes_a_slot_and_checks_that_no_newer_upload_is_known(
    dynamodb: Stubber, table: Table, sequencer: str | None, holds: bool
) -> None:
    job = requested(trigger=UPLOAD.model_copy(update={"sequencer": sequencer}))
    given: dict[str, Any] = {"limit": 2, "now": NOW, "pause_until": SOON, "holds": holds}
    newest = {
        **ON_TABLE,
        "Key": NEWEST,
        "ConditionExpression": "sequencer = :sequencer",
        "ExpressionAttributeValues": {":sequencer": {"S": PADDED}},
    }
    writes: list[Any] = [
        {"Put": {**ON_TABLE, **over_version(job)}},
        {"Update": {**ON_TABLE, **slots.taken("fraud-1", SEEN, **given)}},
        *([{"ConditionCheck": newest}] if sequencer else []),
    ]
    dynamodb.add_response("transact_write_items", {}, {"TransactItems": writes})
    table.claim(job, SEEN, **given)


@pytest.mark.parametrize(
    ("job", "paused_for"),
    [(waiting(waitingFor=WaitingFor.NEPTUNE), WaitingFor.NEPTUNE), (started(), WaitingFor.CAPACITY)],
)
@pytest.mark.parametrize("pause_until", [SOON, None])
def test_a_release_saves_the_job_and_frees_its_slot_and_can_begin_a_pause(
    dynamodb: Stubber, table: Table, job: Job, paused_for: WaitingFor, pause_until: datetime | None
) -> None:
    freed = slots.freed("fraud-1", paused_for, pause_until=pause_until)
    writes = [{"Put": {**ON_TABLE, **over_version(job)}}, {"Update": {**ON_TABLE, **freed}}]
    dynamodb.add_response("transact_write_items", {}, {"TransactItems": writes})
    table.release(job, pause_until=pause_until)


ADDED = {
    "Key": key("#capacity"),
    "UpdateExpression": "ADD slots :slots",
    "ExpressionAttributeValues": {":slots": {"SS": ["a", "b"]}},
}
POSTPONED = {
    "Key": key("a"),
    "UpdateExpression": "SET nextAttemptAt = :until",
    "ExpressionAttributeValues": {":until": {"S": "2026-11-24T02:01:00.000Z"}},
    "ConditionExpression": "attribute_exists(nextAttemptAt)",
}
NOTED = {
    "Key": NEWEST,
    "UpdateExpression": "SET sequencer = :sequencer, newestJobId = :job",
    "ExpressionAttributeValues": {":sequencer": {"S": PADDED}, ":job": {"S": "a"}},
    "ConditionExpression": "attribute_not_exists(sequencer) OR sequencer < :sequencer",
}
UNLESS_CHANGED: list[tuple[Callable[[Table], None], dict[str, Any]]] = [
    (lambda table: table.shorten_pause(SEEN, SOON), slots.shorter_pause(SEEN, SOON)),
    (
        lambda table: table.set_next_probe(SEEN, SOON, WaitingFor.NEPTUNE, refusals=3),
        slots.next_probe(SEEN, SOON, WaitingFor.NEPTUNE, refusals=3),
    ),
    (lambda table: table.end_pause(SEEN), slots.no_pause(SEEN)),
    (lambda table: table.postpone("a", SOON), POSTPONED),
    (lambda table: table.note_upload(UPLOAD, "a"), NOTED),
]


@pytest.mark.parametrize(("change", "parameters"), UNLESS_CHANGED)
def test_these_updates_do_nothing_if_another_invocation_was_faster(
    dynamodb: Stubber, table: Table, change: Callable[[Table], None], parameters: dict[str, Any]
) -> None:
    dynamodb.add_response("update_item", {}, {**ON_TABLE, **parameters})
    dynamodb.add_client_error("update_item", CHANGED)
    change(table)
    change(table)


@pytest.mark.parametrize(("take", "update"), [(True, "ADD slots :slots"), (False, "DELETE slots :slots")])
def test_slots_are_taken_or_given_back_in_one_update(dynamodb: Stubber, table: Table, take: bool, update: str) -> None:
    dynamodb.add_response("update_item", {}, {**ON_TABLE, **ADDED, "UpdateExpression": update})
    (table.add_slots if take else table.forget_slots)(["b", "a"])
