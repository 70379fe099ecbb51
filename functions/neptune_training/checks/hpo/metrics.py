"""Rules for a model's metric: for a custom model, what SageMaker reads from the script's output."""

import re
from collections.abc import Iterator, Mapping

from neptune_training.checks import parsing, parsing_child
from neptune_training.checks.hpo.format import MAX_DEFINITIONS, MAX_REGEX_CHARACTERS, EvalFrequency
from neptune_training.checks.hpo.parts import Place, at, items, part
from neptune_training.checks.parsing import Parsed
from neptune_training.checks.pydantic_errors import listing
from neptune_training.model.problems import Problem, meant

METRIC = ("models", 0, "eval_metric")
DEFINITIONS = (*METRIC, "metric_definitions")
FREQUENCY = ("models", 0, "eval_frequency")
WIDE = re.compile(r"-(?:[^\x00-\x7f]|\\[xuUN0-7])")  # the end of a range of characters that may be wide
Compiled = Mapping[str, Parsed]


def compiled(document: object) -> Compiled:
    """Return what is known of each regular expression, by its text.

    An expression with a wide range of characters is compiled in a child process: each range takes 15 ms (measured), and
    a file can have thousands of them. All others compile at once.
    """
    regexes = {regex for _, _, regex in definitions(document)}
    wide = sorted(regex for regex in regexes if WIDE.search(regex))
    found = {regex: Parsed(**parsing_child.regex(regex)) for regex in regexes.difference(wide)}
    return {**found, **dict(zip(wide, parsing.parse([parsing.regex(regex) for regex in wide]), strict=True))}


def problems(document: object, compiled: Compiled) -> Iterator[Problem]:
    """Yield all that is wrong with the metric, as far as it can be read."""
    yield from objective_problems(document)
    for place, _, regex in definitions(document):
        yield from regex_problems(regex, compiled[regex], (*place, "Regex"))
    yield from frequency_problems(document)


def objective_problems(document: object) -> Iterator[Problem]:
    """Yield the problem of an objective whose metric has no definition."""
    names, place = [name for _, name, _ in definitions(document)], (*METRIC, "tuning_objective", "MetricName")
    objective = at(document, *place)
    if isinstance(objective, str) and names and objective not in names:
        remedy = meant(objective, names) or f"Write {listing(names, 'or')}, or define it"
        yield Problem.at(place, objective, "is not the Name of a metric in metric_definitions", remedy)


def definitions(document: object) -> Iterator[tuple[Place, str, str]]:
    """Yield place, name and regular expression of the metric definitions that can be read."""
    for index, raw in enumerate(items(document, *DEFINITIONS)[:MAX_DEFINITIONS]):
        name, regex = at(raw, "Name"), at(raw, "Regex")
        if isinstance(name, str) and isinstance(regex, str) and 0 < len(regex) <= MAX_REGEX_CHARACTERS:
            yield (*DEFINITIONS, index), name, regex


def regex_problems(regex: str, parsed: Parsed, place: Place) -> Iterator[Problem]:
    """Yield the problem of an expression with which SageMaker could not read a number."""
    if parsed.problem is not None:
        problem = f"is not a valid Python regular expression: {parsed.problem}"
        yield Problem.at(place, regex, problem, "Fix it, so that Python's re module can compile it")
    elif parsed.unchecked is None and parsed.groups == 0:
        remedy = r'Put parentheses around the number, as in "loss: ([0-9\\.]+)"'
        yield Problem.at(place, regex, "has no group, but SageMaker reads the number from the first group", remedy)


def frequency_problems(document: object) -> Iterator[Problem]:
    """Yield the problem of a value that does not fit its type."""
    frequency, place = part(EvalFrequency, at(document, *FREQUENCY)), (*FREQUENCY, "value")
    if frequency is None:
        return
    value = frequency.value
    if frequency.type == "evaluate_every_pct" and value > 1:
        yield Problem.at(place, value, "is above 1, which is the whole training", "Set it to a fraction, such as 0.1")
    if frequency.type != "evaluate_every_pct" and value != int(value):
        yield Problem.at(
            place, value, "is not a whole number of epochs or batches", "Set it to a whole number, such as 1"
        )
