"""The rules of a model's metric: for a custom model, what SageMaker reads from the script's output."""

import re
import warnings
from collections.abc import Iterator

from neptune_training.checks.hpo.faults import listing, meant
from neptune_training.checks.hpo.format import MAX_DEFINITIONS, MAX_REGEX_CHARACTERS, EvalFrequency
from neptune_training.checks.hpo.parts import Place, at, items, part
from neptune_training.model.problems import Problem

METRIC = ("models", 0, "eval_metric")
DEFINITIONS = (*METRIC, "metric_definitions")
FREQUENCY = ("models", 0, "eval_frequency")
WIDE = re.compile(r"-(?:[^\x00-\x7f]|\\[xuUN0-7])")  # the end of a range: compiling hundreds takes minutes


def faults(document: object) -> Iterator[Problem]:
    """All that is wrong with the metric, as far as it can be read."""
    yield from objective_faults(document)
    for place, _, regex in definitions(document):
        yield from regex_faults(regex, (*place, "Regex"))
    yield from frequency_faults(document)


def objective_faults(document: object) -> Iterator[Problem]:
    """An objective that nobody measures."""
    names, place = [name for _, name, _ in definitions(document)], (*METRIC, "tuning_objective", "MetricName")
    objective = at(document, *place)
    if isinstance(objective, str) and names and objective not in names:
        remedy = meant(objective, names) or f"Write {listing(names, 'or')}, or define it"
        yield Problem.at(place, objective, "is not the Name of one of the metric_definitions", remedy)


def definitions(document: object) -> Iterator[tuple[Place, str, str]]:
    """Place, name and regular expression of the metric definitions that can be read."""
    for index, raw in enumerate(items(document, *DEFINITIONS)[:MAX_DEFINITIONS]):
        name, regex = at(raw, "Name"), at(raw, "Regex")
        if isinstance(name, str) and isinstance(regex, str) and 0 < len(regex) <= MAX_REGEX_CHARACTERS:
            yield (*DEFINITIONS, index), name, regex


def regex_faults(regex: str, place: Place) -> Iterator[Problem]:
    """Why SageMaker could not read a number with it. It is compiled, never run: that could take forever."""
    if len(WIDE.findall(regex)) > 1:
        problem = "has more than one range of characters that ends beyond ASCII or in an escape"
        yield Problem.at(place, regex, problem, "Write ranges in ASCII, such as [a-z]")
        return
    try:
        if groups(regex) == 0:
            remedy = r'Put the number into parentheses, as in "loss: ([0-9\\.]+)"'
            yield Problem.at(place, regex, "has no group, and the number is read from the first group", remedy)
    except (re.error, ValueError, OverflowError, RecursionError) as error:
        yield Problem.at(
            place, regex, f"is not a regular expression of Python: {error}", "Write it as the re module does"
        )


def groups(regex: str) -> int:
    """How many groups it has. Python's warnings about odd ones are for programmers."""
    with warnings.catch_warnings(action="ignore"):
        return re.compile(regex).groups


def frequency_faults(document: object) -> Iterator[Problem]:
    """A value that does not go with its type."""
    frequency, place = part(EvalFrequency, at(document, *FREQUENCY)), (*FREQUENCY, "value")
    if frequency is None:
        return
    value = frequency.value
    if frequency.type == "evaluate_every_pct" and value > 1:
        yield Problem.at(place, value, "is more than the whole training", "Write a part of 1, such as 0.1")
    if frequency.type != "evaluate_every_pct" and value != int(value):
        yield Problem.at(place, value, "is not a whole number of epochs or batches", "Write a whole number, such as 1")
