"""The copy of the project that mutmut works in, .local/mutation/: it changes nothing in the project itself.

mutmut takes a module's name from its path, and leaves out only a folder named `src`. So `functions` is named `src` here
and in the copy of pyproject.toml. A link named `functions` leads to it, for the tests that look for it.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[2]
WORKSPACE = ROOT / ".local" / "mutation"
FUNCTIONS = ROOT / "functions"
NEEDED_BY_TESTS = ("tests", "local", "docs", "events", "cli", "bench", "template.yaml", "Makefile")
RUNS_FUNCTIONS = re.compile(r"neptune_training|\bworld\b|^import (start|step|track|notify)", re.MULTILINE)
# These name the functions, but run none, or run them where no mutant is active: in another process.
RUN_NONE = {"test_artefact", "test_docs", "test_least_privilege", "test_mutations", "test_template"}


def prepare(files: Iterable[Path]) -> None:
    """Make the workspace anew, for mutants of these files. Nothing of an earlier run is used again."""
    shutil.rmtree(WORKSPACE, ignore_errors=True)
    (WORKSPACE / "mutants").mkdir(parents=True)
    shutil.copytree(FUNCTIONS, WORKSPACE / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for name in NEEDED_BY_TESTS:
        (WORKSPACE / name).symlink_to(ROOT / name)
    (WORKSPACE / "mutants" / "functions").symlink_to("src")
    settings = (ROOT / "pyproject.toml").read_text().replace('"functions"', '"src"')
    only = json.dumps([f"src/{file.relative_to(FUNCTIONS).as_posix()}" for file in files])
    tests = json.dumps([f"tests/{test.name}" for test in tests_that_run_functions()])
    chosen = f"[tool.mutmut]\nonly_mutate = {only}\npytest_add_cli_args_test_selection = {tests}\n#"
    settings = settings.replace("[tool.mutmut]", chosen)
    (WORKSPACE / "pyproject.toml").write_text(settings)


def tests_that_run_functions() -> list[Path]:
    """Return the test files that a mutant can make fail: those that import the library, or use a `world`."""
    return [
        test
        for test in sorted((ROOT / "tests").glob("test_*.py"))
        if RUNS_FUNCTIONS.search(test.read_text()) and test.stem not in RUN_NONE
    ]


def mutmut(*arguments: str, output: int | None = subprocess.PIPE) -> str:
    """Run mutmut in the workspace, and return what it prints. Raises CalledProcessError if it fails."""
    # Hypothesis draws the same examples each time when CI is set, so that the same mutants survive each time.
    environment = os.environ | {"CI": "true", "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    environment.pop("PYTHONPATH", None)
    command = [sys.executable, "-P", str(Path(__file__).with_name("adapted.py")), *arguments]
    done = subprocess.run(command, cwd=WORKSPACE, env=environment, stdout=output, text=True, check=True)
    return done.stdout or ""
