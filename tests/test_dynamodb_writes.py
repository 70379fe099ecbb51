"""The writes to DynamoDB and the meaning of its errors, as plain calls."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError

from neptune_training.aws import slots, writes
from neptune_training.aws.dynamodb_items import plain, typed
from neptune_training.aws.writes import Contended, RecordChanged, update_of
from neptune_training.model.capacity import Capacity
from neptune_training.model.statuses import WaitingFor

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
SOON = NOW + timedelta(minutes=1)


def cancelled(*codes: str | None) -> ClientError:
    response: Any = {"Error": {}, "CancellationReasons": [{"Code": code} for code in codes]}
    return ClientError(response, "TransactWriteItems")


VALUES = {"n": 7, "minus": -7, "f": 0.94, "s": "a", "l": [1, "b"], "m": {"x": 2.5}, "set": {"a"}, "b": True, "no": None}
TYPED = {
    "n": {"N": "7"},
    "minus": {"N": "-7"},
    "f": {"N": "0.94"},
    "s": {"S": "a"},
    "l": {"L": [{"N": "1"}, {"S": "b"}]},
    "m": {"M": {"x": {"N": "2.5"}}},
    "set": {"SS": ["a"]},
    "b": {"BOOL": True},
    "no": {"NULL": True},
}


def test_values_are_written_in_dynamodbs_types_and_read_back_as_they_were() -> None:
    assert typed(VALUES) == TYPED
    assert plain(TYPED) == VALUES
    assert [type(plain(TYPED)[name]) for name in ("n", "minus", "f")] == [int, int, float]
    assert typed({"d": Decimal("1.5")}) == {"d": {"N": "1.5"}}
    assert plain(None) == {}


def test_an_update_has_its_key_and_only_the_values_that_it_is_given() -> None:
    assert update_of("a", "REMOVE x") == {"Key": {"jobId": {"S": "a"}}, "UpdateExpression": "REMOVE x"}
    assert update_of("a", "SET x = :x", {":x": {"S": "1"}}, ConditionExpression="y = :x") == {
        "Key": {"jobId": {"S": "a"}},
        "UpdateExpression": "SET x = :x",
        "ExpressionAttributeValues": {":x": {"S": "1"}},
        "ConditionExpression": "y = :x",
    }


@pytest.mark.parametrize(
    ("codes", "kind", "said"),
    [
        (["None", "ConditionalCheckFailed"], RecordChanged, "condition"),
        ([None, "TransactionConflict"], Contended, "TransactionConflict"),
        (
            ["TransactionConflict", "ConditionalCheckFailed"],
            Contended,
            "ConditionalCheckFailed, TransactionConflict",
        ),
        (
            ["ConditionalCheckFailed", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"],
            Contended,
            "ConditionalCheckFailed, ProvisionedThroughputExceeded, ThrottlingError, TransactionConflict",
        ),
        (["ThrottlingError"], Contended, "ThrottlingError"),
        (["ProvisionedThroughputExceeded"], Contended, "ProvisionedThroughputExceeded"),
        ([], Contended, ""),
    ],
)
def test_a_cancelled_transaction_is_a_changed_record_only_if_no_conflict_came_between(
    codes: list[str | None], kind: type[Exception], said: str
) -> None:
    found = writes.verdict(cancelled(*codes))
    assert [type(found), str(found)] == [kind, said]


def test_a_transaction_cancelled_without_a_reason_may_succeed_again() -> None:
    assert isinstance(writes.verdict(ClientError({}, "TransactWriteItems")), Contended)


def test_a_transaction_cancelled_for_another_reason_is_the_error_as_it_is() -> None:
    error = cancelled("ValidationError")
    assert writes.verdict(error) is error


@pytest.mark.parametrize(("changes", "tries", "raised"), [(0, 1, False), (4, 5, False), (5, 5, True)])
def test_a_read_and_write_is_tried_five_times_while_others_change_the_record(
    changes: int, tries: int, raised: bool
) -> None:
    attempts: list[int] = []

    def attempt() -> str:
        attempts.append(1)
        if len(attempts) <= changes:
            raise RecordChanged
        return "written"

    try:
        assert writes.retried(attempt) == "written"
    except RecordChanged:
        assert raised
    assert [len(attempts), raised] == [tries, changes == 5]


ROOM = "(attribute_not_exists(slots) OR size(slots) < :limit OR contains(slots, :job))"
SLOT = {":slot": {"SS": ["a"]}}
TAKEN = {**SLOT, ":job": {"S": "a"}, ":limit": {"N": "2"}}
UNTIL = {":until": {"S": "2026-11-24T02:01:00.000Z"}}
SEEN = Capacity(paused_until=NOW, pause_text="seen")
KEY = {"jobId": {"S": "#capacity"}}
CAPACITY: list[tuple[Callable[[], dict[str, Any]], dict[str, Any]]] = [
    (
        lambda: slots.taken("a", SEEN, limit=2, now=NOW, pause_until=None, holds=False),
        {
            "UpdateExpression": "ADD slots :slot",
            "ExpressionAttributeValues": TAKEN,
            "ConditionExpression": f"{ROOM} AND attribute_not_exists(pausedUntil)",
        },
    ),
    (
        lambda: slots.taken("a", SEEN, limit=2, now=NOW, pause_until=SOON, holds=True),
        {
            "UpdateExpression": "ADD slots :slot SET pausedUntil = :until",
            "ExpressionAttributeValues": {**TAKEN, **UNTIL, ":seen": {"S": "seen"}},
            "ConditionExpression": f"{ROOM} AND pausedUntil = :seen",
        },
    ),
    (
        lambda: slots.taken("a", SEEN, limit=2, now=NOW, pause_until=SOON, holds=False),
        {
            "UpdateExpression": "ADD slots :slot SET pausedUntil = :until",
            "ExpressionAttributeValues": {
                **TAKEN,
                **UNTIL,
                ":seen": {"S": "seen"},
                ":now": {"S": "2026-11-24T02:00:00.000Z"},
            },
            "ConditionExpression": f"{ROOM} AND pausedUntil = :seen AND pausedUntil <= :now",
        },
    ),
    (
        lambda: slots.freed("a", WaitingFor.CAPACITY, pause_until=None),
        {"UpdateExpression": "DELETE slots :slot", "ExpressionAttributeValues": SLOT},
    ),
    (
        lambda: slots.freed("a", WaitingFor.CAPACITY, pause_until=SOON),
        {
            "UpdateExpression": "DELETE slots :slot SET pausedUntil = if_not_exists(pausedUntil, :until),"
            " pausedFor = if_not_exists(pausedFor, :for)",
            "ExpressionAttributeValues": {**SLOT, **UNTIL, ":for": {"S": "capacity"}},
        },
    ),
    (
        lambda: slots.next_probe(SEEN, SOON, WaitingFor.NEPTUNE, refusals=3),
        {
            "UpdateExpression": "SET pausedUntil = :until, pausedFor = :for, refusals = :refusals",
            "ExpressionAttributeValues": {
                **UNTIL,
                ":seen": {"S": "seen"},
                ":for": {"S": "Neptune"},
                ":refusals": {"N": "3"},
            },
            "ConditionExpression": "pausedUntil = :seen",
        },
    ),
    (
        lambda: slots.no_pause(SEEN),
        {
            "UpdateExpression": "REMOVE pausedUntil, pausedFor, refusals",
            "ExpressionAttributeValues": {":seen": {"S": "seen"}},
            "ConditionExpression": "pausedUntil = :seen",
        },
    ),
    (
        lambda: slots.shorter_pause(SEEN, SOON),
        {
            "UpdateExpression": "SET pausedUntil = :until REMOVE refusals",
            "ExpressionAttributeValues": {":seen": {"S": "seen"}, **UNTIL},
            "ConditionExpression": "pausedUntil = :seen",
        },
    ),
]


@pytest.mark.parametrize(("update", "parameters"), CAPACITY)
def test_an_update_of_the_capacity_has_this_condition(
    update: Callable[[], dict[str, Any]], parameters: dict[str, Any]
) -> None:
    assert update() == {"Key": KEY, **parameters}
