"""moto with less work for the same answers: it is most of what the tests with a world wait for.

moto 5.2 looks for each type of a DynamoDB value (`S`, `N`, …) under a dozen other names too. It copies a whole item for
each attribute that an index has. And it lists the methods of its class anew at each request.
"""

from functools import cache
from typing import Any

from moto.core import responses, utils
from moto.core.serialize import ResponseSerializer
from moto.dynamodb.models.dynamo_type import Item

TYPES = frozenset({"S", "N", "B", "SS", "NS", "BS", "M", "L", "NULL", "BOOL"})
found_by_any_name = ResponseSerializer.get_value
projected_by_path = Item.project


def value_of(self: ResponseSerializer, value: Any, key: str, shape: Any) -> Any:
    """Return the member `key` of `value`. A DynamoDB value, such as `{"S": "fraud"}`, has it under that name or not."""
    if key in TYPES and isinstance(value, dict) and value.keys() <= TYPES:
        return value.get(key)
    return found_by_any_name(self, value, key, shape)


def project(self: Item, paths: list[list[str]]) -> Item:
    """Return an item with the attributes at these paths only. A path is `["jobId"]`, or longer inside an attribute."""
    if any(len(path) > 1 for path in paths):
        return projected_by_path(self, paths)
    projected = Item(self.hash_key, self.range_key, {})
    for [name] in paths:
        if name in self.attrs:
            dict.__setitem__(projected.attrs, name, self.attrs[name])  # its size was checked when it was written
    return projected


def install() -> None:
    """Use it from now on."""
    ResponseSerializer.get_value = value_of  # type: ignore[method-assign]
    Item.project = project  # type: ignore[method-assign, assignment]
    responses.method_names_from_class = cache(utils.method_names_from_class)  # type: ignore[attr-defined]
