"""A custom model's scripts: which there must be, and whether they can be read. Nothing here runs them."""

import ast
import warnings
from collections.abc import Collection, Iterator, Mapping

from packaging.requirements import InvalidRequirement, Requirement

from neptune_training.checks.events import CONFIGURATION
from neptune_training.model.problems import Problem, shown

SCRIPTS = {"trainingEntryPointScript": "training.py", "transformEntryPointScript": "transform.py"}
REQUIREMENTS = "requirements.txt"
MAX_CHECKED_BYTES = 131_072  # parsing a script takes a thousand times its size, and the functions have 512 MB


def entry_points(custom: object) -> dict[str, str]:
    """The names of the scripts that Neptune will run, by parameter: what `custom` says, else the API's defaults."""
    said = custom if isinstance(custom, Mapping) else {}
    return {field: each if isinstance(each := said.get(field), str) else default for field, default in SCRIPTS.items()}


def checked(entry_points: Mapping[str, str]) -> tuple[str, ...]:
    """The files that are read and checked, if they are there."""
    return (CONFIGURATION, *dict.fromkeys(entry_points.values()), REQUIREMENTS)


def missing(names: Collection[str], entry_points: Mapping[str, str]) -> Iterator[Problem]:
    """Files that the training needs and that are not there; with the likely reason, where another script is."""
    if CONFIGURATION not in names:
        yield Problem(field=CONFIGURATION, problem="is missing", remedy="Upload it beside the scripts")
    spare = sorted(name for name in names if name.endswith(".py") and name not in entry_points.values())
    for field, name in entry_points.items():
        if name not in names:
            yield no_script(field, name, [other for other in spare if "/" not in other and other[0] != "_"])


def no_script(field: str, name: str, spare: list[str]) -> Problem:
    """An entry point that is not there. Nine of ten published models call theirs `train.py`."""
    kind, path = field.removesuffix("EntryPointScript"), f"customModelTrainingParameters.{field}"
    likely = next((other for other in spare if other.startswith(kind[:5])), spare[0] if spare else None)
    hint = f', or set {path} to "{likely}", which is there (an upload says so in training-job.json)' if likely else ""
    remedy = f"Upload it beside {CONFIGURATION}{hint}"
    return Problem(field=path, value=shown(name), problem=f"there is no {kind} script {name}", remedy=remedy)


def problems(name: str, content: bytes) -> Iterator[Problem]:
    """What is wrong inside a script or a requirements file."""
    return requirements_problems(content) if name == REQUIREMENTS else script_problems(name, content)


def not_checked(name: str) -> Problem:
    """Too much to look into, and rightly so perhaps."""
    problem = f"was not checked: it is larger than {MAX_CHECKED_BYTES} bytes"
    return Problem(field=name, problem=problem, remedy="Nothing to do if it is meant so")


def script_problems(name: str, content: bytes) -> Iterator[Problem]:
    """A syntax error now is an hour of GPU instances later."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd escape is its author's business
            ast.parse(content, name)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        where = f" at line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        problem = (
            f"is not Python that compiles{where}: {getattr(error, 'msg', None) or str(error) or type(error).__name__}"
        )
        yield Problem(field=name, value=shown(getattr(error, "text", None)), problem=problem, remedy="Mend the script")


def requirements_problems(content: bytes) -> Iterator[Problem]:
    """Lines that pip would refuse. Options and URLs are pip's own affair."""
    text = content.decode("utf-8", errors="replace").replace("\\\n", " ")
    for number, line in enumerate(text.splitlines(), 1):
        wanted = line.split(" #")[0].split(" --")[0].strip()
        if not wanted or wanted.startswith(("#", "-", ".", "/")) or "://" in wanted:
            continue
        try:
            Requirement(wanted)
        except (InvalidRequirement, RecursionError):
            problem, remedy = f"line {number} is no requirement that pip understands", "Mend the line"
            yield Problem(field=REQUIREMENTS, value=shown(line), problem=problem, remedy=remedy)
