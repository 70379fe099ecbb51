"""Types for numbers and values as published files have them: 3, 3.0 and "3" are all accepted."""

from typing import Annotated

from pydantic import Field, PlainValidator
from pydantic_core import PydanticCustomError

MAX_OPTIONS = 30  # service model `sagemaker`: ParameterValues
MAX_VALUE_CHARACTERS = 2500  # the same: HyperParameterValue
MAX_DEPTH = 3
LARGEST = 1e100  # no model needs more, and Python's own limits are higher


def number(value: object) -> float:
    """Return a finite number as it was written: 16 stays 16. `true` is not a number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not -LARGEST < value < LARGEST:
        raise PydanticCustomError("number", "should be a finite number")
    return value


def positive(value: object) -> float:
    """Return a number above 0."""
    if number(value) <= 0:
        raise PydanticCustomError("positive", "should be above 0")
    return number(value)


def amount(value: object) -> float:
    """Return a number above 0, also if it is in quotes: AWS's samples have both."""
    try:
        read = float(value) if isinstance(value, str) else value
    except ValueError:
        raise PydanticCustomError("number", "should be a finite number") from None
    return positive(read)


def passable(value: object, depth: int = 0) -> object:
    """Return a value that can follow `--name` on a command line, or a list of them (`fanout` has one per layer)."""
    if isinstance(value, list) and len(value) <= MAX_OPTIONS and depth < MAX_DEPTH:
        return [passable(each, depth + 1) for each in value]
    if not isinstance(value, str | int | float) or len(str(value)) > MAX_VALUE_CHARACTERS:
        raise PydanticCustomError("passable", "should be a number, a text, true or false, or a short list of them")
    return value


Number = Annotated[float, PlainValidator(number, json_schema_input_type=float)]
Positive = Annotated[float, PlainValidator(positive, json_schema_input_type=Annotated[float, Field(gt=0)])]
Amount = Annotated[float, PlainValidator(amount, json_schema_input_type=Annotated[float, Field(gt=0)] | str)]
Value = Annotated[object, PlainValidator(passable, json_schema_input_type=float | str | bool | list[object])]
