"""DynamoDB's items as Python values, and back."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer


class Integers(TypeDeserializer):
    """Read whole numbers as `int` and others as `float`: JSON and Neptune's client cannot take boto3's `Decimal`."""

    def _deserialize_n(self, value: str) -> int | float:
        return int(value) if value.removeprefix("-").isdecimal() else float(value)


class Floats(TypeSerializer):
    """Write `float` as well, as the decimal number that Python shows. boto3's own serializer refuses it."""

    def serialize(self, value: Any) -> Any:
        """Return a value in DynamoDB's types: `{"N": "0.94"}` for 0.94."""
        return super().serialize(Decimal(repr(value)) if isinstance(value, float) else value)


def plain(item: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return an item, or its image in a stream, in Python's types: `{"jobId": "a"}` for `{"jobId": {"S": "a"}}`."""
    deserialize = Integers().deserialize
    return {name: deserialize(value) for name, value in (item or {}).items()}


def typed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values in DynamoDB's types: `{"jobId": {"S": "a"}}` for `{"jobId": "a"}`."""
    serialize = Floats().serialize
    return {name: serialize(value) for name, value in values.items()}
