"""The Makefile and its scripts: variables as the user wrote them, and nothing that a Mac with bash 3.2 lacks."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from local import machine

ROOT = Path(__file__).parent.parent
MAKEFILE = (ROOT / "Makefile").read_text()
ON_THE_MAIN_PATH = ["Makefile", "local/find-python.sh"]
# Later than make 3.81, later than bash 3.2, or in GNU's programs only.
LATER = {
    ".ONESHELL": r"^\.ONESHELL",
    "a function of make 4": r"\$\((file|guile|let|intcmp) ",
    "grouped targets": r"&:",
    "!= of make 4": r"^\w+ *!=",
    "::=": r"::=",
    "export with a target's variable": r"^[\w-]+: export",
    "lower case": r"\$\{\w+(,,|\^\^)",
    "associative arrays": r"declare -A|local -A",
    "mapfile": r"\b(mapfile|readarray)\b",
    "&>>": r"&>>|\|&",
    "coproc": r"\bcoproc\b",
    "GNU's own programs": r"\b(realpath|setpriv|flock|sha256sum|setsid|timeout|nproc|readlink -f|tac)\b",
    "GNU's own options": r"sed -i |grep -P|date -d|stat -c|sort -V|cp -t|xargs -r|\bmktemp --",
    "folders of Linux": r"/proc/|/dev/shm",
}


@pytest.mark.parametrize("name", ON_THE_MAIN_PATH)
def test_what_make_run_calls_uses_nothing_that_a_mac_lacks(name: str) -> None:
    code = re.sub(r"^\s*#.*$", "", (ROOT / name).read_text(), flags=re.MULTILINE)
    assert [what for what, pattern in LATER.items() if re.search(pattern, code, re.MULTILINE)] == []


def test_the_main_path_runs_no_other_script() -> None:
    targets = re.split(r"^(?=[a-z])", MAKEFILE, flags=re.MULTILINE)
    main = "".join(each for each in targets if re.match(r"(setup|run|up|logs|down|test|unit|check-model|clean):", each))
    scripts = set(re.findall(r"local/[\w-]+\.sh", MAKEFILE.partition(".PHONY")[0] + main))
    assert scripts == {"local/find-python.sh", "local/container-engine.sh"}  # the second only after `make sam-local`


def read_by_make(*arguments: str, name: str) -> str:
    """What a recipe's program finds in its environment."""
    script = f"include Makefile\nshow-it:\n\t@printenv {name}\n"
    command = ["make", "--no-print-directory", "-f", "-", "show-it", f"PYTHON={sys.executable}", *arguments]
    done = subprocess.run(command, cwd=ROOT, input=script, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize("text", ['a "quoted" name', "$HOME $(shell id) `id`", "it's", "-x --model", "a\\b"])
@pytest.mark.parametrize("variable", ["MODEL", "PARAMETERS", "STAGE_SECONDS"])
def test_no_character_of_a_variable_means_anything_to_make_or_to_a_shell(variable: str, text: str) -> None:
    assert read_by_make(f"{variable}={text}", name=f"GIVEN_{variable}") == f"{text}\n"


@pytest.mark.parametrize("name", ["model", "MODLE", "parameters"])
def test_a_variable_that_the_makefile_does_not_have_is_an_error_that_lists_those_it_has(name: str) -> None:
    command = ["make", "--no-print-directory", "run", f"{name}=x"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"there is no variable {name}; there are EVENTS MODEL N ONLY PARAMETERS" in done.stderr


@pytest.mark.parametrize(("first_line", "makes"), [(machine.key(), False), ("another machine's", True), ("", True)])
@pytest.mark.parametrize(("target", "place"), [("lint", "{folder}"), (".local/sam/ready", ".local/sam")])
def test_an_environment_of_another_machine_is_made_anew_also_by_a_target_that_finds_it(
    tmp_path: Path, first_line: str, makes: bool, target: str, place: str
) -> None:
    """In a folder that two machines share, it is there and newer than its requirements."""
    for name in ("Makefile", "requirements-dev.txt", "local"):
        (tmp_path / name).symlink_to(ROOT / name)
    ready = tmp_path / place.format(folder=".venv") / "ready"
    ready.parent.mkdir(parents=True)
    ready.write_text(f"{first_line}\nkey\n")
    command = ["make", "--no-print-directory", "-n", target, f"PYTHON={sys.executable}", "VENV=.venv"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ("-m local.set_up" in done.stdout) is makes


def test_make_clean_begins_with_what_refuses_it_while_the_local_stack_runs() -> None:
    recipe = MAKEFILE.partition("\nclean:")[2].splitlines()[1]
    assert recipe == '\t@$(if $(PYTHON),"$(PYTHON)" -m local.run_folders)'


def test_every_variable_that_a_target_describes_is_known() -> None:
    described = set(re.findall(r"\b([A-Z_]+)=", "".join(re.findall(r"## .*", MAKEFILE))))
    known = re.findall(r"^KNOWN := (.*)$", MAKEFILE, re.MULTILINE)[0].split()
    assert described - set(known) == set()
