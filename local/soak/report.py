"""The table at the end of a soak."""

from collections.abc import Iterable, Iterator, Mapping

from rich.console import Console
from rich.table import Table

from local.neptune_ml import Summary
from local.soak.verdict import Evidence, Verdict

START, LOOK = "StartMLModelTrainingJob", "GetMLModelTrainingJob"
SHOWN = 20

Row = tuple[str, object, str]  # what is counted, how many, how many there should be


def show(console: Console, rows: Iterable[Row], verdict: Verdict) -> None:
    """Print the table, the offenders if there are any, and the line that says it all."""
    table = Table("", "counted", "wanted", box=None)
    for name, value, wanted in rows:
        table.add_row(name, str(value), wanted)
    console.print(table)
    for title, offenders in (("lost", verdict.lost), ("duplicated", verdict.duplicated), ("stuck", verdict.stuck)):
        for each in offenders[:SHOWN]:
            console.print(f"{title}: {each}", style="red")
        if len(offenders) > SHOWN:
            console.print(f"{title}: and {len(offenders) - SHOWN} more", style="red")
    console.print(f"lost {len(verdict.lost)} duplicated {len(verdict.duplicated)} stuck {len(verdict.stuck)}")


def of_jobs(evidence: Evidence, verdict: Verdict) -> Iterator[Row]:
    """Return what the table and the subscriber show."""
    found = [record["status"] for record in evidence.records]
    for status in sorted(set(found)):
        yield f"  {status}", found.count(status), ""
    yield "lost", len(verdict.lost), "0"
    yield "duplicated", len(verdict.duplicated), "0"
    yield "stuck", len(verdict.stuck), "0"
    yield "ends announced", len(evidence.announced()), str(len(found))
    yield "slots left", len(evidence.slots), "0"


def of_neptune(summary: Summary) -> Iterator[Row]:
    """Return what Neptune's own log shows."""
    starts = summary["operations"].get(START, {})
    sent, looks = sum(starts.values()), sum(summary["operations"].get(LOOK, {}).values())
    jobs = sum(1 for each in summary["ids"].values() if each["accepted"])
    yield "jobs that Neptune started", jobs, ""
    yield "starts sent", f"{sent}, {sent / max(jobs, 1):.2f} for each job", ""
    yield "  refused with 429", starts.get("TooManyRequestsException", 0), ""
    yield "  connection dropped", starts.get("dropped", 0), ""
    yield "  answered with 5xx", sum(count for answer, count in starts.items() if answer.startswith("HTTP 5")), ""
    yield "  most at once for one id", summary["mostInFlight"], "1"
    yield "looks", f"{looks}, {looks / max(jobs, 1):.2f} for each job", ""


def of_aws(calls: Mapping[str, int], refused: Mapping[str, int], triggers: int) -> Iterator[Row]:
    """Return the calls that the functions made to AWS."""
    yield "AWS calls for each trigger", f"{sum(calls.values()) / triggers:.1f}", ""
    for name, count in sorted(calls.items(), key=lambda each: -each[1]):
        yield f"  {name}", f"{count / triggers:.1f}", ""
    for name, count in sorted(refused.items()):
        yield f"refused by {name}", count, ""
