"""Run a check, and hold what it finds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from cli.facts.aws import NotCheckable, NotNeeded
from cli.facts.facts import Facts


@dataclass(frozen=True)
class Wrong:
    """Something that is wrong: what, why it matters, and the command that fixes it."""

    what: str
    why: str
    fix: str


Look = Callable[[Facts], Iterator[Wrong]]


@dataclass(frozen=True)
class Check:
    """One question. `claim` is true if nothing is wrong."""

    name: str
    subject: str
    claim: str
    look: Look


class Outcome(StrEnum):
    """Hold the outcome of a check."""

    FINE = "fine"
    WRONG = "wrong"
    NOT_CHECKABLE = "not checkable"
    NOT_NEEDED = "not needed"


@dataclass(frozen=True)
class Result:
    """A check and what it found. `why` says why it could not be made or was not needed; `permission` is missing."""

    check: Check
    outcome: Outcome
    wrong: tuple[Wrong, ...] = ()
    why: str = ""
    permission: str = ""


def check(claim: str) -> Callable[[Look], Check]:
    """Make a check of a function that yields what is wrong; it is named as the function, its subject as the module."""

    def make(look: Look) -> Check:
        subject = look.__module__.rpartition(".")[2].replace("_", " ")
        return Check(look.__name__.replace("_", "-"), subject, claim, look)

    return make


def drifted(facts: Facts) -> str:
    """Return the commands that find and undo what somebody changed or deleted by hand."""
    return f"neptune-training doctor --drift --stack-name {facts.stack_name}; then undo what it names"


def run(one: Check, facts: Facts) -> Result:
    """Make a check. A missing permission is a result, never an error, and hides nothing that was found before."""
    wrong: list[Wrong] = []
    try:
        for each in one.look(facts):
            wrong.append(each)  # noqa: PERF402 - what came before an exception is kept
    except NotCheckable as unknown:
        outcome = Outcome.WRONG if wrong else Outcome.NOT_CHECKABLE
        return Result(one, outcome, tuple(wrong), unknown.why, unknown.permission)
    except NotNeeded as reason:
        return Result(one, Outcome.WRONG if wrong else Outcome.NOT_NEEDED, tuple(wrong), reason.why)
    return Result(one, Outcome.WRONG if wrong else Outcome.FINE, tuple(wrong))
