"""Count what an hour with many running and many ended jobs costs, against polling everything each minute.

    python -m bench.track_at_scale --running 500 --ended 100000

The real `track` and `step` run in the tests' world, on its clock, for an hour with some jobs of several ages. So the
looks follow from the code's own rules. A tick is also made over all running and all ended jobs. It writes its part of
`docs/performance.md`.
"""

import argparse
import json
import math
import os
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from moto.backends import get_backend
from moto.core.models import DEFAULT_ACCOUNT_ID
from rich.console import Console

from bench import page
from bench.burst.prices import HOURS_A_MONTH, Usage
from neptune_training.aws.records import item
from neptune_training.model.jobs import Started
from neptune_training.model.statuses import UNFINISHED, Status
from tests.world import Call, World
from tests.world.surroundings import REGION, TABLE

LOOK = "GetMLModelTrainingJob"
SAMPLE = 10  # running jobs whose hour is simulated
OLDEST = timedelta(hours=10)
MEMORY_GB = 0.5
TICK_SECONDS, STEP_SECONDS, LOOK_SECONDS = 0.020, 0.015, 0.1  # warm: `make bench`; a look's wait for Neptune is assumed
READ_KB, WRITE_KB = 4096, 1024


@dataclass
class Spent:
    """Count calls and DynamoDB units. `query_read` are the read units of queries, which only `track` makes here."""

    calls: Counter[str] = field(default_factory=Counter)
    read: float = 0.0
    query_read: float = 0.0
    write: float = 0.0

    def __call__(self, call: Call) -> None:
        """Note a call."""
        if call.moment == "after":
            if call.operation == "Query":
                units = 0.5 * max(1, math.ceil(size(call.parameters["Items"]) / READ_KB))
                self.read, self.query_read = self.read + units, self.query_read + units
            elif call.operation == "GetItem":
                self.read += max(1, math.ceil(size(call.parameters.get("Item", {})) / READ_KB))
            return
        self.calls[call.operation] += 1
        if call.operation in ("PutItem", "UpdateItem"):
            self.write += written(json.loads(call.parameters["body"]))
        elif call.operation == "TransactWriteItems":
            items = json.loads(call.parameters["body"])["TransactItems"]
            self.write += sum(2 * written(next(iter(each.values()))) for each in items)


@dataclass(frozen=True)
class Measured:
    """Hold what was counted: an hour of SAMPLE jobs, a tick over all running ones, the same with the ended ones."""

    hour: Spent
    tick: Spent
    with_ended: Spent
    record: int  # bytes


def written(asked: Mapping[str, Any]) -> float:
    """Return the units of a write. `nextAttemptAt` is in the index's key: one unit removes an entry, one adds it."""
    found = asked.get("Item", {})
    in_index = 2 if found.get("status", {}).get("S") in [str(each) for each in UNFINISHED] else 0
    return max(1, math.ceil(size(found) / WRITE_KB)) + in_index


def size(value: object) -> int:
    """Return about how many bytes DynamoDB counts for items: names and values. Its types are not counted."""
    if isinstance(value, Mapping):
        return sum((0 if is_type(name) else len(name)) + size(each) for name, each in value.items())
    if isinstance(value, list):
        return sum(map(size, value))
    return len(str(value))


def is_type(name: str) -> bool:
    """Return True for the name of a type of an attribute, such as S."""
    return name in {"S", "N", "M", "L", "BOOL", "NULL", "SS"}


def main() -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(prog="make bench-track", description="An hour with many jobs.")
    parser.add_argument("--running", type=int, default=500, help="running jobs (default: %(default)s)")
    parser.add_argument("--ended", type=int, default=100_000, help="ended jobs (default: %(default)s)")
    given = parser.parse_args()
    load = [os.getloadavg()[0]]
    measured = Measured(an_hour(), *a_tick(given.running, given.ended))
    load.append(os.getloadavg()[0])
    text = "\n\n".join(parts(given.running, given.ended, measured, load))
    page.write("bench-track", text)
    Console(highlight=False, soft_wrap=True).print(text, markup=False)
    return 0


def world_of(jobs: int) -> World:
    """Return a world, not entered, with room for so many jobs, which run for long."""
    return World({"stage_seconds": 1e6}, MaxConcurrentTrainingJobs=str(jobs))


def running(world: World, jobs: int) -> Started:
    """Put running jobs into the table, started at times that are spread over OLDEST. Return one of them."""
    job_id = world.start(world.requested())["jobId"]
    first = world.services.table.get(job_id)
    if not isinstance(first, Started):
        raise TypeError(f"a job that should be STARTED is {first}")
    for number in range(1, jobs):
        began = world.clock.time - OLDEST * number / jobs
        trigger = first.trigger.model_copy(update={"identity": f"{first.trigger.identity} {number}"})
        moved = {"createdAt": began, "startedAt": began, "trigger": trigger, "jobId": f"{job_id[:40]}-{number}"}
        copy = first.model_copy(update=moved)
        world.services.table.create(copy)
        world.elsewhere(copy.jobId)
    world.hold_slots(*world.jobs())
    return first


def an_hour() -> Spent:
    """Return what an hour with SAMPLE running jobs takes."""
    with world_of(SAMPLE) as world:
        running(world, SAMPLE)
        world.minutes(60)  # after that each is looked at at its own pace
        with world.watched(spent := Spent()):
            world.minutes(60)
    return spent


def a_tick(jobs: int, ended: int) -> tuple[Spent, Spent, int]:
    """Return what a tick over many running jobs takes, the same with many ended ones, and a record's bytes."""
    with world_of(jobs) as world:
        record = item(running(world, jobs))
        with world.watched(spent := Spent()):
            world.tick()
        table = get_backend("dynamodb")[DEFAULT_ACCOUNT_ID][REGION].tables[TABLE]
        gone = {name: value for name, value in record.items() if name not in ("nextAttemptAt", "endBy")}
        for number in range(ended):  # past the API, which would take minutes
            table.put_item({**gone, "jobId": {"S": f"ended-{number}"}, "status": {"S": str(Status.COMPLETED)}})
        with world.watched(more := Spent()):
            world.tick()
    return spent, more, size(record)


def parts(running_jobs: int, ended: int, measured: Measured, load: list[float]) -> list[str]:
    """Return the paragraphs and the table for the page."""
    hour, factor = measured.hour, running_jobs / SAMPLE
    looks = factor * hour.calls[LOOK]
    steps = factor * (hour.read - hour.query_read)
    ours = Usage(
        invocations=60 + round(hour.calls["Invoke"]),
        seconds=60 * TICK_SECONDS + looks * (LOOK_SECONDS + STEP_SECONDS),
        read_units=60 * measured.tick.read + steps,
        write_units=factor * hour.write,
    )
    each_minute = 60 * running_jobs
    polled = {
        "polling all each minute, with an index": running_jobs,
        "polling all each minute, with a scan": running_jobs + ended,
    }
    rivals = {
        name: Usage(
            invocations=60,
            seconds=each_minute * LOOK_SECONDS,
            read_units=60 * 0.5 * math.ceil(records * measured.record / READ_KB),
        )
        for name, records in polled.items()
    }
    found = {"this application": (ours, looks), **{name: (usage, each_minute) for name, usage in rivals.items()}}
    for usage, _ in found.values():
        usage.gigabyte_seconds = usage.seconds * MEMORY_GB
    rows = [
        ("Neptune calls", *(f"{calls:,.0f}" for _, calls in found.values())),
        ("DynamoDB read units", *(f"{usage.read_units:,.0f}" for usage, _ in found.values())),
        ("DynamoDB write units", *(f"{usage.write_units:,.0f}" for usage, _ in found.values())),
        ("Lambda seconds", *(f"{usage.seconds:,.0f}" for usage, _ in found.values())),
        ("dollars a month", *(f"{HOURS_A_MONTH * usage.dollars():,.2f}" for usage, _ in found.values())),
    ]
    same = (measured.tick.read, measured.tick.calls) == (measured.with_ended.read, measured.with_ended.calls)
    cost = "the same" if same else "NOT the same"
    queries = measured.tick.calls["Query"]
    sentence = (
        f"A tick over {running_jobs} running jobs reads {measured.tick.read:g} units in {queries} queries. With "
        f"{ended:,} ended jobs in the table, it makes {cost} calls and reads {cost} units, "
        f"{measured.with_ended.read:g}. A record has about {measured.record} bytes. Each running job is looked at "
        f"{hour.calls[LOOK] / SAMPLE:.1f} times in the hour (ages up to {OLDEST.total_seconds() / 3600:.0f} hours)."
    )
    return [
        page.circumstances(load, running_jobs=running_jobs, ended_jobs=f"{ended:,}"),
        page.table(("an hour", *found), rows),
        sentence,
    ]


if __name__ == "__main__":
    sys.exit(main())
