"""`make bench-burst`: four designs under the same burst of uploads, one after the other, without and with faults.

    python -m bench.burst --n 40 --rate 1

It writes its part of `docs/performance.md` and the picture `docs/images/bench-burst.svg`.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from rich.console import Console

from bench import page
from bench.burst import report
from bench.burst.designs import Design, DurableFunctions, Ours, OursEachMinute, StepFunctions, UsualWay
from bench.burst.prices import Usage
from bench.burst.run import Result, run
from local.artefact import KEPT
from local.emulator import end_with_all

DESIGNS: tuple[type[Design], ...] = (Ours, UsualWay, StepFunctions, DurableFunctions)

KEPT_RESULTS = KEPT / "bench-burst.json"

console = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 170)


def main() -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(prog="make bench-burst", description="Four designs under the same burst.")
    parser.add_argument("--n", type=int, default=80, help="uploads (default: %(default)s)")
    parser.add_argument("--rate", type=float, default=1.0, help="starts accepted a second (default: %(default)s)")
    parser.add_argument(
        "--kept", action="store_true", help="measure nothing: write the page from the last run's results"
    )
    parser.add_argument("--go-on", action="store_true", help="measure only what the last run has not, as it was ended")
    given = parser.parse_args()
    lines = {kind.name: kind.lines() for kind in DESIGNS}
    if given.kept:
        write(*kept(), lines)
        return 0
    end_with_all()
    began, load = time.monotonic(), [os.getloadavg()[0]]

    def measured(kind: type[Design], n: int, *, faults: bool) -> Result:
        found = run(kind, n, given.rate, faults=faults)
        load.append(os.getloadavg()[0])
        console.print(
            f"{time.monotonic() - began:5.0f} s  {kind.name}, N = {n}{', with faults' if faults else ''}: "
            + ", ".join(f"{each.name} {each.shown(found)}" for each in report.MEASURES[:6])
        )
        return found

    plan: list[tuple[str, type[Design], int]] = [
        *(("calm", kind, given.n) for kind in DESIGNS),
        *(("faulty", kind, given.n) for kind in DESIGNS),
        ("deployed", OursEachMinute, given.n),
        *(("small", kind, given.n // 4) for kind in DESIGNS),
    ]
    found: dict[str, list[Result]] = {"calm": [], "faulty": [], "deployed": [], "small": []}
    if given.go_on:
        runs, load[:0] = kept()
        found = {name: [*getattr(runs, name)] for name in found}
    for group, kind, n in plan[sum(map(len, found.values())) :]:
        found[group].append(measured(kind, n, faults=group == "faulty"))
        runs = report.Runs(**found)
        KEPT_RESULTS.write_text(json.dumps({"runs": asdict(runs), "load": load}))
    write(runs, load, lines)
    console.print(f"{time.monotonic() - began:.0f} s; written to {page.PAGE.name} and docs/images/bench-burst.svg")
    return 0


def write(runs: report.Runs, load: Sequence[float], lines: Mapping[str, int]) -> None:
    """Write the page's part and the picture."""
    page.write("bench-burst", "\n\n".join(report.parts(runs, lines, load)))
    report.picture(runs)


def kept() -> tuple[report.Runs, list[float]]:
    """Return the results of the last run, and the machine's load during it."""
    found = json.loads(KEPT_RESULTS.read_text())
    named = {
        name: [Result(**{**each, "usage": Usage(**each["usage"])}) for each in results]
        for name, results in found["runs"].items()
    }
    return report.Runs(**named), found["load"]


if __name__ == "__main__":
    sys.exit(main())
