"""The table at the end of a soak."""

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from local.neptune_ml import Summary
from local.soak.verdict import Verdict

START, LOOK = "StartMLModelTrainingJob", "GetMLModelTrainingJob"
SHOWN = 20


def show(console: Console, rows: Iterable[tuple[str, object, str]], verdict: Verdict) -> None:
    """Print the table, the offenders if there are any, and the line that says it all."""
    table = Table("", "counted", "wanted", box=None)
    for name, value, wanted in rows:
        table.add_row(name, str(value), wanted)
    console.print(table)
    for title, offenders in (("lost", verdict.lost), ("duplicated", verdict.duplicated)):
        for each in offenders[:SHOWN]:
            console.print(f"{title}: {each}", style="red")
        if len(offenders) > SHOWN:
            console.print(f"{title}: and {len(offenders) - SHOWN} more", style="red")
    console.print(f"lost {len(verdict.lost)} duplicated {len(verdict.duplicated)}")


def of_neptune(summary: Summary) -> Iterable[tuple[str, object, str]]:
    """What Neptune's own log says."""
    starts = summary["operations"].get(START, {})
    jobs = sum(1 for each in summary["ids"].values() if each["accepted"])
    yield "jobs that Neptune started", jobs, ""
    yield "started more than once", sum(1 for each in summary["ids"].values() if each["accepted"] > 1), "0"
    yield "starts sent", sum(starts.values()), ""
    yield "  refused with 429", starts.get("TooManyRequestsException", 0), ""
    yield "  connection dropped", starts.get("dropped", 0), ""
    yield "  answered with 5xx", sum(count for answer, count in starts.items() if answer.startswith("HTTP 5")), ""
    yield "  most at once for one id", summary["mostInFlight"], "1"
    yield "starts for each job", f"{sum(starts.values()) / max(jobs, 1):.2f}", ""
    yield "looks for each job", f"{sum(summary['operations'].get(LOOK, {}).values()) / max(jobs, 1):.2f}", ""


def of_aws(calls: Mapping[str, int], refused: Mapping[str, int], triggers: int) -> Iterable[tuple[str, Any, str]]:
    """What the functions asked of AWS."""
    yield "AWS calls for each trigger", f"{sum(calls.values()) / max(triggers, 1):.1f}", ""
    for name, count in sorted(calls.items(), key=lambda each: -each[1]):
        yield f"  {name}", f"{count / max(triggers, 1):.2f}", ""
    for name, count in sorted(refused.items()):
        yield f"refused by {name}", count, ""
