"""The findings for people, as they come, and for programs."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from cli.doctor.findings import Outcome, Result
from cli.screen import say

COLOURS = {Outcome.FINE: "green", Outcome.WRONG: "bold red", Outcome.NOT_CHECKABLE: "yellow", Outcome.NOT_NEEDED: "dim"}
WIDTH = len(Outcome.NOT_CHECKABLE)


def show(result: Result) -> None:
    """Print one result: a line, and three more for each thing that is wrong."""
    said = f"{result.check.claim}: {result.why}" if result.outcome is Outcome.NOT_CHECKABLE else result.check.claim
    if result.outcome is Outcome.NOT_NEEDED:
        return  # the summary has them
    say((f"{result.outcome:{WIDTH}}", COLOURS[result.outcome]), f"  {said}")
    for each in result.wrong:
        indent = " " * (WIDTH + 2)
        say(f"{indent}", (each.what, "bold"))
        say(f"{indent}{each.why}")
        say(f"{indent}fix: {each.fix}")
    if result.wrong and result.why:
        say(f"{' ' * (WIDTH + 2)}The rest of it is not checked: {result.why}")


def summary(results: Iterable[Result]) -> None:
    """Print how many results there are of each kind, and why some checks were not needed."""
    results = list(results)
    reasons = Counter(each.why for each in results if each.outcome is Outcome.NOT_NEEDED)
    for why, count in reasons.items():
        say((f"{Outcome.NOT_NEEDED:{WIDTH}}", "dim"), f"  {count} {'check' if count == 1 else 'checks'}: {why}")
    counts = Counter(each.outcome for each in results)
    say()
    for outcome in (each for each in Outcome if counts[each]):
        say((f"{counts[outcome]} {outcome}", COLOURS[outcome]), end="  ")
    say()
    if missing := sorted({each.permission for each in results if each.permission}):
        say(f"Missing permissions: {', '.join(missing)}. `neptune-training doctor --policy` prints a policy.")


def as_json(results: Iterable[Result]) -> list[dict[str, Any]]:
    """Return the results as values of JSON."""
    return [
        {
            "check": each.check.name,
            "subject": each.check.subject,
            "claim": each.check.claim,
            "outcome": str(each.outcome),
            "wrong": [{"what": one.what, "why": one.why, "fix": one.fix} for one in each.wrong],
            "why": each.why or None,
            "permission": each.permission or None,
        }
        for each in results
    ]
