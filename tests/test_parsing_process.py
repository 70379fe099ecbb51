"""The process that parses, as plain calls: how it is started, and what its answers lead to."""

import json
from pathlib import Path
from typing import Any

import pytest

from neptune_training.checks import parsing
from neptune_training.checks.parsing import NO_CHILD, NOT_REACHED, TOO_MUCH, TOO_SLOW, Item, Parsed
from tests.steps import logged

GOOD = json.dumps({"groups": 1}).encode() + b"\n"
ITEMS = [parsing.regex(text) for text in ("a", "b", "c")]
TELL = """
import json, os, sys
flags = [sys.flags.isolated, sys.flags.no_site, sys.flags.interactive]
environment = {name: os.environ[name] for name in os.environ if not name.startswith("__")}
with open(FILE, "w") as file:
    json.dump([flags, sys.argv[1:], environment, json.load(sys.stdin)], file)
sys.stderr.write("not for the log")
"""


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "_known", {})


@pytest.mark.parametrize("libraries", [{}, {"LD_LIBRARY_PATH": "/var/lang/lib"}])
def test_the_child_is_isolated_and_has_its_limits_the_items_and_no_environment_but(
    libraries: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    told, program = tmp_path / "told", tmp_path / "program.py"
    program.write_text(TELL.replace("FILE", repr(str(told))))
    monkeypatch.setattr(parsing, "CHILD", program)
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
    for name, value in {**libraries, "AWS_SECRET_ACCESS_KEY": "secret"}.items():
        monkeypatch.setenv(name, value)
    parsing.ask([parsing.regex("a"), parsing.script(b"\xe4")])
    environment = {"LC_ALL": "C", **libraries}
    items = [["regex", "a"], ["script", "ä"]]
    assert json.loads(told.read_text()) == [[1, 1, 0], ["200", "2"], environment, items]
    assert "not for the log" not in capfd.readouterr().err


def test_while_another_child_runs_for_long_all_items_are_unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch, parsing._one_child:
        patch.setattr(parsing, "MAX_WAIT_SECONDS", 0.01)
        assert parsing.parse(ITEMS[:2]) == [TOO_SLOW, TOO_SLOW]
    assert parsing.parse(ITEMS[:1]) == [Parsed()]


def test_without_a_python_to_start_all_items_are_unchecked_and_the_error_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("sys.executable", "/no/such/python")
    assert parsing.ask(ITEMS[:2]) == [NO_CHILD, NO_CHILD]
    error = "[Errno 2] No such file or directory: '/no/such/python'"
    assert logged(caplog) == [("WARNING", "the parsing process could not be started", {"error": error})]


@pytest.mark.parametrize(
    ("output", "otherwise", "expected"),
    [
        (GOOD * 3, TOO_MUCH, [Parsed(groups=1)] * 3),
        (GOOD * 3, NO_CHILD, [Parsed(groups=1)] * 3),
        (GOOD * 2 + GOOD[:-1], TOO_MUCH, [Parsed(groups=1), Parsed(groups=1), TOO_MUCH]),
        (GOOD, TOO_MUCH, [Parsed(groups=1), TOO_MUCH, NOT_REACHED]),
        (b"", TOO_SLOW, [TOO_SLOW, NOT_REACHED, NOT_REACHED]),
        (b"", NO_CHILD, [NO_CHILD, NOT_REACHED, NOT_REACHED]),
    ],
)
def test_an_item_without_a_whole_line_has_no_answer(output: bytes, otherwise: Parsed, expected: list[Parsed]) -> None:
    assert parsing.answers(ITEMS, output, otherwise) == expected


@pytest.mark.parametrize(
    ("output", "otherwise", "kept"),
    [
        (GOOD, TOO_MUCH, [Parsed(groups=1), TOO_MUCH]),
        (GOOD, TOO_SLOW, [Parsed(groups=1)]),
        (GOOD, NO_CHILD, [Parsed(groups=1)]),
        (b"", TOO_MUCH, [TOO_MUCH]),
    ],
)
def test_only_answers_that_would_be_the_same_next_time_are_kept(
    output: bytes, otherwise: Parsed, kept: list[Parsed]
) -> None:
    parsing.answers(ITEMS, output, otherwise)
    assert [parsing._known.get(parsing.digest(item)) for item in ITEMS] == [*kept, *[None] * (3 - len(kept))]


@pytest.mark.parametrize(
    ("output", "otherwise", "said"),
    [
        (GOOD, NO_CHILD, [("WARNING", "the parsing process failed", {"answers": 1, "items": 3})]),
        (GOOD * 3, NO_CHILD, []),
        (GOOD, TOO_MUCH, []),
        (GOOD, TOO_SLOW, []),
    ],
)
def test_a_child_that_fails_is_logged(
    output: bytes, otherwise: Parsed, said: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    parsing.answers(ITEMS, output, otherwise)
    assert logged(caplog) == said


def test_when_there_are_too_many_answers_all_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "MAX_KNOWN", 1)
    sizes = []
    for item in ITEMS:
        parsing.remember([item], [Parsed()])
        sizes.append(len(parsing._known))
    assert sizes == [1, 2, 1]


def test_each_kind_and_text_has_a_digest_of_its_own() -> None:
    items: list[Item] = [parsing.regex("a"), parsing.script(b"a"), parsing.regex("b"), parsing.regex("\ud800")]
    assert len({parsing.digest(item) for item in items}) == 4


def test_items_that_are_equal_are_asked_for_once_and_known_ones_are_not_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[list[Item]] = []

    def ask(items: list[Item]) -> list[Parsed]:
        asked.append(items)
        return [Parsed(groups=number) for number in range(len(items))]

    monkeypatch.setattr(parsing, "ask", ask)
    a, b, c = ITEMS
    parsing.remember([b], [Parsed(groups=9)])
    assert [each.groups for each in parsing.parse([a, b, a, c])] == [0, 9, 0, 1]
    assert asked == [[a, c]]
    assert parsing.parse([b]) == [Parsed(groups=9)]
    assert len(asked) == 1
