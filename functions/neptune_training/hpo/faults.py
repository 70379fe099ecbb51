"""pydantic's findings as a person can mend them: the place in the document, what is wrong there, what to write."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any, Literal, NamedTuple, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from neptune_training.hpo.format import BuiltIn, BuiltInModel, CustomModel, HpoFile
from neptune_training.reasons import Reason

KINDS: dict[str | int, type[BaseModel]] = {"custom": CustomModel, **dict.fromkeys(get_args(BuiltIn), BuiltInModel)}
Models = tuple[type[BaseModel], ...]


class Located(NamedTuple):
    """Where a finding is in the document; the field there, if the format has it; the models that may have it."""

    place: tuple[str | int, ...]
    field: FieldInfo | None
    models: Models


def reasons(error: ValidationError) -> Iterator[Reason]:
    """One reason for each finding."""
    return (reason(each) for each in error.errors(include_url=False))


def reason(error: ErrorDetails) -> Reason:
    """What one finding means."""
    found, value = located(error["loc"]), error["input"]
    place, field, models = found
    match error["type"]:
        case "missing":
            described = field.description if field else ""
            return Reason.at(place[:-1], value, f'has no "{place[-1]}"', f"Add {described}")
        case "union_tag_not_found":
            return Reason.at(place, value, 'has no "model"', f"Add {one_of(KINDS)}")
        case "union_tag_invalid":
            return choice((*place, "model"), value["model"], KINDS)
        case "literal_error":
            return choice(place, value, literals(field.annotation if field else None))
        case "extra_forbidden":
            remedy = meant(place[-1], (key for model in models for key in keys(model))) or "Remove it"
            return Reason.at(place, value, "is not a key that belongs here", remedy)
    return Reason.at(place, value, wrong(error), f"Write {wanted(found)}")


def located(loc: Iterable[str | int]) -> Located:
    """Follow pydantic's path, which also names the kind of model on the way: `models, 0, custom, task_type`."""
    place: tuple[str | int, ...] = ()
    field: FieldInfo | None = None
    models: Models = (HpoFile,)
    for step in loc:
        if len(place) == 2 and step in KINDS:
            field, models = None, (KINDS[step],)
            continue
        if isinstance(step, str):
            models = tuple(nested(field.annotation)) if field else models
            field = next((model.model_fields[keys(model)[step]] for model in models if step in keys(model)), None)
        place = (*place, step)
    return Located(place, field, models)


def keys(model: type[BaseModel]) -> dict[str, str]:
    """The names of a model's fields, by their keys in the document."""
    return {info.alias or name: name for name, info in model.model_fields.items()}


def nested(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models in a field's type, through lists and unions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from nested(inner)


def literals(annotation: Any) -> Iterator[str]:
    """The texts in a field's type."""
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
        return
    for inner in get_args(annotation):
        yield from literals(inner)


def wanted(found: Located) -> str:
    """What to write: of an object, or of an entry of a list of objects, the keys that it must have."""
    models = tuple(nested(found.field.annotation)) if found.field else found.models
    if found.field and (not models or isinstance(found.place[-1], str)):
        return found.field.description or ""
    return f"an object with {one_of(key for key, name in keys(models[0]).items() if is_required(models[0], name))}"


def is_required(model: type[BaseModel], name: str) -> bool:
    """Whether an object must have this field."""
    return model.model_fields[name].is_required()


def choice(place: Iterable[str | int], value: object, possible: Iterable[object]) -> Reason:
    """Something else than one of a few texts."""
    texts = [str(each) for each in possible]
    return Reason.at(place, value, f"should be {one_of(texts)}", meant(value, texts) or f"Write {one_of(texts)}")


def one_of(texts: Iterable[object]) -> str:
    """`"a", "b"`."""
    return ", ".join(f'"{text}"' for text in texts)


def meant(written: object, possible: Iterable[object]) -> str | None:
    """What somebody who wrote this may have meant."""
    texts = {str(each).lower(): each for each in possible}
    near = get_close_matches(str(written)[:40].lower(), texts, n=1)
    return f'Did you mean "{texts[near[0]]}"?' if near else None


def wrong(error: ErrorDetails) -> str:
    """What is wrong, from the verb of the message on: `should be a valid list`."""
    if error["type"] in {"model_type", "model_attributes_type"}:
        return "should be an object"
    message = error["msg"].replace(" after validation", "")
    return f"should {message.partition('should ')[2]}" if "should " in message else message
