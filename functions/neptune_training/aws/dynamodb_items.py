"""DynamoDB's items as Python values, and back."""

from collections.abc import Mapping
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer


class Integers(TypeDeserializer):
    """JSON and Neptune's parameters want `int`, not `Decimal`. Nothing here writes other numbers, but people may."""

    def _deserialize_n(self, value: str) -> int | float:
        return int(value) if value.lstrip("-").isdecimal() else float(value)


def plain(item: Mapping[str, Any] | None) -> dict[str, Any]:
    """An item, or the image of one in a stream, in Python's own types."""
    deserialize = Integers().deserialize
    return {name: deserialize(value) for name, value in (item or {}).items()}


def typed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Python's values as DynamoDB takes them."""
    serialize = TypeSerializer().serialize
    return {name: serialize(value) for name, value in values.items()}
