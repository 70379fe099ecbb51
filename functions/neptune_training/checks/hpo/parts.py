"""Read the valid parts of a document, even if other parts are not valid, so that all errors are found at once."""

from collections.abc import Iterator
from typing import NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from neptune_training.checks.hpo.format import MAX_PARAMETERS, Parameter

FIXED = "fixed-param"
TIERS = ("1-tier-param", "2-tier-param", "3-tier-param")

Place = tuple[str | int, ...]
AnyModel = TypeVar("AnyModel", bound=BaseModel)


class Placed(NamedTuple):
    """Hold a parameter, its place in the document, its array, and whether all of it could be read."""

    place: Place
    array: str
    parameter: Parameter
    whole: bool


def parameters(document: object) -> Iterator[Placed]:
    """Yield the parameters, without their invalid keys."""
    for array in (*TIERS, FIXED):
        for index, raw in enumerate(items(document, "models", 0, array)[:MAX_PARAMETERS]):
            if parameter := part(Parameter, raw):
                yield Placed(("models", 0, array, index), array, parameter, whole=True)
            elif isinstance(raw, dict) and (parameter := part(Parameter, readable(raw))):
                yield Placed(("models", 0, array, index), array, parameter, whole=False)


def readable(raw: dict[str, object]) -> dict[str, object]:
    """Return the valid keys of a parameter."""
    try:
        Parameter.model_validate(raw)
    except ValidationError as error:
        wrong = {each["loc"][0] for each in error.errors(include_url=False) if each["loc"]}
        return {key: value for key, value in raw.items() if key not in wrong}
    return raw


def part(model: type[AnyModel], raw: object) -> AnyModel | None:
    """Return a part of the document, None if it is invalid."""
    try:
        return model.model_validate(raw)
    except ValidationError:
        return None


def items(document: object, *place: str | int) -> list[object]:
    """Return the list at `place`, empty if there is none."""
    found = at(document, *place)
    return found if isinstance(found, list) else []


def at(document: object, *place: str | int) -> object:
    """Return the value at `place`, None if there is none."""
    for step in place:
        try:
            document = document[step]  # type: ignore[index]  # what cannot be indexed so raises
        except (KeyError, IndexError, TypeError):
            return None
    return document
