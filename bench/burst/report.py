"""The page's part of `make bench-burst`: tables and a picture."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench import page
from bench.burst.prices import ENDPOINT_HOUR, HOURS_A_MONTH
from bench.burst.run import Result
from bench.goals import GREEN, RED

OURS = "this application"
LEGEND = (
    "Bold is the best of a row. Wall ÷ (N/R) is the time until the last training was recorded, as a multiple of the "
    "shortest time in which Neptune accepts all starts: N uploads, of which it accepts R a second."
)


@dataclass(frozen=True)
class Measure:
    """Hold one row of the table; less is better."""

    name: str
    value: Callable[[Result], float]
    digits: int = 0
    unit: str = ""
    at_most: float = math.inf  # the goal for this application

    def shown(self, result: Result) -> str:
        """Return the value with its unit."""
        return f"{self.value(result):,.{self.digits}f}{self.unit}"


def for_1000(count: Callable[[Result], float]) -> Callable[[Result], float]:
    """Return what `count` is for 1,000 uploads."""
    return lambda result: 1000 * count(result) / result.n


MEASURES = (
    Measure("wall ÷ (N/R)", lambda each: each.wall_ratio, 2, at_most=1.25),
    Measure("starts answered 429", lambda each: 100 * each.share_refused, 0, " %", at_most=10),
    Measure("lost", lambda each: each.lost, at_most=0),
    Measure("duplicated", lambda each: each.duplicated, at_most=0),
    Measure("from upload to record, p50", lambda each: each.delay(0.5), 1, " s"),
    Measure("from upload to record, p99", lambda each: each.delay(0.99), 1, " s"),
    Measure("Lambda invocations for each upload", lambda each: each.usage.invocations / each.n, 1),
    Measure("Lambda seconds for each upload", lambda each: each.usage.seconds / each.n, 2, " s"),
    Measure("DynamoDB write units for each upload", lambda each: each.usage.write_units / each.n, 1),
    Measure("DynamoDB read units for each upload", lambda each: each.usage.read_units / each.n, 1),
    Measure("state transitions for each upload", lambda each: each.usage.transitions / each.n, 1),
    Measure("durable operations for each upload", lambda each: each.usage.operations / each.n, 1),
    Measure("calls for each upload", lambda each: each.calls / each.n, 1),
    Measure("dollars for 1,000 uploads", for_1000(lambda each: each.usage.dollars()), 3),
)


def comparison(results: Sequence[Result], lines: Mapping[str, int]) -> str:
    """Return the table of all designs under one load. The best of a row is bold, if there are several."""
    rows, compared = [], len(results) > 1
    for measure in MEASURES:
        best = min(measure.value(each) for each in results)
        shown = [emphasised(measure.shown(each), best=compared and measure.value(each) == best) for each in results]
        sign = verdict(measure, results[0])
        rows.append((f"{measure.name}{sign}", *shown))
    fewest = min(lines[each.design] for each in results)
    counted = [
        emphasised(f"{lines[each.design]:,}", best=compared and lines[each.design] == fewest) for each in results
    ]
    rows.append(("lines of code and template", *counted))
    return page.table(("", *(each.design for each in results)), rows)


def emphasised(text: str, *, best: bool) -> str:
    """Return the text, bold if it is the best of its row."""
    return f"**{text}**" if best else text


def verdict(measure: Measure, ours: Result) -> str:
    """Return the goal and whether this application meets it; nothing if there is none."""
    if measure.at_most == math.inf:
        return ""
    sign = page.SIGNS[GREEN if measure.value(ours) <= measure.at_most else RED]
    return f" {sign} (goal: at most {measure.at_most:g}{measure.unit})"


def growth(small: Sequence[Result], large: Sequence[Result]) -> str:
    """Return a table of what changes when the burst is several times as large."""
    by_name = {each.design: each for each in small}
    headings = ("", "wall ÷ (N/R)", "starts answered 429", "Lambda seconds for each upload", "MB of a process", "lost")

    def cells(value: Callable[[Result], str], pair: tuple[Result, Result]) -> str:
        return " → ".join(value(each) for each in pair)

    rows = []
    for each in large:
        pair = (by_name[each.design], each)
        rows.append(
            (
                f"{each.design}, N = {pair[0].n} → {each.n}",
                cells(lambda one: f"{one.wall_ratio:.2f}", pair),
                cells(lambda one: f"{100 * one.share_refused:.0f} %", pair),
                cells(lambda one: f"{one.usage.seconds / one.n:.2f}", pair),
                cells(lambda one: f"{one.megabytes:.0f}", pair),
                cells(lambda one: str(one.lost), pair),
            )
        )
    return page.table(headings, rows)


def endpoints() -> str:
    """Return what a month costs before anything is uploaded, apart from this application's ticks."""
    month = ENDPOINT_HOUR * HOURS_A_MONTH
    rows = [
        (OURS, "none: functions in the VPC call S3 and DynamoDB only", "$0.00"),
        ("the usual way", "SNS", f"${month:.2f}"),
        ("Step Functions", "none: it calls DynamoDB and SNS itself", "$0.00"),
        ("Lambda durable functions", "Lambda (checkpoints), SNS", f"${2 * month:.2f}"),
    ]
    return page.table(("", "interface endpoints in Neptune's VPC", "a month, for each availability zone"), rows)


@dataclass(frozen=True)
class Runs:
    """Hold all bursts of one run of the bench. The first of `calm` and of `faulty` is this application.

    Those of `small` have a quarter of the uploads of `calm`.
    """

    calm: Sequence[Result]
    faulty: Sequence[Result] = ()
    deployed: Sequence[Result] = ()
    small: Sequence[Result] = ()


def parts(runs: Runs, lines: Mapping[str, int], load: Sequence[float]) -> Iterator[str]:
    """Yield the paragraphs and tables for the page. `lines` are those of each design, `load` the machine's."""
    calm, faulty = runs.calm, runs.faulty
    n, rate = calm[0].n, calm[0].rate
    within = max(each.uploaded_within for each in calm)
    uploaded = f"{n} within {within:.1f} s"
    yield page.circumstances(load, uploads=uploaded, starts_that_Neptune_accepts=f"{rate:g} a second")
    yield LEGEND
    yield f"**Without faults.** The shortest possible wall time is N/R = {n / rate:.0f} s."
    yield comparison(calm, lines)
    if faulty:
        kills = ", ".join(f"{each.killed} ({each.design})" for each in faulty)
        yield f"**With the soak's faults.** {faulty[0].n} uploads. Processes killed: {kills}."
        yield comparison(faulty, lines)
    if runs.deployed:
        yield (
            "**At the deployed tick of a minute.** This application alone, with the template's own periods; only "
            "SettleSeconds is 0:"
        )
        yield comparison(runs.deployed, dict.fromkeys((each.design for each in runs.deployed), lines[OURS]))
    if runs.small:
        yield "**Growth.**"
        yield growth(runs.small, calm)
    yield "**Before anything is uploaded:**"
    yield endpoints()


def picture(runs: Runs) -> None:
    """Write the picture of how long each design takes."""
    colours = {OURS: "green", "the usual way": "yellow"}
    groups = [
        (
            f"p99 from upload to record, {name}",
            [(each.design, each.delay(0.99), colours.get(each.design, "blue")) for each in found],
        )
        for name, found in (("without faults", runs.calm), ("with faults", runs.faulty))
        if found
    ]
    page.bars("bench-burst", "a burst of uploads: p99 from upload to record, in s", groups, " s")
