"""Build the request that is sent: the stack's defaults, overridden by what was asked, within the operator's limits.

`build` reports every problem of a request at once, each with its field, its value and what to do.
"""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, assert_never

from pydantic import BaseModel, ValidationError

from neptune_training.checks.pydantic_errors import Format, problems_from
from neptune_training.model.parameters import (
    NEPTUNES_DEFAULTS,
    CustomModelTrainingParameters,
    EntryPoints,
    ModelParameters,
    NoParameters,
    TrainingRequest,
    parameter,
    settable_by,
)
from neptune_training.model.problems import Invalid, Problem, bounded, meant, shown
from neptune_training.model.settings import Limits, Settings
from neptune_training.model.triggers import TriggerKind

CUSTOM = ModelParameters.custom
TOTAL, PARALLEL = "maxHPONumberOfTrainingJobs", "maxHPOParallelTrainingJobs"
NOT_IN_THE_API = "StartMLModelTrainingJob has no such parameter, though some AWS samples show it"
SHOWN_IN_SAMPLES = {"modelName", "enableInterContainerTrafficEncryption"}
FORMAT = Format(TrainingRequest, default="ask the operator of the stack for a default")


def build(
    asked: Mapping[str, Any], settings: Settings, *, kind: TriggerKind, derived: Mapping[str, Any]
) -> TrainingRequest:
    """Return the request to send.

    `asked` are the parameters that came with a trigger of this `kind`. `derived` follow from the trigger, such as
    `{"id": "fraud-b1e3…", "trainModelS3Location": "s3://my-models/trained/fraud-b1e3…"}`.

    Raises:
        Invalid: the request is not valid. It has all problems at once.
    """
    allowed = settable_by(kind)
    problems = list(bounded(unknown(asked, allowed)))
    sender = known(asked, allowed)
    merged = merge(settings.defaults, *((derived, sender) if can_override(kind) else (sender, derived)))
    if PARALLEL not in sender:
        merged |= at_most_all(merged)
    try:
        request = TrainingRequest.model_validate(merged)
    except ValidationError as error:
        problems += problems_from(error, FORMAT)
    problems += over_limits(merged, settings.limits)
    problems += output_among_uploads(merged.get("trainModelS3Location"), settings.models)
    problems += contradictions(merged)
    if problems:
        raise Invalid(problems)
    return request


def can_override(kind: TriggerKind) -> bool:
    """Return True if the sender can set what otherwise follows from the trigger: the id and the directories."""
    match kind:
        case TriggerKind.EVENT | TriggerKind.SCHEDULE:
            return True
        case TriggerKind.UPLOAD | TriggerKind.CANCELLATION | TriggerKind.UNKNOWN:
            return False
    assert_never(kind)


def at_most_all(merged: Mapping[str, Any]) -> dict[str, Any]:
    """Return fewer parallel trials if the request asks for fewer trials than run in parallel by default."""
    total, parallel = ({**NEPTUNES_DEFAULTS, **merged}[name] for name in (TOTAL, PARALLEL))
    fewer = isinstance(total, int) and isinstance(parallel, int) and 0 < total < parallel
    return {PARALLEL: total} if fewer else {}


def merge(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Return all layers as one. A later layer overrides single parameters, also in customModelTrainingParameters."""
    merged: dict[str, Any] = {}
    for layer in layers:
        custom, below = layer.get(CUSTOM), merged.get(CUSTOM)
        merged.update(layer)
        if isinstance(custom, Mapping) and below is not None:  # keep what is not an object: it is reported later
            merged[CUSTOM] = {**below, **custom} if isinstance(below, Mapping) else below
    return merged


def known(asked: Mapping[str, Any], allowed: type[BaseModel]) -> dict[str, Any]:
    """Return the parameters that the sender can set. `unknown` reports the others; null counts as not set."""
    fields = said(asked, allowed)
    if isinstance(fields.get(CUSTOM), Mapping):
        fields[CUSTOM] = said(fields[CUSTOM], inner_of(allowed))
    return fields


def said(asked: Mapping[str, Any], allowed: type[BaseModel]) -> dict[str, Any]:
    """Return the parameters that `allowed` has and that are not null, at one level."""
    return {name: value for name, value in asked.items() if name in allowed.model_fields and value is not None}


def unknown(asked: Mapping[str, Any], allowed: type[BaseModel]) -> Iterator[Problem]:
    """Yield a problem for each name that `allowed` does not have, at both levels."""
    for name, value in asked.items():
        if name not in allowed.model_fields:
            yield refused(name, value, allowed)
    custom, inner = asked.get(CUSTOM), inner_of(allowed)
    for name, value in custom.items() if isinstance(custom, Mapping) else ():
        if name not in inner.model_fields:
            yield refused(f"{CUSTOM}.{name}", value, inner)


def inner_of(allowed: type[BaseModel]) -> type[BaseModel]:
    """Return the model of customModelTrainingParameters in `allowed`."""
    if allowed is TrainingRequest:
        return CustomModelTrainingParameters
    return EntryPoints if allowed is ModelParameters else NoParameters


def refused(path: str, value: object, allowed: type[BaseModel]) -> Problem:
    """Return the problem of a parameter that this sender must not set, or that does not exist."""
    name = path.rpartition(".")[2]
    if allowed is NoParameters:
        problem = "must not be set by a trigger of a kind that this version does not know"
        remedy = "Ask the operator of the stack to deploy the version that it was sent to, then send it again"
        return Problem(field=path, value=shown(value), problem=problem, remedy=remedy)
    if parameter(path):
        remedy = "Remove it: only the operator of the stack, an event or a schedule can set it"
        return Problem(field=path, value=shown(value), problem="must not be set by an upload", remedy=remedy)
    if name == path and name in EntryPoints.model_fields:
        remedy = f"Set {CUSTOM}.{name} instead"
    else:
        remedy = meant(name, allowed.model_fields) or "Remove it"
    problem = NOT_IN_THE_API if name in SHOWN_IN_SAMPLES else "is not a parameter of StartMLModelTrainingJob"
    return Problem(field=path, value=shown(value), problem=problem, remedy=remedy)


def over_limits(merged: Mapping[str, Any], limits: Limits) -> Iterator[Problem]:
    """Yield a problem for each parameter over the operator's limits. If it is not set, Neptune's default counts."""
    asked = {**NEPTUNES_DEFAULTS, **merged}
    for field, declared in limits.declared().items():
        limit: int | tuple[str, ...] = getattr(limits, field)
        for name in declared.of:
            if (most := exceeded(asked.get(name), limit)) is not None:
                yield over_limit(name, asked[name], most, declared.parameter)


def exceeded(value: object, limit: int | tuple[str, ...]) -> str | None:
    """Return what a value over `limit` can be set to, such as "at most 100"; None if it is within the limit.

    A value of another type counts as within the limit: pydantic reports it as not valid.
    """
    match limit:
        case int():
            return f"at most {limit}" if isinstance(value, int) and value > limit else None
        case tuple():
            known = not isinstance(value, str) or any(fnmatchcase(value, pattern) for pattern in limit)
            return None if known else f"one of {', '.join(limit)}"
    assert_never(limit)


def output_among_uploads(location: object, models: str) -> Iterator[Problem]:
    """Yield the problem of an output location that is inside the upload folder, `models`, or contains it."""
    if not isinstance(location, str):
        return
    output = f"{location.rstrip('/')}/"
    if output.startswith(models):
        problem = "is inside the upload folder: its output could start new trainings"
    elif models.startswith(output):
        problem = "contains the upload folder: its output could start new trainings"
    else:
        return
    remedy = f"Set it to a place that neither contains nor is inside {models}"
    yield Problem(field="trainModelS3Location", value=shown(location), problem=problem, remedy=remedy)


def over_limit(name: str, value: object, most: str, parameter: str) -> Problem:
    """Return the problem of a parameter over a limit. `most` is what it can be set to: "at most 100"."""
    remedy = f"Set it to {most}, or ask the operator of the stack to raise the limit (template parameter {parameter})"
    return Problem(field=name, value=shown(value), problem="is over the operator's limit", remedy=remedy)


def contradictions(merged: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield a problem for parameters that contradict each other."""
    total, parallel = ({**NEPTUNES_DEFAULTS, **merged}[name] for name in (TOTAL, PARALLEL))
    if isinstance(total, int) and isinstance(parallel, int) and 0 < total < parallel:
        problem = f"is above maxHPONumberOfTrainingJobs, {total}"
        remedy = f"Set it to at most {total}, or raise maxHPONumberOfTrainingJobs"
        yield Problem(field="maxHPOParallelTrainingJobs", value=shown(parallel), problem=problem, remedy=remedy)
    if merged.get("id") and merged.get("id") == merged.get("previousModelTrainingJobId"):
        remedy = "Set it to an earlier job's id, or remove it"
        yield Problem(
            field="previousModelTrainingJobId",
            value=shown(merged["id"]),
            problem="is the new job's own id",
            remedy=remedy,
        )
