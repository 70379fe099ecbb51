"""Problems: why a request cannot be trained, and what to do."""

import json
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Annotated, NamedTuple, Self

from pydantic import AfterValidator, BaseModel, ConfigDict

AGAIN = "Upload the configuration again, or send a new event (under another id, if it names one)"
ANOTHER_ID = "Choose another id, or leave it out: then the application makes one"
NOTHING_TO_DO = "Nothing to do"
MAX_VALUE_CHARACTERS = 200
MAX_FIELD_CHARACTERS = 1100  # an S3 key has 1024 bytes
MAX_TEXT_CHARACTERS = 2500  # Neptune's own messages are cut to 2048
MAX_CHARACTERS = 25_000  # of all problems of one record together
MAX_PROBLEMS = 50  # of one file or request: the others are shown after these are fixed


def shortened(text: str, most: int) -> str:
    """Return `text`, cut to `most` characters: all problems have to fit into one DynamoDB item, 400 KB."""
    return text if len(text) <= most else text[: most - 1] + "…"


Text = Annotated[str, AfterValidator(lambda text: shortened(text, MAX_TEXT_CHARACTERS))]


class Problem(BaseModel):
    """Hold one problem of a request or of one of its files.

    `field` names the place as the user knows it: an API parameter (`trainingInstanceType`), a JSON path
    (`models[0]["1-tier-param"][2].range`) or an S3 key. `value` is the value found there, as JSON, shortened.
    """

    model_config = ConfigDict(defer_build=True, frozen=True)

    field: Annotated[str, AfterValidator(lambda field: shortened(field, MAX_FIELD_CHARACTERS))]
    problem: Text
    remedy: Text
    value: Text | None = None

    @classmethod
    def at(cls, place: Iterable[str | int], value: object, problem: str, remedy: str) -> Self:
        """Return the problem of `value`, which is at `place` in a JSON document."""
        return cls(field=path(place), value=shown(value), problem=problem, remedy=remedy)

    def __str__(self) -> str:
        shown = "" if self.value is None else f" (value: {self.value})"
        return f"{self.field}: {self.problem}{shown}. {self.remedy}"


class CheckResult(NamedTuple):
    """Hold what is wrong with a file: problems, which would make the training fail for certain, and warnings."""

    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


class Invalid(Exception):  # noqa: N818 - it says what the input is
    """Say that a request or a file is not valid. `problems` has everything that is wrong with it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = bounded(problems)
        super().__init__("; ".join(map(str, self.problems)))


def shown(value: object) -> str:
    """Return a value from outside as short JSON, without control characters, to be shown in a problem."""
    text = ""
    try:
        for part in json.JSONEncoder(default=str).iterencode(value):
            text += part
            if len(text) > MAX_VALUE_CHARACTERS:  # encoding the rest of a large value would take long
                break
    except (ValueError, RecursionError):
        text = f"<{type(value).__name__}>"
    return shortened(text, MAX_VALUE_CHARACTERS)


def meant(written: object, possible: Iterable[object]) -> str | None:
    """Return `Did you mean "…"?` with the possible text that is nearest to `written`; None if none is near."""
    texts = {str(each).lower(): each for each in possible}
    near = get_close_matches(str(written)[:40].lower(), texts, n=1)
    return f'Did you mean "{texts[near[0]]}"?' if near else None


def bounded(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return as many problems as a record can hold. If some are left out, the last problem says so."""
    first: list[Problem] = []
    room = MAX_CHARACTERS
    for problem in problems:
        room -= len(str(problem))
        if room < 0 or len(first) == MAX_PROBLEMS:
            more = Problem(
                field="…", problem="there are more problems", remedy="Fix these first, then try again to see the others"
            )
            return (*first[: MAX_PROBLEMS - 1], more)
        first.append(problem)
    return tuple(first)


def path(place: Iterable[str | int]) -> str:
    """Return the path of a place in a JSON document: `models[0]["1-tier-param"][2].range`."""
    steps = (f".{step}" if isinstance(step, str) and step.isidentifier() else f"[{shown(step)}]" for step in place)
    return "".join(steps).removeprefix(".")
