"""The parts of a document that can be read, whatever is wrong with the rest: so all errors are found at once."""

from collections.abc import Iterator
from typing import NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from neptune_training.hpo.format import MAX_PARAMETERS, FixedParameter, Parameter

FIXED = "fixed-param"
TIERS = ("1-tier-param", "2-tier-param", "3-tier-param")

Place = tuple[str | int, ...]
AnyModel = TypeVar("AnyModel", bound=BaseModel)


class Placed(NamedTuple):
    """A parameter, where it stands in the document, and in which of the arrays."""

    place: Place
    array: str
    parameter: Parameter


def parameters(document: object) -> Iterator[Placed]:
    """The parameters that can be read."""
    for array in (*TIERS, FIXED):
        kind = FixedParameter if array == FIXED else Parameter
        for index, raw in enumerate(items(document, "models", 0, array)[:MAX_PARAMETERS]):
            if parameter := part(kind, raw):
                yield Placed(("models", 0, array, index), array, parameter)


def part(model: type[AnyModel], raw: object) -> AnyModel | None:
    """A part of the document, None if it cannot be read."""
    try:
        return model.model_validate(raw)
    except ValidationError:
        return None


def items(document: object, *place: str | int) -> list[object]:
    """The list at `place`, empty if there is none."""
    found = at(document, *place)
    return found if isinstance(found, list) else []


def at(document: object, *place: str | int) -> object:
    """What stands at `place`, None if nothing does."""
    for step in place:
        try:
            document = document[step]  # type: ignore[index]  # what cannot be indexed so raises
        except (KeyError, IndexError, TypeError):
            return None
    return document
