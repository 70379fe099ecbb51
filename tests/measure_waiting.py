"""What an hour of waiting costs: `python -m tests.measure_waiting`.

Jobs wait for a cluster that has no capacity. Each call of `start`, `track` and `notify` is counted where botocore sends
it, and DynamoDB's reads and writes also in the units that they are billed in.
"""

import json
import logging
import math
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.world import Call, World

START = "StartMLModelTrainingJob"
MINUTES = 6  # each is as the one before, so a tenth of an hour says what an hour costs


@dataclass
class Bill:
    """A watcher that counts calls, and DynamoDB's units."""

    calls: Counter[str] = field(default_factory=Counter)
    read_units: float = 0
    write_units: float = 0

    def __call__(self, call: Call) -> None:
        if call.moment == "before":
            self.calls[call.operation] += 1
            if call.operation == "TransactWriteItems":
                self.write_units += sum(map(written, json.loads(call.parameters["body"])["TransactItems"]))
            elif call.operation in ("PutItem", "UpdateItem"):
                self.write_units += written({"": json.loads(call.parameters["body"])}) / 2
        elif call.operation == "GetItem":
            self.read_units += units(size(call.parameters.get("Item", {})), 4096)
        elif call.operation == "Query":
            self.read_units += units(sum(map(size, call.parameters["Items"])), 4096) / 2


def written(write: Mapping[str, Any]) -> float:
    """The units of one write in a transaction, twice those of one alone; with what it moves in two indexes."""
    [said] = write.values()
    item = units(size(said.get("Item", {})), 1024)
    in_index = 3 if "Item" in said else 0  # out of one place in nextAttempt and into another, and status in model
    return 2 * (item + in_index)


def units(size: int, block: int) -> int:
    return max(1, math.ceil(size / block))


def size(item: Mapping[str, Any]) -> int:
    """An item's size as DynamoDB counts it, nearly: names and values in UTF-8."""
    return sum(len(name.encode()) + size_of(value) for name, value in item.items())


def size_of(value: Mapping[str, Any]) -> int:
    [(kind, inner)] = value.items()
    match kind:
        case "M":
            return 3 + size(inner)
        case "L":
            return 3 + sum(1 + size_of(each) for each in inner)
        case "SS":
            return sum(len(each.encode()) for each in inner)
    return len(str(inner).encode())


def waiting(jobs: int, minutes: int = MINUTES) -> Bill:
    """The bill of so many jobs waiting for so long, once all have been announced and the pause has its full length."""
    bill = Bill()
    with World() as world:
        world.neptune.fail(START, "TooManyRequestsException", share=1)
        job_id = world.start(world.requested())["jobId"]
        world.copy_job(job_id, jobs - 1)
        world.minutes(5)
        with world.watched(bill):
            world.minutes(minutes)
        assert list(world.statuses().values()) == ["WAITING"] * jobs
    return bill


def main() -> None:
    logging.disable(logging.CRITICAL)
    for jobs in (1, 1000):
        bill = waiting(jobs)
        calls = ", ".join(f"{operation} {10 * number}" for operation, number in sorted(bill.calls.items()))
        cost = f"{10 * bill.read_units:g} read units, {10 * bill.write_units:g} write units"
        sys.stdout.write(f"{jobs} waiting for an hour: {calls}; {cost}\n")


if __name__ == "__main__":
    main()
