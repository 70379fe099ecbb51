"""A write to DynamoDB is tried again or raises an error, by the error's code: as plain calls."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from neptune_training.aws.writes import Contended, RecordChanged, Writes

KEY = {"Key": {"jobId": {"S": "a"}}}
ITEM = {"Item": {"jobId": {"S": "a"}}}
CHECK = {**KEY, "ConditionExpression": "attribute_exists(jobId)"}
SENT: dict[str, dict[str, Any]] = {
    "put_item": {"TableName": "jobs", **ITEM},
    "update_item": {"TableName": "jobs", **KEY},
    "transact_write_items": {
        "TransactItems": [{"Put": {"TableName": "jobs", **ITEM}}, {"ConditionCheck": {"TableName": "jobs", **CHECK}}]
    },
}
WRITES: dict[str, Callable[[Writes], None]] = {
    "put_item": lambda writes: writes.put(ITEM),
    "update_item": lambda writes: writes.update(KEY),
    "transact_write_items": lambda writes: writes.together(("Put", ITEM), ("ConditionCheck", CHECK)),
}
HELD = "TransactionConflictException"


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits between tries, which are as long as they can be."""
    monkeypatch.setattr(random, "uniform", lambda _, most: most)
    return []


@pytest.fixture
def writes(dynamodb: Stubber, slept: list[float]) -> Writes:
    client: Any = dynamodb.client
    return Writes(client, "jobs", slept.append)


@pytest.mark.parametrize("operation", WRITES)
def test_a_write_is_sent_once_on_the_table_if_nothing_is_in_its_way(
    dynamodb: Stubber, writes: Writes, slept: list[float], operation: str
) -> None:
    dynamodb.add_response(operation, {}, SENT[operation])
    WRITES[operation](writes)
    assert slept == []


@pytest.mark.parametrize("operation", WRITES)
def test_a_write_is_tried_ten_times_within_five_seconds_while_another_transaction_holds_the_item(
    dynamodb: Stubber, writes: Writes, slept: list[float], operation: str
) -> None:
    for _ in range(10):
        dynamodb.add_client_error(operation, HELD, expected_params=SENT[operation])
    with pytest.raises(Contended, match=r"^TransactionConflict$"):
        WRITES[operation](writes)
    assert slept == [0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1, 1, 1]


@pytest.mark.parametrize("operation", WRITES)
def test_a_write_whose_condition_is_false_is_not_tried_again(dynamodb: Stubber, writes: Writes, operation: str) -> None:
    dynamodb.add_client_error(operation, "ConditionalCheckFailedException")
    with pytest.raises(RecordChanged, match=r"^condition$"):
        WRITES[operation](writes)


@pytest.mark.parametrize(
    ("code", "raised"),
    [("ConditionalCheckFailed", RecordChanged), ("TransactionConflict", Contended), ("ValidationError", ClientError)],
)
def test_a_transaction_that_was_cancelled_raises_the_reason(
    dynamodb: Stubber, writes: Writes, code: str, raised: type[Exception]
) -> None:
    for _ in range(10 if raised is Contended else 1):
        dynamodb.add_client_error(
            "transact_write_items",
            "TransactionCanceledException",
            modeled_fields={"CancellationReasons": [{"Code": "None"}, {"Code": code}]},
        )
    with pytest.raises(raised):
        WRITES["transact_write_items"](writes)


def test_any_other_error_is_raised_as_it_is(dynamodb: Stubber, writes: Writes) -> None:
    dynamodb.add_client_error("put_item", "InternalServerError")
    with pytest.raises(ClientError, match="InternalServerError"):
        WRITES["put_item"](writes)
