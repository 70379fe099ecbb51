"""Read JSON from outside, or say where and how it is wrong. A document that passes is safe for all later readers.

This is stricter than `json.loads`. A name that comes twice, NaN and very large numbers are refused, because JSON
readers treat them differently. Half a character (a lone surrogate) is refused: DynamoDB and SNS do not accept it.
"""

import json
import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

from neptune_training.model.problems import Invalid, Problem, bounded, path, shown

MAX_BYTES = 256 * 1024  # people write these documents; reading one takes 150 times its size in memory
MAX_DEPTH = 32
MAX_DIGITS = 18  # of an integer, so that it fits 64 bits wherever it goes

REMEDIES = {
    "'": "Put names and texts in double quotes",
    "#": "Remove the comment: JSON has none",
    "/": "Remove the comment: JSON has none",
    ",": "Remove the extra comma",
    "}": "Remove the comma before it, or close what is open",
    "]": "Remove the comma before it, or close what is open",
    "T": "Use true, in lower case",
    "F": "Use false, in lower case",
    "N": "Use null",
}
OTHERWISE = "Use JSON, not YAML: names and texts in double quotes, a comma between two entries"


class Ambiguous(dict[str, Any]):
    """Hold an object that gives a name twice."""

    repeated: tuple[str, ...]


def read(raw: bytes, name: str, most: int = MAX_BYTES) -> object:
    """Return the value of JSON text of at most `most` bytes.

    Raises:
        Invalid: with all problems of the document, which they call `name`.
    """
    document = parse(decode(raw, name, most), name)
    if problems := bounded(problems_in(document, name)):
        raise Invalid(problems)
    return document


def decode(raw: bytes, name: str, most: int) -> str:
    """Return the text. A byte order mark, which editors on Windows write, is dropped. Raises `Invalid`."""
    if len(raw) > most:
        problem = f"is larger than {most} bytes"
        raise Invalid((Problem(field=name, value=str(len(raw)), problem=problem, remedy="Make it smaller"),))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problem = f"is not UTF-8 text: byte {error.start + 1} cannot be read"
        raise Invalid((Problem(field=name, problem=problem, remedy="Save it as UTF-8"),)) from error


def parse(text: str, name: str) -> object:
    """Return the value of a JSON text; numbers that are too large become infinite. Raises `Invalid`."""
    try:
        return json.loads(text, object_pairs_hook=object_of, parse_int=integer)
    except json.JSONDecodeError as error:
        raise Invalid((not_json(error, name),)) from error
    except RecursionError as error:
        raise Invalid((too_deep(name),)) from error


def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; an `Ambiguous` one if a name comes twice."""
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    ambiguous = Ambiguous(found)
    ambiguous.repeated = tuple(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
    return ambiguous


def integer(digits: str) -> int | float:
    """Return an integer, or infinity for a very long one, which Python would refuse with another error."""
    return int(digits) if len(digits.lstrip("-")) <= MAX_DIGITS else math.inf


def problems_in(document: object, name: str) -> Iterator[Problem]:
    """Yield the problems of a document that `json.loads` has accepted, in the order of the text."""
    waiting: list[tuple[tuple[str | int, ...], object]] = [((), document)]
    while waiting:
        place, value = waiting.pop()
        if len(place) > MAX_DEPTH:
            yield too_deep(path(place))
            continue
        if is_plain(value):
            continue
        for problem, remedy, cause in problems_of(value):
            yield Problem(field=path(place) or name, value=cause, problem=problem, remedy=remedy)
        if isinstance(value, dict):
            waiting += reversed([((*place, key), inner) for key, inner in value.items()])
        elif isinstance(value, list):
            waiting += reversed([((*place, index), inner) for index, inner in enumerate(value)])


def is_plain(value: object) -> bool:
    """Return True for most values, in which nothing can be wrong."""
    return value.isascii() if isinstance(value, str) else value is None or isinstance(value, int)


def problems_of(value: object) -> Iterator[tuple[str, str, str | None]]:
    """Yield problem, remedy and cause for all that is wrong with one value, without the values inside it."""
    if isinstance(value, float) and not math.isfinite(value):
        yield "is not a finite number, or is too long", f"Write a finite number of at most {MAX_DIGITS} digits", None
    for text in (value,) if isinstance(value, str) else value if isinstance(value, dict) else ():
        if not storable(text):
            yield "has half a character (a lone surrogate)", "Remove it, or use the whole character", shown(text)
    for name in value.repeated if isinstance(value, Ambiguous) else ():
        yield "has the same name more than once", "Keep one of them", shown(name)


def storable(text: str) -> bool:
    """Return True if `text` can be written as UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def too_deep(field: str) -> Problem:
    """Return the problem of a document that is nested too deeply."""
    return Problem(field=field, problem=f"is nested more than {MAX_DEPTH} levels deep", remedy="Use fewer levels")


def not_json(error: json.JSONDecodeError, name: str) -> Problem:
    """Return the problem of a text that is not JSON: where it stops being JSON, and the likely fix."""
    if not error.doc.strip():
        return Problem(field=name, problem="is empty", remedy=OTHERWISE)
    problem = f"is not JSON at line {error.lineno}, column {error.colno}: {error.msg}"
    around = error.doc[max(error.pos - 20, 0) : error.pos + 20].strip()
    character = error.doc[error.pos : error.pos + 1]
    if character and character in "}]" and error.doc[: error.pos].rstrip().endswith(","):
        character = ","  # Python before 3.13 names the place of the bracket
    remedy = REMEDIES.get(character, OTHERWISE)
    return Problem(field=name, value=shown(around), problem=problem, remedy=remedy)
