"""Why a request cannot be trained: what a person needs to mend it."""

import json
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

MAX_VALUE_CHARACTERS = 200


class Reason(BaseModel):
    """One problem of a request or of one of its files.

    `field` names the place in the user's own words: an API parameter (`trainingInstanceType`), a JSON path
    (`models[0]["1-tier-param"][2].range`) or an S3 key. `value` is what stood there, as JSON, shortened.
    """

    model_config = ConfigDict(frozen=True)

    field: str
    problem: str
    remedy: str
    value: str | None = None

    def __str__(self) -> str:
        shown = "" if self.value is None else f" (value: {self.value})"
        return f"{self.field}: {self.problem}{shown}. {self.remedy}"


class Invalid(Exception):  # noqa: N818 - it says what the input is
    """A request or a file that cannot be trained, with all that is wrong with it."""

    def __init__(self, reasons: Iterable[Reason]) -> None:
        self.reasons = tuple(reasons)
        super().__init__("; ".join(map(str, self.reasons)))


def shown(value: object) -> str:
    """A value from outside as a reason may show it: JSON, so no control characters, and short."""
    try:
        text = json.dumps(value, default=str)
    except (ValueError, RecursionError):
        text = f"<{type(value).__name__}>"
    return text if len(text) <= MAX_VALUE_CHARACTERS else text[: MAX_VALUE_CHARACTERS - 1] + "…"
