"""Cold starts, warm invocations and cost of our functions with the CPU that Lambda gives to each memory size.

    python -m bench.memory_sweep --processes 5 --warm 10

Lambda gives one vCPU at 1,769 MB, and less in proportion (its guide, "Configure Lambda function memory"). Here a
control group (Linux, version 1) limits each process, so this needs root. It writes its part of `docs/performance.md`.
"""

import argparse
import os
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from bench import invocations, page, programs
from bench.burst.prices import LAMBDA_GB_SECOND, LAMBDA_REQUEST, MILLION
from bench.invocations import Samples, spread
from bench.rie import Failed, compile_runtime_client
from bench.surroundings import surroundings
from local.artefact import KEPT
from local.emulator import end_with_all

SIZES = (256, 512, 1024, 1769)  # MB
WHOLE_CPU = 1769  # MB
PERIOD = 20_000  # microseconds in which a process may use its share
GROUPS = Path("/sys/fs/cgroup/cpu")
Found = Mapping[tuple[str, int], Samples]


@contextmanager
def cpu_of(megabytes: int) -> Iterator[Path]:
    """Make a control group with the CPU of a memory size. Raises OSError if this machine has none, or allows none."""
    group = GROUPS / f"neptune-ml-bench-{os.getpid()}-{megabytes}"
    group.mkdir()
    try:
        (group / "cpu.cfs_period_us").write_text(str(PERIOD))
        (group / "cpu.cfs_quota_us").write_text(str(PERIOD * megabytes // WHOLE_CPU))
        yield group
    finally:
        group.rmdir()


def main() -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(prog="make bench-memory", description="Our functions at several memory sizes.")
    parser.add_argument("--processes", type=int, default=5, help="cold starts of each (default: %(default)s)")
    parser.add_argument("--warm", type=int, default=10, help="warm invocations of each process (default: %(default)s)")
    given = parser.parse_args()
    end_with_all()
    load = [os.getloadavg()[0]]
    try:
        compile_runtime_client()
        with TemporaryDirectory(dir=KEPT, prefix="bench-") as folder, surroundings() as around:
            found = measured([*invocations.ours(around, programs.ours(Path(folder)))], given.processes, given.warm)
    except Failed as failed:
        print(failed, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"no CPU limit can be set here, so nothing was measured: {error}", file=sys.stderr)
        return 1
    load.append(os.getloadavg()[0])
    text = "\n\n".join(parts(found, load, given.processes, given.warm))
    page.write("bench-memory", text)
    Console(soft_wrap=True).print(text, markup=False)
    return 0


def measured(variants: Sequence[invocations.Variant], rounds: int, warm: int) -> Found:
    """Return the samples by function and size. In each round all come in random order."""
    cases = [(variant, size) for variant in variants for size in SIZES]
    found = {(variant.name, size): Samples() for variant, size in cases}
    order = random.Random(1)  # noqa: S311 - no secret
    for number in range(rounds + 1):  # the first fills the disk's cache
        for variant, size in order.sample(cases, len(cases)):
            into = found[variant.name, size] if number else Samples()
            with cpu_of(size) as group:
                invocations.sample(variant, warm if number else 0, into, group)
    return found


def dollars(megabytes: int, milliseconds: float) -> float:
    """Return the price of a million invocations of this length."""
    return MILLION * (LAMBDA_REQUEST + megabytes / 1024 * milliseconds / 1000 * LAMBDA_GB_SECOND)


def parts(found: Found, load: Sequence[float], processes: int, warm: int) -> Iterator[str]:
    """Yield the paragraphs and the table for the page."""
    yield page.circumstances(load, cold_starts_of_each=processes, warm_invocations_after_each=warm)
    headings = ("function", "MB", "vCPU", "cold, ms", "warm, ms", "peak MB", "$ per million warm", "$ per million cold")
    rows = []
    for (name, size), samples in found.items():
        cold, warmed = spread(samples.cold_wall), spread(samples.warm_wall)
        costs = (f"{dollars(size, each.median):.2f}" for each in (warmed, cold))
        peak = f"{spread(samples.megabytes).median:.0f}"
        share = f"{size / WHOLE_CPU:.2f}"
        rows.append((f"`{name.removeprefix('ours ')}`", size, share, f"{cold:.0f}", f"{warmed:.0f}", peak, *costs))
    yield page.table(headings, rows)


if __name__ == "__main__":
    sys.exit(main())
