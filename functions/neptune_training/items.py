"""DynamoDB's items as Python values, and back."""

from collections.abc import Mapping
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer


class Integers(TypeDeserializer):
    """The table holds no other numbers; JSON and Neptune's parameters want `int`, not `Decimal`."""

    def _deserialize_n(self, value: str) -> int:
        return int(value)


def plain(item: Mapping[str, Any] | None) -> dict[str, Any]:
    """An item, or the image of one in a stream, in Python's own types."""
    deserialize = Integers().deserialize
    return {name: deserialize(value) for name, value in (item or {}).items()}


def typed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Python's values as DynamoDB takes them."""
    serialize = TypeSerializer().serialize
    return {name: serialize(value) for name, value in values.items()}
