"""Rules for one hyperparameter, and for all of them together."""

import math
from collections.abc import Collection, Iterable, Iterator

from neptune_training.checks.hpo.format import MAX_PARAMETERS
from neptune_training.checks.hpo.parts import FIXED, Placed
from neptune_training.checks.hpo.tiers import is_tuned
from neptune_training.model.problems import Problem, path

MAX_TUNED = 30  # SageMaker guide, Resource Limits in Automatic Model Tuning


def problems(found: Collection[Placed], trials: int) -> Iterator[Problem]:
    """Yield all that is wrong with the parameters that can be read."""
    for each in found:
        yield from range_problems(each)
        yield from value_problems(each)
        if each.array != FIXED and each.whole:
            yield from choice_problems(each, trials)
    yield from repeated(found)
    yield from too_many(found, trials)


def range_problems(each: Placed) -> Iterator[Problem]:
    """Yield the problems of a range that cannot be searched."""
    place, parameter = (*each.place, "range"), each.parameter
    if parameter.range is None:
        return
    low, high = parameter.range
    if parameter.type in {"bool", "str"}:
        problem = f"a {parameter.type} cannot have a range"
        yield Problem.at(place, parameter.range, problem, "List its values in options")
        return
    if low > high:
        yield Problem.at(
            place, parameter.range, f"its minimum, {low}, is above its maximum, {high}", f"Set it to [{high}, {low}]"
        )
    if parameter.type == "int" and (low != int(low) or high != int(high)):
        problem = "has numbers that are not whole, but its type is int"
        remedy = "Use whole numbers, or change type to float"
        yield Problem.at(place, parameter.range, problem, remedy)
    if parameter.inc_strategy in {"log", "power2"} and min(low, high) <= 0:
        problem = f"the inc_strategy {parameter.inc_strategy} needs values above 0"
        remedy = "Start above 0, or set inc_strategy to linear"
        yield Problem.at(place, parameter.range, problem, remedy)


def value_problems(each: Placed) -> Iterator[Problem]:
    """Yield a problem for each value that is not of the parameter's type: the script could not read it."""
    parameter = each.parameter
    values: list[tuple[tuple[str | int, ...], object]] = [(("default",), parameter.default)]
    values += [(("options", index), option) for index, option in enumerate(parameter.options or ())]
    for step, value in values:
        if value is not None and not fits(value, parameter.type):
            problem = f"cannot be read as {parameter.type}"
            yield Problem.at((*each.place, *step), value, problem, f"Change it, or change type from {parameter.type}")


def fits(value: object, type_name: str) -> bool:
    """Return True if a script that expects this type can read the value from its command line."""
    if isinstance(value, list):
        return all(fits(each, type_name) for each in value)
    text = str(value).lower()
    if type_name == "str":
        return True
    if type_name == "bool":
        return text in {"true", "false", "0", "1"}
    try:
        numeric = float(text)
    except ValueError:
        return False
    return math.isfinite(numeric) and (type_name == "float" or numeric.is_integer())


def choice_problems(each: Placed, trials: int) -> Iterator[Problem]:
    """Yield the problems of a parameter with nothing to choose from, with two ways to choose, or without a default."""
    parameter = each.parameter
    if parameter.range and parameter.options:
        yield Problem.at(each.place, parameter.param, "has both a range and options", "Keep one of them")
    if not parameter.range and not parameter.options and parameter.type != "bool":
        problem, remedy = "has neither a range nor options", f"Add a range, or move it to {FIXED} with a default"
        yield Problem.at(each.place, parameter.param, problem, remedy)
    if parameter.default is None and not is_tuned(each.array, trials):
        problem = f"has no default, and with {trials} trials {each.array} is not tuned"
        yield Problem.at(each.place, parameter.param, problem, "Add a default, or move it to 1-tier-param")


def repeated(found: Iterable[Placed]) -> Iterator[Problem]:
    """Yield a problem for each name that comes twice: the script would get two values."""
    first: dict[str, Placed] = {}
    for each in found:
        name = each.parameter.param
        if (before := first.setdefault(name, each)) is not each:
            problem = f"is used twice: {path(before.place)} has the same name"
            yield Problem.at((*each.place, "param"), name, problem, "Remove one of them")


def too_many(found: Collection[Placed], trials: int) -> Iterator[Problem]:
    """Yield a problem for more hyperparameters than SageMaker accepts."""
    for verb, limit, number in (
        ("accepts", MAX_PARAMETERS, len(found)),
        ("tunes", MAX_TUNED, sum(is_tuned(each.array, trials) for each in found)),
    ):
        if number > limit:
            problem, remedy = (
                f"SageMaker {verb} at most {limit} hyperparameters",
                f"Move some to {FIXED} or remove them",
            )
            yield Problem.at(("models", 0), number, problem, remedy)
