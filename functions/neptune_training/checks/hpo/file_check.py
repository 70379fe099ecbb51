"""Check a configuration: its format and its rules, all errors at once, and its warnings."""

from collections.abc import Iterator
from typing import NamedTuple

from pydantic import ValidationError

from neptune_training.checks import pydantic_errors
from neptune_training.checks.hpo import metrics, parameters, parts, search_warnings
from neptune_training.checks.hpo.format import FORMAT, HpoFile
from neptune_training.checks.hpo.metrics import Compiled
from neptune_training.checks.hpo.parts import Placed
from neptune_training.checks.hpo.tiers import trials_of
from neptune_training.model.problems import Invalid, Problem, bounded


class Checked(NamedTuple):
    """Hold a file that can be trained with, and the warnings about it."""

    file: HpoFile
    warnings: tuple[Problem, ...]
    parameters: tuple[Placed, ...]


def check(document: object, *, max_hpo_jobs: int | None, name: str = "model-hpo-configuration.json") -> Checked:
    """Check a document for a search of `max_hpo_jobs` trials. `name` is the file's name in problems.

    Raises:
        Invalid: with all problems of the document.
    """
    trials, compiled = trials_of(max_hpo_jobs), metrics.compiled(document)
    placed = tuple(parts.parameters(document))
    try:
        file, error = HpoFile.model_validate(document), None
    except ValidationError as invalid:
        file, error = None, invalid
    found = all_problems(document, placed, trials, compiled, error)
    problems = bounded(each if each.field else named(each, name) for each in found)
    if problems or not file:
        raise Invalid(problems) from error
    warnings = bounded(search_warnings.of(file, document, placed, trials, compiled))
    return Checked(file, warnings, placed)


def all_problems(
    document: object, placed: tuple[Placed, ...], trials: int, compiled: Compiled, error: ValidationError | None
) -> Iterator[Problem]:
    """Yield all errors: of the format, and of each rule whose part of the document is readable in spite of them."""
    if error:
        yield from pydantic_errors.problems_from(error, FORMAT)
    yield from parameters.problems(placed, trials)
    yield from metrics.problems(document, compiled)


def named(problem: Problem, name: str) -> Problem:
    """Return the problem with the document's name as its field: the document as a whole has no path."""
    return Problem(field=name, value=problem.value, problem=problem.problem, remedy=problem.remedy)
