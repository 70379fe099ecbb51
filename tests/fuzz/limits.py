"""What the real DynamoDB, SNS and log reader would refuse, and moto may let pass."""

import json
from typing import Any

from tests.fuzz.target import Unfit
from tests.world import Call

MAX_ITEM_BYTES = 400 * 1024
MAX_KEY_BYTES = 2048
MAX_DEPTH = 32
MAX_MESSAGE_BYTES = 256 * 1024


def hold(call: Call) -> None:
    """Watches each call that the functions make."""
    if call.moment != "before":
        return
    if call.service == "dynamodb" and call.operation in {"PutItem", "TransactWriteItems", "UpdateItem"}:
        for write in writes(json.loads(call.parameters["body"])):
            check_item(write)
    if call.service == "sns":
        check_message(call.parameters["body"])


def writes(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The items and the keys that a call writes."""
    each = [
        inner for one in body.get("TransactItems", [body]) for inner in ([one] if "TableName" in one else one.values())
    ]
    return [found for one in each if (found := one.get("Item") or one.get("Key"))]


def check_item(item: dict[str, Any]) -> None:
    """An item of the table: its size, its keys and those of its indexes, its depth."""
    size = sum(len(name.encode()) + size_of(value) for name, value in item.items())
    if size > MAX_ITEM_BYTES:
        raise Unfit(f"an item of {size} bytes")
    for name in ("jobId", "model", "status", "nextAttemptAt", "createdAt"):
        if name in item and not 0 < len(item[name]["S"].encode()) <= MAX_KEY_BYTES:
            raise Unfit(f"a key of {len(item[name]['S'].encode())} bytes: {name}")
    if depth(item) > MAX_DEPTH:
        raise Unfit("an item that is nested too deep")


def size_of(value: dict[str, Any]) -> int:
    """A value's size, as DynamoDB counts it or a little more."""
    [(kind, inner)] = value.items()
    match kind:
        case "M":
            return 3 + sum(1 + len(name.encode()) + size_of(each) for name, each in inner.items())
        case "L":
            return 3 + sum(1 + size_of(each) for each in inner)
        case "S":
            return len(inner.encode())
    return len(json.dumps(inner))


def depth(value: Any) -> int:
    """How deep maps and lists are in each other; the type's letter is a level of the wire format only."""
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return max((depth(each) for each in inner), default=0) + (
            0 if isinstance(value, dict) and len(value) == 1 else 1
        )
    return 0


def check_message(body: dict[str, Any]) -> None:
    """An SNS message: a subject of one line of ASCII, printable attributes that say something."""
    subject = body["Subject"]
    if not (0 < len(subject) <= 100 and subject.isascii() and subject.isprintable() and subject[0].isalnum()):
        raise Unfit(f"a subject: {subject!r}")
    attributes = [value for name, value in body.items() if name.endswith("StringValue")]
    if not all(value and value.isprintable() for value in attributes):
        raise Unfit(f"an attribute: {attributes!r}")
    if sum(len(text.encode()) for text in (body["Message"], *attributes)) > MAX_MESSAGE_BYTES:
        raise Unfit("a message that is too large")


def one_line_each(text: str) -> None:
    """A log: whole JSON objects, a line each, of a level that the functions write."""
    for line in text.split("\n")[:-1]:
        try:
            level = json.loads(line).get("level", "INFO")
        except ValueError:
            raise Unfit(f"a log line: {line[:200]}") from None
        if level not in {"INFO", "WARNING", "ERROR"}:
            raise Unfit(f"a log line of level {level}")
