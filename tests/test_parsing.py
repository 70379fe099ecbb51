"""What is uploaded is parsed in a process with little memory and time: what does not fit is unchecked, never wrong."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from neptune_training.checks import parsing
from neptune_training.checks.parsing import MAX_MEGABYTES, NO_CHILD, NOT_REACHED, TOO_MUCH, TOO_SLOW, Parsed
from tests.fuzz.parsers import BOMBS

FUNCTIONS = Path(__file__).parent.parent / "functions"
PYTHON_ITSELF = 20  # megabytes
MEASURE = """
import json, resource, sys
from neptune_training.checks import parsing
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
found = parsing.parse([parsing.script(bomb.encode("latin-1")) for bomb in json.load(sys.stdin)])
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps([[each.unchecked for each in found], grown // 1024, child // 1024]))
"""


LINUX = pytest.mark.skipif(sys.platform != "linux", reason="macOS does not limit the address space")


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "_known", {})


def one(text: str) -> Parsed:
    [parsed] = parsing.parse([parsing.script(text.encode())])
    return parsed


@LINUX
def test_a_valid_script_that_takes_a_gigabyte_to_parse_is_unchecked_and_takes_neither_us_nor_the_child_that_much() -> (
    None
):
    command = [sys.executable, "-c", MEASURE]
    environment = {"PYTHONPATH": str(FUNCTIONS)}
    bombs = json.dumps([bomb.decode("latin-1") for bomb in BOMBS])
    done = subprocess.run(command, input=bombs, env=environment, capture_output=True, text=True, check=True)
    unchecked, grown, child = json.loads(done.stdout)
    expected = BOMBS if sys.version_info >= (3, 12) else BOMBS[:2]  # 3.11 parses the third one within the limit
    assert all(unchecked[: len(expected)])
    assert grown < 20
    assert child < MAX_MEGABYTES + PYTHON_ITSELF


def test_bombs_take_no_longer_than_their_limit() -> None:
    began = time.monotonic()
    parsing.parse([parsing.script(bomb) for bomb in BOMBS])
    assert time.monotonic() - began < parsing.MAX_WAIT_SECONDS


@LINUX
def test_what_compiles_beside_a_bomb_is_known_to_compile() -> None:
    items = [parsing.script(each) for each in (BOMBS[0], b"x = 1\n", b"x =\n")]
    bomb, good, bad = parsing.parse(items)
    assert bomb.unchecked
    assert good == Parsed()
    assert bad.problem


def test_an_item_that_ends_the_child_is_unchecked_and_what_comes_after_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    endless = parsing.regex("(?i)" + "([\x01-\U0010ffff])" * 40)
    monkeypatch.setattr(parsing, "MAX_SECONDS", 0)
    items = [endless, parsing.script(b"x = 1\n")]
    assert parsing.parse(items) in ([TOO_MUCH, NOT_REACHED], [Parsed(groups=40), TOO_MUCH])


def test_a_child_that_does_not_answer_in_time_is_ended_and_asked_again_next_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(parsing, "CHILD", program(tmp_path, "import time; time.sleep(60)"))
        patch.setattr(parsing, "MAX_WAIT_SECONDS", 0.2)
        assert one("x = 1") == TOO_SLOW
    assert one("x = 1") == Parsed()


@pytest.mark.parametrize("source", ["raise SystemExit(1)", "import os; os._exit(0)"])
def test_a_child_that_fails_leaves_all_unchecked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, source: str) -> None:
    monkeypatch.setattr(parsing, "CHILD", program(tmp_path, source))
    assert one("x = 1") == NO_CHILD


@pytest.mark.parametrize("executable", ["", None, "/no/such/python"])
def test_without_a_python_to_start_all_is_unchecked(monkeypatch: pytest.MonkeyPatch, executable: Any) -> None:
    monkeypatch.setattr(sys, "executable", executable)
    assert one("x = 1") == NO_CHILD


def test_what_was_parsed_once_needs_no_other_child(monkeypatch: pytest.MonkeyPatch) -> None:
    first = one("x =")
    monkeypatch.setattr(parsing, "CHILD", Path("/no/such/program"))
    assert one("x =") == first


def test_the_child_sees_no_credentials_and_runs_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    seen = tmp_path / "seen"
    monkeypatch.setattr(
        parsing, "CHILD", program(tmp_path, f"import os; open({str(seen)!r}, 'w').write(str(os.environ))")
    )
    one("x = 1")
    assert "secret" not in seen.read_text()


@pytest.mark.parametrize("text", ["open({!r}, 'w')", "import os\nos.mkdir({!r})"])
def test_a_script_is_never_run(tmp_path: Path, text: str) -> None:
    made = tmp_path / "made"
    assert one(text.format(str(made))) == Parsed()
    assert not made.exists()


def program(folder: Path, source: str) -> Path:
    path = folder / "program.py"
    path.write_text(source)
    return path
