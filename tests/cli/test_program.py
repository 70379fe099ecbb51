"""The page about the program says what the program has; what is installed holds what the program needs."""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from cli.app import app
from cli.exits import Exit

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "command-line.md").read_text()
LIBRARY = ROOT / "functions" / "neptune_training"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
COMMANDS = {name for name in app if not name.startswith("-")}


def table(heading: str) -> str:
    return PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def test_the_page_has_a_row_for_each_command_and_no_other() -> None:
    firsts = re.findall(r"^\| ([^|]+) \|", table("Commands"), re.MULTILINE)[1:]
    named = {name for first in firsts for name in re.findall(r"`([a-z-]+)", first)}
    assert named == COMMANDS


def test_the_page_has_each_exit_code_and_no_other() -> None:
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", table("For programs"), re.MULTILINE)} == set(Exit)


@pytest.mark.parametrize("document", ["README.md", *(f"docs/{each.name}" for each in (ROOT / "docs").glob("*.md"))])
def test_every_command_and_option_that_a_document_names_exists(document: str) -> None:
    text = (ROOT / document).read_text()
    for name, rest in re.findall(r"(?:`|^ *|\(|\$\()neptune-training ([a-z][a-z-]*)([^\n`)]*)", text, re.MULTILINE):
        assert name in COMMANDS
        known = {name for argument in app[name].assemble_argument_collection() for name in argument.names}
        assert set(re.findall(r"--[a-z-]+", rest)) <= {*known, "--help"}


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_commands_help_has_an_example_of_it(command: str) -> None:
    function = app[command].default_command
    assert function is not None
    examples = (function.__doc__ or "").split("For example:")[1]
    assert re.search(rf"(^ *|\()neptune-training {command}\b", examples, re.MULTILINE)


def test_the_wheel_holds_the_program_and_the_library_and_nothing_else(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        entry_points = next(name for name in names if name.endswith("entry_points.txt"))
        assert b"neptune-training = cli.app:main" in archive.read(entry_points)
    packages = {name.split("/")[0] for name in names if not name.split("/")[0].endswith(".dist-info")}
    assert packages == {"cli", "neptune_training"}
    sources = {path.relative_to(ROOT).as_posix() for path in (ROOT / "cli").rglob("*.py")}
    sources |= {f"neptune_training/{path.relative_to(LIBRARY).as_posix()}" for path in LIBRARY.rglob("*.py")}
    assert {name for name in names if name.endswith(".py")} == sources


def test_the_declared_ranges_admit_the_versions_that_are_tested() -> None:
    pinned = dict(re.findall(r"^([a-z0-9-]+)==(\S+) \\", (ROOT / "requirements-dev.txt").read_text(), re.MULTILINE))
    wanted = [Requirement(each) for each in PROJECT["project"]["dependencies"]]
    assert [str(each) for each in wanted if not each.specifier.contains(pinned[each.name])] == []
