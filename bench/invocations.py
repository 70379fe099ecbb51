"""Measure cold starts and warm invocations, all variants in turn, so that each meets the same load of the machine."""

import json
import random
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from bench.programs import FUNCTIONS
from bench.recorded_calls import changed
from bench.rie import Cost, FunctionProcess
from bench.surroundings import Surroundings

TICK = {"source": "aws.events", "detail-type": "Scheduled Event"}


class Prepared(NamedTuple):
    """Hold the variables of one process, and what makes the next event for it."""

    variables: dict[str, str]
    event: Callable[[], Any]


class Variant(NamedTuple):
    """Hold a function that is measured: its code, its handler, and what prepares the surroundings of a process."""

    name: str
    code: Path
    handler: str
    prepare: Callable[[], Prepared]


class Spread(NamedTuple):
    """Hold a median with the quartiles around it."""

    low: float
    median: float
    high: float

    def __format__(self, spec: str) -> str:
        """Return the median and, in brackets, the quartiles; each in the format `spec`, such as `.1f`."""
        return f"{self.median:{spec}} ({self.low:{spec}} to {self.high:{spec}})"


@dataclass
class Samples:
    """Hold what was measured of one variant: one value for each process."""

    cold_wall: list[float] = field(default_factory=list)
    cold_cpu: list[float] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)
    warm_wall: list[float] = field(default_factory=list)
    warm_cpu: list[float] = field(default_factory=list)

    def add(self, cold: Cost, megabytes: float, warm: Sequence[Cost]) -> None:
        """Add a process: its first invocation, and the means of the later ones."""
        self.cold_wall.append(cold.wall)
        self.cold_cpu.append(cold.cpu)
        self.megabytes.append(megabytes)
        if warm:
            self.warm_wall.append(statistics.fmean(each.wall for each in warm))
            self.warm_cpu.append(statistics.fmean(each.cpu for each in warm))


def spread(values: Sequence[float]) -> Spread:
    """Return the median and the quartiles."""
    if len(values) == 1:
        return Spread(values[0], values[0], values[0])
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(low, median, high)


def ours(around: Surroundings, code: Path) -> Iterator[Variant]:
    """Yield our functions."""
    for name in FUNCTIONS:
        yield Variant(f"ours {name}", code, f"{name}.handler", lambda name=name: prepared(around, name, bare=False))  # type: ignore[misc]


def bare(around: Surroundings, code: Path) -> Iterator[Variant]:
    """Yield the bare calls of our functions."""
    for name in FUNCTIONS:
        yield Variant(f"bare {name}", code, "handler.handler", lambda name=name: prepared(around, name, bare=True))  # type: ignore[misc]


def prepared(around: Surroundings, name: str, *, bare: bool) -> Prepared:
    """Return the surroundings of a process of our function `name`, or of its bare calls."""
    variables = around.variables()
    table = variables["TRAINING_JOBS_TABLE"]

    def in_place(event: Any, job_id: str, sequencer: str = "0") -> Any:
        return {"values": {"id": job_id, "sequencer": sequencer, "table": table}} if bare else event

    services = around.services(variables)
    made = around.started(services) if name in ("track", "notify") else ""

    def event() -> Any:
        if name == "start":
            uploaded = around.uploaded()
            sequencer = json.loads(uploaded["Records"][0]["body"])["detail"]["object"]["sequencer"]
            return in_place(uploaded, f"fraud-{int(sequencer, 16):020x}", sequencer)
        if name == "step":
            job_id = around.started(services)
            return in_place({"jobIds": [job_id], "turns": []}, job_id)
        if name == "emit":  # a newer upload each time: only that one's status replaces the file
            item = around.item(table, around.started(services))
            return in_place(changed(item), item["jobId"]["S"], item["trigger"]["M"]["sequencer"]["S"])
        return in_place(TICK if name == "track" else changed(around.item(table, made)), made)

    return Prepared({**variables, "CALLS_OF": name}, event)


def usual_way(around: Surroundings, name: str, code: Path) -> Variant:
    """Return the usual way's function."""
    return Variant(name, code, "start.handler", lambda: Prepared(around.variables_of_usual_way(), around.uploaded))


def measure(
    variants: Sequence[Variant], rounds: int, warm: int, progress: Callable[[str], object]
) -> Mapping[str, Samples]:
    """Return the samples by the variants' names. One round before the first is thrown away: it fills the disk's cache.

    In each round every variant gets a process, in random order, which has one cold and `warm` warm invocations.
    """
    found = {variant.name: Samples() for variant in variants}
    order = random.Random(1)  # noqa: S311 - no secret
    for number in range(rounds + 1):
        for variant in order.sample(variants, len(variants)):
            progress(f"round {number} of {rounds}: {variant.name}")
            sample(variant, warm if number else 0, found[variant.name] if number else Samples())
    return found


def sample(variant: Variant, warm: int, into: Samples, cgroup: Path | None = None) -> None:
    """Add one process of a variant to its samples."""
    prepared = variant.prepare()
    events = [json.dumps(prepared.event()).encode() for _ in range(warm + 1)]
    with FunctionProcess(variant.code, variant.handler, prepared.variables, cgroup=cgroup) as process:
        cold = process.invoke(events[0])
        megabytes = process.peak_megabytes()
        into.add(cold, megabytes, [process.invoke(event) for event in events[1:]])
