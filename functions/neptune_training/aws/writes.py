"""Conditional writes to one table: retried while another transaction holds an item, refused if a condition is false."""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from botocore.exceptions import ClientError
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TRIES = 5  # of a read and a write, if others write the same record
T = TypeVar("T")
Kind = Literal["Put", "Update", "ConditionCheck"]


class RecordChanged(Exception):  # noqa: N818 - not an error: another invocation took the step
    """Say that the record is not the version that the writer has read."""


class Contended(Exception):  # noqa: N818 - not an error: the same call may succeed
    """Say that another transaction held one of the items."""


def retried(attempt: Callable[[], T], tries: int = TRIES) -> T:
    """Call `attempt`, which reads and writes a record, until it raises no `RecordChanged`. Return its result.

    Raises:
        RecordChanged: at each try, another invocation wrote the record between the read and the write.
    """
    for _ in range(tries - 1):
        with suppress(RecordChanged):
            return attempt()
    return attempt()


class Writes:
    """Write single items, or several together.

    Every write raises `RecordChanged` if a condition is false, and `Contended` if another transaction still holds an
    item after ten attempts.
    """

    def __init__(self, client: "DynamoDBClient", table: str, sleep: Callable[[float], None]) -> None:
        self._client, self._table = client, table
        self._again = Retrying(
            retry=retry_if_exception_type(Contended),
            wait=wait_random_exponential(multiplier=0.02, max=1),
            stop=stop_after_attempt(10),
            sleep=sleep,
            reraise=True,
        )

    def put(self, parameters: dict[str, Any]) -> None:
        """Write an item: `parameters` are those of PutItem without the table."""
        self._again(self._try, self._client.put_item, self._on_table(parameters))

    def update(self, parameters: dict[str, Any]) -> None:
        """Update an item: `parameters` are those of UpdateItem without the table."""
        self._again(self._try, self._client.update_item, self._on_table(parameters))

    def together(self, *writes: tuple[Kind, dict[str, Any]]) -> None:
        """Make all writes in one transaction, or none: `("Put", {"Item": …}), ("Update", {"Key": …, …})`."""
        items = [{kind: self._on_table(parameters)} for kind, parameters in writes]
        self._again(self._try, self._client.transact_write_items, {"TransactItems": items})

    def _on_table(self, parameters: dict[str, Any]) -> dict[str, Any]:
        return {"TableName": self._table, **parameters}

    def _try(self, write: Callable[..., Any], parameters: dict[str, Any]) -> None:
        try:
            write(**parameters)
        except self._client.exceptions.TransactionCanceledException as error:
            raise verdict(error) from error
        except self._client.exceptions.ConditionalCheckFailedException as error:
            raise RecordChanged("condition") from error
        except self._client.exceptions.TransactionConflictException as error:
            raise Contended("TransactionConflict") from error


def verdict(error: ClientError) -> Exception:
    """Return why a transaction was cancelled: `RecordChanged`, `Contended` or the error as it is.

    After a conflict with another transaction it is not known if the conditions hold. Codes: DynamoDB API reference,
    TransactWriteItems.
    """
    reasons: Any = error.response.get("CancellationReasons", [])
    codes = {reason.get("Code") for reason in reasons} - {"None", None}
    if codes == {"ConditionalCheckFailed"}:
        return RecordChanged("condition")
    if codes <= {"ConditionalCheckFailed", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}:
        return Contended(", ".join(sorted(codes)))
    return error


def update_of(key: str, update: str, values: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Return the parameters of an update of the item `key`."""
    if values:
        more["ExpressionAttributeValues"] = values
    return {"Key": {"jobId": {"S": key}}, "UpdateExpression": update, **more}
