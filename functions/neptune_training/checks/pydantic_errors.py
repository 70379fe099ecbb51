"""Translate pydantic's errors to problems: the place in the document, what is wrong there, what to write.

Requests and configurations are translated by the same rules; a `Format` says in what they differ.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from neptune_training.model.problems import Problem, meant, path

Models = tuple[type[BaseModel], ...]


@dataclass(frozen=True)
class Format:
    """Describe what a document is validated as.

    `kinds` are the models of a union, by the tag that pydantic puts into the place of an error, such as `custom`.
    `choices` are the texts that a key can have, for keys whose texts are spread over the models of a union. `default`
    is a second remedy for a missing value, such as "ask the operator of the stack for a default".
    """

    root: type[BaseModel]
    kinds: Mapping[str | int, type[BaseModel]] = field(default_factory=dict)
    choices: Mapping[str | int, Iterable[str]] = field(default_factory=dict)
    default: str | None = None


class Located(NamedTuple):
    """Hold the place of an error, the field there if the format has one, and the models that can have it."""

    place: tuple[str | int, ...]
    field: FieldInfo | None
    models: Models


def problems_from(error: ValidationError, form: Format) -> Iterator[Problem]:
    """Yield one problem for each error."""
    for each in error.errors(include_url=False):
        yield problem_of(each, form)


def problem_of(error: ErrorDetails, form: Format) -> Problem:
    """Return the problem of one error."""
    found, value = located(error["loc"], form), error["input"]
    place, info, models = found
    match error["type"]:
        case "missing" if form.default:
            problem, remedy = "is missing, and has no default", f"Set it to {wanted(found)}, or {form.default}"
            return Problem(field=path(place), problem=problem, remedy=remedy)
        case "missing":
            return Problem.at(place[:-1], value, f'has no "{place[-1]}"', f"Add it: {wanted(found)}")
        case "literal_error":
            return choice(place, value, form.choices.get(place[-1]) or literals(info.annotation if info else None))
        case "extra_forbidden":
            remedy = meant(place[-1], (key for model in models for key in keys(model))) or "Remove it"
            return Problem.at(place, value, "is not a known key here", remedy)
    return Problem.at(place, value, wrong(error), error.get("ctx", {}).get("remedy") or f"Set it to {wanted(found)}")


def located(loc: Iterable[str | int], form: Format) -> Located:
    """Follow pydantic's path, which also names the kind of model on the way: `models, 0, custom, task_type`."""
    place: tuple[str | int, ...] = ()
    info: FieldInfo | None = None
    models: Models = (form.root,)
    for step in loc:
        if info and len(place) == 2 and step in form.kinds:
            info, models = None, (form.kinds[step],)
            continue
        if isinstance(step, str):
            models = tuple(nested(info.annotation)) if info else models
            info = next((model.model_fields[keys(model)[step]] for model in models if step in keys(model)), None)
        place = (*place, step)
    return Located(place, info, models)


def keys(model: type[BaseModel]) -> dict[str, str]:
    """Return the names of a model's fields, by their keys in the document."""
    return {info.alias or name: name for name, info in model.model_fields.items()}


def nested(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the models in a field's type, also in lists and unions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from nested(inner)


def literals(annotation: Any) -> Iterator[str]:
    """Yield the texts of the literals in a field's type."""
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
        return
    for inner in get_args(annotation):
        yield from literals(inner)


def wanted(found: Located) -> str:
    """Return what to write there. An object in a list, or the whole document, is described by its required keys."""
    place, info, models = found
    inner = tuple(nested(info.annotation)) if info else models
    if info and (not inner or isinstance(place[-1], str)):
        return info.description or ""
    needed = (key for key, name in keys(inner[0]).items() if inner[0].model_fields[name].is_required())
    return f"an object with {listing(needed, 'and')}"


def choice(place: Iterable[str | int], value: object, possible: Iterable[object]) -> Problem:
    """Return the problem of a value that is not one of the possible texts."""
    texts = listing(possible := tuple(possible), "or")
    return Problem.at(place, value, f"should be {texts}", meant(value, possible) or "Write one of them")


def listing(texts: Iterable[object], last: str) -> str:
    """Return texts as a list: `"a", "b" or "c"`."""
    return f" {last} ".join(", ".join(f'"{text}"' for text in texts).rsplit(", ", 1))


def wrong(error: ErrorDetails) -> str:
    """Return what is wrong, starting with the verb of pydantic's message: `should be a valid list`."""
    if error["type"] in {"model_type", "model_attributes_type"}:
        return "should be an object"
    if error["type"] == "string_pattern_mismatch":
        return "has characters that are not allowed there"
    message = error["msg"].replace(" after validation", "")
    return f"should {message.partition('should ')[2]}" if "should " in message else message
