"""Why a request cannot be trained: what a person needs to mend it."""

import json
from collections.abc import Iterable
from itertools import islice
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict

MAX_VALUE_CHARACTERS = 200
MAX_FIELD_CHARACTERS = 1100  # an S3 key has 1024 bytes
MAX_REASONS = 50  # of one file or request: what more is wrong shows when these are mended


def shortened(text: str, most: int) -> str:
    """`text`, cut to `most` characters: a record holds 400 KB, and what is wrong with it must always fit."""
    return text if len(text) <= most else text[: most - 1] + "…"


class Reason(BaseModel):
    """One problem of a request or of one of its files.

    `field` names the place in the user's own words: an API parameter (`trainingInstanceType`), a JSON path
    (`models[0]["1-tier-param"][2].range`) or an S3 key. `value` is what stood there, as JSON, shortened.
    """

    model_config = ConfigDict(frozen=True)

    field: Annotated[str, AfterValidator(lambda field: shortened(field, MAX_FIELD_CHARACTERS))]
    problem: str
    remedy: str
    value: str | None = None

    @classmethod
    def at(cls, place: Iterable[str | int], value: object, problem: str, remedy: str) -> Self:
        """The reason for `value`, which stands at `place` in a JSON document."""
        return cls(field=path(place), value=shown(value), problem=problem, remedy=remedy)

    def __str__(self) -> str:
        shown = "" if self.value is None else f" (value: {self.value})"
        return f"{self.field}: {self.problem}{shown}. {self.remedy}"


class Invalid(Exception):  # noqa: N818 - it says what the input is
    """A request or a file that cannot be trained, with all that is wrong with it."""

    def __init__(self, reasons: Iterable[Reason]) -> None:
        self.reasons = bounded(reasons)
        super().__init__("; ".join(map(str, self.reasons)))


def shown(value: object) -> str:
    """A value from outside as a reason may show it: JSON, so no control characters, and short."""
    try:
        text = json.dumps(value, default=str)
    except (ValueError, RecursionError):
        text = f"<{type(value).__name__}>"
    return shortened(text, MAX_VALUE_CHARACTERS)


def bounded(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """The first of many reasons; the last one then says that there are more."""
    first = tuple(islice(reasons, MAX_REASONS + 1))
    if len(first) <= MAX_REASONS:
        return first
    more = Reason(field="…", problem="there is more", remedy="Mend the others first, then look again")
    return (*first[: MAX_REASONS - 1], more)


def path(place: Iterable[str | int]) -> str:
    """Where something stands in a JSON document: `models[0]["1-tier-param"][2].range`."""
    steps = (f".{step}" if isinstance(step, str) and step.isidentifier() else f"[{shown(step)}]" for step in place)
    return "".join(steps).removeprefix(".")
