"""What is fuzzed, and what may come out of it."""

import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from hypothesis import strategies as st

from neptune_training.model.problems import Problem, bounded


class Target(NamedTuple):
    """Inputs, what takes them and names its outcome, the errors that it declares, and how long its turn is."""

    name: str
    inputs: st.SearchStrategy[Any]
    run: Callable[[Any], str]
    declared: tuple[type[Exception], ...] = ()
    seconds: float = 1


class Unfit(Exception):  # noqa: N818
    """What came out is nothing that may: no error, and still wrong."""


def outcome_of(reasons: Iterable[Problem]) -> str:
    """The first of all reasons by its problem, without what differs from input to input."""
    problems = [reason.problem for reason in bounded(reasons)]  # as many as the application asks for
    return kind(problems[0]) if problems else "in order"


def kind(problem: str) -> str:
    """`problem`, cut to what kind of a problem it is."""
    return re.sub(r"[0-9]+", "#", re.split(r"[:,(\"'/\n]", problem)[0])[:60].strip()
