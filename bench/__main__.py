"""`make bench`: the functions beside the usual way and beside the bare calls, all in one run.

    python -m bench --processes 15 --warm 10

It writes its part of `docs/performance.md` and the picture `docs/images/bench.svg`. A goal that is not met is red; the
exit code is 0 all the same, because times depend on the machine. What does not is held by `tests/test_needed_calls.py`
and `tests/e2e/test_artefact.py`.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bench import hyperparameter_check, invocations, page, programs
from bench.goals import RED, Row
from bench.invocations import Samples, spread
from bench.needed_calls import NEEDED
from bench.recorded_calls import Call, calls_of_each
from bench.rie import Failed, compile_runtime_client
from bench.surroundings import surroundings
from local.artefact import KEPT
from local.emulator import end_with_all

USUAL, USUAL_COMPILED = "the usual way, as sam build deploys it", "the usual way, compiled"
FUNCTIONS = programs.FUNCTIONS
COLOURS = {"green": "met, and better", "yellow": "met", "red": RED}

console = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 170)


def main() -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(prog="make bench", description="Measure the functions beside others.")
    parser.add_argument("--processes", type=int, default=15, help="cold starts of each function (default: %(default)s)")
    parser.add_argument("--warm", type=int, default=10, help="warm invocations of each process (default: %(default)s)")
    given = parser.parse_args()
    end_with_all()
    began, load = time.monotonic(), [os.getloadavg()[0]]
    try:
        compile_runtime_client()
        with TemporaryDirectory(dir=KEPT, prefix="bench-") as folder, surroundings() as around:
            calls = calls_of_each(around)
            code = programs.ours(Path(folder))
            variants = [
                *invocations.ours(around, code),
                *invocations.bare(around, programs.bare(Path(folder), calls)),
                invocations.usual_way(around, USUAL, programs.usual_way(Path(folder), compiled=False)),
                invocations.usual_way(around, USUAL_COMPILED, programs.usual_way(Path(folder), compiled=True)),
            ]
            with console.status("") as status:

                def show(text: str) -> None:
                    load.append(os.getloadavg()[0])
                    status.update(escape(text))

                samples = invocations.measure(variants, given.processes, given.warm, show)
            rows = [*rows_of(samples, programs.size_of(code), calls)]
    except Failed as failed:
        console.print(str(failed), style="red", markup=False)
        return 1
    report(rows, samples, load, given.processes, given.warm)
    console.print(f"{time.monotonic() - began:.0f} s; written to {page.PAGE.name} and docs/images/bench.svg")
    return 0


def rows_of(samples: Mapping[str, Samples], size: programs.Size, calls: Mapping[str, list[Call]]) -> Iterator[Row]:
    """Yield the rows, with the goals for each."""
    for name in FUNCTIONS:
        wall = samples[f"ours {name}"].cold_wall
        usual = samples[USUAL].cold_wall
        yield Row(f"{name}, cold, first event answered", USUAL, ratio(wall, usual), 0.40, 0.34, of(wall, usual, " ms"))
    for name in FUNCTIONS:
        wall, bare = samples[f"ours {name}"].cold_wall, samples[f"bare {name}"].cold_wall
        yield Row(f"{name}, cold, first event answered", BARE, ratio(wall, bare), 1.3, 1.2, of(wall, bare, " ms"))
    for name in FUNCTIONS:
        cpu, bare = samples[f"ours {name}"].warm_cpu, samples[f"bare {name}"].warm_cpu
        yield Row(f"{name}, CPU of a warm invocation", BARE, ratio(cpu, bare), 1.3, 1.2, of(cpu, bare, " ms"))
    yield Row("artefact, unzipped", "-", size.unzipped, 20, 15, unit=" MB")
    yield Row("artefact, zipped", "-", size.zipped, 6.5, 5, unit=" MB")
    peak, bare = samples["ours start"].megabytes, samples["bare start"].megabytes
    yield Row("start, peak memory", BARE, ratio(peak, bare), 1.15, 1.05, of(peak, bare, " MB"))
    for name in FUNCTIONS:
        needed, made = len(NEEDED[name]), [each["method"].replace("_", "") for each in calls[name]]
        same = made == [each.operation.lower() for each in NEEDED[name]]
        detail = f"{needed} needed" if same else f"other calls than those needed: {', '.join(made)}"
        yield Row(f"{name}, calls", "the list below", len(made), needed if same else 0, needed, detail, " calls")
    ratios, checked = hyperparameter_check.measured()
    check = f"check of {hyperparameter_check.LARGEST.name}, 100 times"
    yield Row(check, "json.loads of it", spread(ratios).median, 30, 10, f"{checked:.1f} ms of CPU")


BARE = "boto3 alone, the same calls, compiled"


def ratio(ours: list[float], others: list[float]) -> float:
    """Return the ratio of the medians."""
    return statistics.median(ours) / statistics.median(others)


def of(ours: list[float], others: list[float], unit: str) -> str:
    """Return both medians, each with its quartiles."""
    return f"{spread(ours):.0f} : {spread(others):.0f}{unit}"


def report(rows: list[Row], samples: Mapping[str, Samples], load: list[float], processes: int, warm: int) -> None:
    """Print the table, and write it to the page with a picture."""
    shown = Table("what", "against", "measured", "at most", "better", "median (quartiles)", box=None)
    styles = {verdict: colour for colour, verdict in COLOURS.items()}
    for row in rows:
        goals = (row.shown(row.at_most), row.shown(row.better))
        shown.add_row(row.what, row.against, row.shown(row.value), *goals, row.detail, style=styles[row.verdict])
    console.print(shown)
    missed = [row.what for row in rows if row.verdict == RED]
    console.print(f"{len(rows) - len(missed)} of {len(rows)} goals met", style="red" if missed else "green")
    page.write("bench", "\n\n".join(parts(rows, samples, load, processes, warm)))
    picture(samples)


def parts(
    rows: list[Row], samples: Mapping[str, Samples], load: list[float], processes: int, warm: int
) -> Iterator[str]:
    """Yield the paragraphs and tables for the page."""
    yield page.circumstances(load, cold_starts_of_each_function=processes, warm_invocations_after_each=warm)
    headings = ("", "what", "against", "measured", "at most", "better", "medians (quartiles)")
    yield page.table(
        headings,
        (
            (
                page.SIGNS[row.verdict],
                row.what,
                row.against,
                row.shown(row.value),
                row.shown(row.at_most),
                row.shown(row.better),
                row.detail,
            )
            for row in rows
        ),
    )
    yield "The calls, and what each is for. A tick of `track` is made each minute, whatever the number of jobs:"
    yield page.table(
        ("function", "call", "what for"),
        ((named(name), each.operation, each.reason) for name, calls in NEEDED.items() for each in calls),
    )
    yield "All that was measured, as median (quartiles):"
    names = ("cold, wall ms", "cold, CPU ms", "peak MB", "warm, wall ms", "warm, CPU ms")
    yield page.table(
        ("function", *names),
        ((name, *(f"{spread(values):.1f}" for values in vars(each).values())) for name, each in samples.items()),
    )


def named(function: str) -> str:
    """Return a function's name as code: "`notify`, of a job that has COMPLETED"."""
    name, comma, which = function.partition(",")
    return f"`{name}`{comma}{which}"


def picture(samples: Mapping[str, Samples]) -> None:
    """Write the picture of the cold starts."""
    order = [f"ours {name}" for name in FUNCTIONS], [f"bare {name}" for name in FUNCTIONS], [USUAL_COMPILED, USUAL]
    groups = [
        (heading, [(name, statistics.median(samples[name].cold_wall), colour) for name in names])
        for heading, names, colour in zip(
            ("this application, as deployed", BARE, "the usual way"), order, ("green", "blue", "yellow"), strict=True
        )
    ]
    page.bars("bench", "cold start: the first event answered, in ms (median)", groups, " ms")


if __name__ == "__main__":
    sys.exit(main())
