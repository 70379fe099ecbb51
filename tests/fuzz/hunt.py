"""The hunt: inputs by the hundred, each measured, each outcome counted, each finding made as small as it gets."""

import hashlib
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings

from neptune_training.checks import parsing
from tests.fuzz import measured_child
from tests.fuzz.target import Target, kind

EXAMPLES = 40  # before it is the next target's turn
MOST_SECONDS = 1.0  # of work, not of waiting for a busy machine
HANGS_AFTER = 20
SHRINK_SECONDS = 10
MOST_MEGABYTES = 512 - 150  # what is left to a function beside Python, boto3 and itself
MOST_CHILD_MEGABYTES = parsing.MAX_MEGABYTES
SHOWN = 2_000
STATUS = Path("/proc/self/status")


class Slow(Exception):  # noqa: N818
    """It takes too long."""


class Large(Exception):  # noqa: N818
    """It takes too much memory."""


class Over(Exception):  # noqa: N818
    """The time is up, or the finding small enough."""


def megabytes(name: str) -> float:
    """The memory of this process: `VmRSS` now, `VmHWM` at its most. 0 where there is no Linux to ask."""
    if not STATUS.exists():
        return 0
    [line] = [line for line in STATUS.read_text().splitlines() if line.startswith(name)]
    return int(line.split()[1]) / 1024


def child_megabytes() -> float:
    """The most memory that the last process to parse with had; 0 if there was none since the last look."""
    kilobytes = int(measured_child.PEAK.read_text()) if measured_child.PEAK.exists() else 0
    measured_child.PEAK.unlink(missing_ok=True)
    return kilobytes / 1024


def forget_peak() -> None:
    """Let `VmHWM` begin anew."""
    if STATUS.exists():
        Path("/proc/self/clear_refs").write_text("5")


@contextmanager
def ended_after(seconds: int) -> Iterator[None]:
    """What hangs is ended."""

    def end(*_: Any) -> None:
        raise Slow(f"hung for {seconds} seconds")

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@dataclass
class Hunt:
    """What was tried and found. A target with a finding is not searched again."""

    targets: list[Target]
    folder: Path
    seed: int
    searches: Counter[str] = field(default_factory=Counter)
    tried: int = 0
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    found: dict[str, tuple[Exception, Any]] = field(default_factory=dict)
    slowest: float = 0
    largest: float = 0
    largest_child: float = 0

    def search(self, target: Target, end: float) -> None:
        """Try some inputs; the smallest that is wrong is kept."""
        until = end

        def check(value: Any) -> None:
            nonlocal until
            if time.monotonic() > until:
                raise Over
            try:
                self.tried += 1
                self.outcomes[target.name, self.measured(target, value)] += 1
            except Exception as error:
                if target.name not in self.found:
                    until = time.monotonic() + SHRINK_SECONDS
                self.found[target.name] = smaller(self.found.get(target.name), (error, value))
                raise

        example = settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
            verbosity=Verbosity.quiet,
            print_blob=False,
        )
        self.searches[target.name] += 1
        inputs = seed(f"{self.seed} {target.name} {self.searches[target.name]}")  # other ones in each search
        with suppress(Exception, ExceptionGroup):  # whatever comes out of it is among the findings already
            inputs(given(target.inputs)(example(check)))()
        if target.name in self.found:
            self.targets.remove(target)

    def measured(self, target: Target, value: Any) -> str:
        """The outcome of one input. Raises what is not declared, `Slow` and `Large`."""
        forget_peak()
        before = megabytes("VmRSS")
        outcome, seconds = once(target, value)
        if seconds > MOST_SECONDS:  # once may be the garbage collector's doing
            outcome, seconds = once(target, value)
        if seconds > MOST_SECONDS:
            raise Slow(f"{seconds:.1f} seconds")
        grown = megabytes("VmHWM") - before
        if grown > MOST_MEGABYTES:
            raise Large(f"{grown:.0f} MB")
        child = child_megabytes()
        if child > MOST_CHILD_MEGABYTES:
            raise Large(f"a child of {child:.0f} MB")
        self.largest_child = max(self.largest_child, child)
        self.slowest, self.largest = max(self.slowest, seconds), max(self.largest, grown)
        return outcome

    def report(self) -> str:
        """What people read; the inputs to reproduce it are in files."""
        kinds, inputs = Counter(name for name, _ in self.outcomes), Counter[str]()
        for (name, _), times in self.outcomes.items():
            inputs[name] += times
        lines = [f"{name}: {inputs[name]} inputs, {kinds[name]} outcomes" for name in kinds]
        for name, (error, value) in self.found.items():
            self.folder.mkdir(parents=True, exist_ok=True)
            text = repr(value)
            path = (
                self.folder
                / f"{name.replace(' ', '-')}-{hashlib.sha256(text.encode(errors='replace')).hexdigest()[:8]}.txt"
            )
            path.write_text(text, errors="backslashreplace")
            lines += [
                f"{name}: {type(error).__name__}: {str(error)[:300]}",
                f"  {text[:SHOWN]}",
                f"  all of it: {path}",
            ]
        lines += [f"slowest {self.slowest:.2f} s, largest {self.largest:.0f} MB, child {self.largest_child:.0f} MB"]
        lines += [f"inputs {self.tried}", f"distinct outcomes {len(self.outcomes)}"]
        return "\n".join([*lines, f"unexpected {len(self.found)}"])


def once(target: Target, value: Any) -> tuple[str, float]:
    """The outcome of one input, and the seconds of work that it took."""
    began = time.thread_time()
    with ended_after(HANGS_AFTER):
        try:
            outcome = target.run(value)
        except target.declared as error:
            outcome = f"{type(error).__name__} {first_problem(error)}"
    return outcome, time.thread_time() - began


def first_problem(error: Exception) -> str:
    """What a declared error says first."""
    reasons = getattr(error, "reasons", ())
    return kind(reasons[0].problem) if reasons else ""


def smaller(before: tuple[Exception, Any] | None, now: tuple[Exception, Any]) -> tuple[Exception, Any]:
    """The finding that is quicker to read."""
    return now if before is None or len(repr(now[1])) <= len(repr(before[1])) else before
