"""Change the functions in small ways, and see a test notice each: `python -m tests.mutation [functions/FOLDER]`.

The exit status is 1 if a mutant survives that survivors.toml does not explain, or if one that it explains survives no
longer. Without arguments, all files are mutated except those that survivors.toml lists as not judged.
"""

import re
import sys
from collections import Counter
from fnmatch import fnmatchcase
from pathlib import Path

from tests.mutation.survivors import Mutant, explained, from_diff, not_judged
from tests.mutation.workspace import FUNCTIONS, mutmut, prepare

NOTICED = {"killed", "caught by type check", "timeout"}
JUDGED = {"survived", "no tests"}
DIFF = re.compile(
    r"^# .*\n", re.MULTILINE
)  # the line before each: `# neptune_training.model.times.x_f__mutmut_1: survived`


def main(paths: list[str]) -> int:
    """Run mutmut on the files or folders, and compare its survivors with survivors.toml."""
    files = chosen([Path(path).resolve() for path in paths])
    patterns = [pattern(file) for file in files]
    prepare(files)
    mutmut("run", *patterns, output=None)
    results = [line.strip().rpartition(": ") for line in mutmut("results", "--all", "true").splitlines()]
    statuses = {name: status for name, _, status in results if any(fnmatchcase(name, each) for each in patterns)}
    survivors = [name for name, status in statuses.items() if status in JUDGED]
    diffs = DIFF.split(mutmut("show-each", *survivors))[1:]
    survived = {from_diff(name, diff) for name, diff in zip(survivors, diffs, strict=True)}
    broken = sorted(f"{status}: {name}" for name, status in statuses.items() if status not in NOTICED | JUDGED)
    expected = {each.mutant for each in explained() if FUNCTIONS / each.mutant.file in files}
    return report(Counter(statuses.values()), sorted(survived - expected), sorted(expected - survived), broken)


def chosen(paths: list[Path]) -> list[Path]:
    """Return the files that are the paths or below them; without paths, all that are judged."""
    files = sorted(FUNCTIONS.rglob("*.py"))
    if not paths:
        paths_left_out = [FUNCTIONS / name for name in not_judged()]
        return [file for file in files if not any(file.is_relative_to(path) for path in paths_left_out)]
    return [file for file in files if any(file.is_relative_to(path) for path in paths)]


def pattern(file: Path) -> str:
    """Return mutmut's names of the mutants of a file, for example `neptune_training.flow.step.x[_ǁ]*`."""
    parts = file.relative_to(FUNCTIONS).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__") + ".x[_ǁ]*"


def report(counts: Counter[str], unexplained: list[Mutant], outdated: list[Mutant], broken: list[str]) -> int:
    """Print what came out. Return the exit status."""
    for mutant in unexplained:
        sys.stdout.write(f"SURVIVED\n{mutant.as_toml()}\n")
    for mutant in outdated:
        sys.stdout.write(f"SURVIVES NO LONGER, remove it from survivors.toml\n{mutant.as_toml()}\n")
    for line in broken:
        sys.stdout.write(f"NOT TRIED {line}\n")
    sys.stdout.write(", ".join(f"{number} {status}" for status, number in counts.most_common()) + "\n")
    return 1 if unexplained or outdated or broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
