"""A custom model's scripts: which there must be, and whether they can be read. Nothing here runs them."""

import ast
import warnings
from collections.abc import Collection, Iterator

from packaging.requirements import InvalidRequirement, Requirement

from neptune_training.parameters import TrainingRequest
from neptune_training.reasons import Reason, shown
from neptune_training.triggers import CONFIGURATION

ENTRY_POINTS = {"trainingEntryPointScript": "training.py", "transformEntryPointScript": "transform.py"}
REQUIREMENTS = "requirements.txt"


def entry_points(request: TrainingRequest) -> dict[str, str]:
    """The names of the scripts that Neptune will run, by the parameter that says so: the API's defaults fill in."""
    custom = request.customModelTrainingParameters
    return {field: getattr(custom, field, None) or default for field, default in ENTRY_POINTS.items()}


def checked(request: TrainingRequest) -> tuple[str, ...]:
    """The files that are read and checked, if they are there."""
    return (CONFIGURATION, *dict.fromkeys(entry_points(request).values()), REQUIREMENTS)


def missing(names: Collection[str], request: TrainingRequest) -> Iterator[Reason]:
    """Files that the training needs and that are not there; with the likely reason, where another script is."""
    if CONFIGURATION not in names:
        yield Reason(field=CONFIGURATION, problem="is missing", remedy="Upload it beside the scripts")
    used = entry_points(request)
    others = sorted(name for name in names if name.endswith(".py") and "/" not in name and name not in used.values())
    for field, name in used.items():
        if name not in names:
            kind = field.removesuffix("EntryPointScript")
            likely = [other for other in others if other.startswith(kind[:5])] or others
            hint = f', or set customModelTrainingParameters.{field} to "{likely[0]}", which is there' if likely else ""
            remedy = f"Upload it beside {CONFIGURATION}{hint}"
            path = f"customModelTrainingParameters.{field}"
            yield Reason(field=path, value=shown(name), problem=f"there is no {kind} script {name}", remedy=remedy)


def problems(name: str, content: bytes) -> Iterator[Reason]:
    """What is wrong inside a script or a requirements file."""
    return requirements_problems(content) if name == REQUIREMENTS else script_problems(name, content)


def script_problems(name: str, content: bytes) -> Iterator[Reason]:
    """A syntax error now is an hour of GPU instances later."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd escape is its author's business
            ast.parse(content, name)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        where = f" at line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        problem = f"is not Python that compiles{where}: {getattr(error, 'msg', None) or type(error).__name__}"
        yield Reason(field=name, value=shown(getattr(error, "text", None)), problem=problem, remedy="Mend the script")


def requirements_problems(content: bytes) -> Iterator[Reason]:
    """Lines that pip would refuse. Options and URLs are pip's own affair."""
    text = content.decode("utf-8", errors="replace").replace("\\\n", " ")
    for number, line in enumerate(text.splitlines(), 1):
        wanted = line.split(" #")[0].split(" --")[0].strip()
        if not wanted or wanted.startswith(("#", "-", ".", "/")) or "://" in wanted:
            continue
        try:
            Requirement(wanted)
        except InvalidRequirement:
            problem, remedy = f"line {number} is no requirement that pip understands", "Mend the line"
            yield Reason(field=REQUIREMENTS, value=shown(line), problem=problem, remedy=remedy)
