"""Check that a custom model's scripts exist, and that they compile. They are never run."""

from collections.abc import Collection, Iterator, Mapping

from neptune_training.checks import parsing
from neptune_training.checks.events import CONFIGURATION
from neptune_training.checks.parsing import Parsed
from neptune_training.checks.requirements import MAX_LINE_CHARACTERS, REQUIREMENTS
from neptune_training.model.problems import NOTHING_TO_DO, CheckResult, Problem, shortened, shown

SCRIPTS = {"trainingEntryPointScript": "training.py", "transformEntryPointScript": "transform.py"}
MAX_CHECKED_BYTES = 131_072  # of one file: no script that people write is larger


def entry_points(custom: object) -> dict[str, str]:
    """Return the names of the scripts that Neptune will run, by parameter.

    `custom` is customModelTrainingParameters. A name that it does not set is Neptune's default (service model
    `neptunedata`).
    """
    said = custom if isinstance(custom, Mapping) else {}
    return {field: each if isinstance(each := said.get(field), str) else default for field, default in SCRIPTS.items()}


def checked(entry_points: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of the text files that are read and checked, if they are there."""
    return (*dict.fromkeys(entry_points.values()), REQUIREMENTS)


def missing(names: Collection[str], entry_points: Mapping[str, str]) -> Iterator[Problem]:
    """Yield a problem for each file that the training needs and that is missing.

    If there is another script, the remedy names the parameter that would choose it.
    """
    if CONFIGURATION not in names:
        yield Problem(field=CONFIGURATION, problem="is missing", remedy="Upload it beside the scripts")
    others = sorted(name for name in names if name.endswith(".py") and name not in entry_points.values())
    beside = [other for other in others if "/" not in other and other[0] != "_"]
    for field, name in entry_points.items():
        if name not in names:
            elsewhere = [other for other in others if other.endswith(f"/{name}")]
            yield no_script(field, name, elsewhere or beside)


def no_script(field: str, name: str, spare: list[str]) -> Problem:
    """Return the problem of a missing entry point. Often the script has another name, such as `train.py`."""
    kind, path = field.removesuffix("EntryPointScript"), f"customModelTrainingParameters.{field}"
    named = (other for other in spare if other.startswith(kind[:5]))
    likely = next(named, spare[0] if spare else None)
    hint = f', or set {path} to "{likely}", which is there (for an upload: in training-job.json)' if likely else ""
    remedy = f"Upload it beside {CONFIGURATION}{hint}"
    return Problem(field=path, value=shown(name), problem=f"there is no {kind} script {name}", remedy=remedy)


def not_checked(name: str, why: str) -> Problem:
    """Return the warning that a file was not checked. The training goes ahead, because the file could be valid."""
    return Problem(field=name, problem=f"was not checked: {why}", remedy=f"{NOTHING_TO_DO} if the file is valid")


def too_large(name: str) -> Problem:
    """Return the warning that a file is too large to be checked."""
    return not_checked(name, f"it is larger than {MAX_CHECKED_BYTES} bytes")


def parse(contents: Mapping[str, bytes]) -> dict[str, Parsed]:
    """Return the result of parsing each script, by name."""
    return dict(zip(contents, parsing.parse([parsing.script(each) for each in contents.values()]), strict=True))


def check_parsed(scripts: Mapping[str, Parsed]) -> CheckResult:
    """Return problems and warnings of parsed scripts. A syntax error would be found only on a paid GPU instance."""
    problems: list[Problem] = []
    warnings: list[Problem] = []
    for name, parsed in scripts.items():
        if parsed.problem is not None:
            problems.append(not_python(name, parsed))
        elif parsed.unchecked is not None:
            warnings.append(not_checked(name, parsed.unchecked))
    return CheckResult(tuple(problems), tuple(warnings))


def not_python(name: str, parsed: Parsed) -> Problem:
    """Return the problem of a script that no version of Python compiles, with the beginning of the line."""
    where = f" at line {parsed.line}" if parsed.line else ""
    text = shown(shortened(parsed.text, MAX_LINE_CHARACTERS)) if parsed.text else None
    problem = f"is not Python that compiles{where}: {parsed.problem}"
    return Problem(field=name, value=text, problem=problem, remedy="Fix the script")
