"""`make bench-burst`: four designs under the same burst of uploads, one after the other, without and with faults.

    python -m bench.burst --n 60 --rate 2

It writes its part of `docs/performance.md` and the picture `docs/images/bench-burst.svg`.
"""

import argparse
import os
import sys
import time

from rich.console import Console

from bench import page
from bench.burst import report
from bench.burst.designs import Design, DurableFunctions, Ours, OursEachMinute, StepFunctions, UsualWay
from bench.burst.run import Result, run
from local.emulator import end_with_all

DESIGNS: tuple[type[Design], ...] = (Ours, UsualWay, StepFunctions, DurableFunctions)

console = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 170)


def main() -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(prog="make bench-burst", description="Four designs under the same burst.")
    parser.add_argument("--n", type=int, default=60, help="uploads (default: %(default)s)")
    parser.add_argument("--growth", type=int, default=0, help="uploads of a second burst (default: four times --n)")
    parser.add_argument("--rate", type=float, default=2.0, help="starts that Neptune accepts a second (default: 2)")
    given = parser.parse_args()
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

    calm = [measured(kind, given.n, faults=False) for kind in DESIGNS]
    faulty = [measured(kind, given.n, faults=True) for kind in DESIGNS]
    deployed = [measured(OursEachMinute, given.n, faults=False)]
    large = [measured(kind, given.growth or 4 * given.n, faults=False) for kind in (Ours, StepFunctions)]
    lines = {kind.name: kind.lines() for kind in DESIGNS}
    runs = report.Runs(calm, faulty, deployed, large)
    page.write("bench-burst", "\n\n".join(report.parts(runs, lines, load)))
    report.picture(runs)
    console.print(f"{time.monotonic() - began:.0f} s; written to {page.PAGE.name} and docs/images/bench-burst.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
