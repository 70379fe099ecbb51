"""A custom model's scripts: which are missing, which do not compile; none of them is run."""

import pytest

from neptune_training.checks import scripts

DEFAULTS = scripts.entry_points(None)
ALL = {"model-hpo-configuration.json", "training.py", "transform.py"}


def test_nothing_is_missing_where_all_three_files_are() -> None:
    assert list(scripts.missing(ALL, DEFAULTS)) == []


def test_a_missing_script_names_the_field_to_set_to_the_script_that_is_there() -> None:
    (reason,) = scripts.missing(ALL - {"training.py"} | {"train.py", "evaluate.py"}, DEFAULTS)
    assert reason.field == "customModelTrainingParameters.trainingEntryPointScript"
    assert 'to "train.py"' in reason.remedy


def test_a_missing_script_without_another_says_to_upload_it() -> None:
    (reason,) = scripts.missing(ALL - {"transform.py"}, DEFAULTS)
    assert reason.remedy == "Upload it beside model-hpo-configuration.json"


def test_a_script_that_compiles_has_no_problem_and_is_not_run() -> None:
    assert list(scripts.problems("training.py", b"raise SystemExit('never run')\n")) == []


def test_an_odd_escape_is_no_problem() -> None:
    assert list(scripts.problems("training.py", rb'pattern = "\d+"')) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"def f(:\n  pass\n", "line 1"),
        (b"print 'hello'\n", "line 1"),
        (b"x = 1\n\x00", "null"),
        (b"\xff\xfe", "compiles"),
        (b"(" * 10_000, "compiles"),
        (b"-" * 100_000 + b"1", "compiles"),
    ],
)
def test_a_script_that_does_not_compile_says_where(content: bytes, said: str) -> None:
    (reason,) = scripts.problems("training.py", content)
    assert said in reason.problem


def test_requirements_that_pip_understands_have_no_problem() -> None:
    lines = [
        b"# comment",
        b"numpy>=1.20,<2 ; python_version < '3.12'",
        b"dgl==1.0 \\\n  --hash=sha256:00",
        b"-r more.txt",
        b"./wheel.whl",
        b"git+https://example.com/x.git",
        b"scikit-learn[all]  # why",
    ]
    assert list(scripts.problems("requirements.txt", b"\n".join(lines))) == []


def test_a_line_that_pip_refuses_is_named() -> None:
    (reason,) = scripts.problems("requirements.txt", b"numpy\nnot a requirement!\n")
    assert "line 2" in reason.problem


def test_the_entry_points_are_those_that_the_request_names() -> None:
    named = scripts.entry_points({"trainingEntryPointScript": "train.py", "transformEntryPointScript": 7})
    assert named == {"trainingEntryPointScript": "train.py", "transformEntryPointScript": "transform.py"}
