"""A custom model's scripts: which are missing, which do not compile; none of them is run."""

import json

import pytest

from neptune_training.checks import scripts
from neptune_training.checks.events import CONFIGURATION
from neptune_training.checks.parsing import Parsed
from tests.fuzz.parsers import BOMBS

DEFAULTS = scripts.entry_points(None)
ALL = {"model-hpo-configuration.json", "training.py", "transform.py"}


def test_nothing_is_missing_where_all_three_files_are() -> None:
    assert list(scripts.missing(ALL, DEFAULTS)) == []


def test_a_missing_script_names_the_field_to_set_to_the_script_that_is_there() -> None:
    (reason,) = scripts.missing(ALL - {"training.py"} | {"train.py", "evaluate.py"}, DEFAULTS)
    assert reason.field == "customModelTrainingParameters.trainingEntryPointScript"
    assert 'to "train.py"' in reason.remedy


@pytest.mark.parametrize("others", [set(), {"lib/transform_graph.py"}, {"_transform.py"}])
def test_a_missing_script_without_another_beside_the_configuration_says_to_upload_it(others: set[str]) -> None:
    (reason,) = scripts.missing(ALL - {"transform.py"} | others, DEFAULTS)
    assert reason.remedy == "Upload it beside model-hpo-configuration.json"


@pytest.mark.parametrize(
    "content",
    [
        b"raise SystemExit('never run')\n",
        rb'pattern = "\d+"',
        b"\xef\xbb\xbfx = 1\r\n",
        b"# coding: latin-1\nx = '\xe4'\n",
        b"match x:\n    case 1: pass\n",
    ],
)
def test_a_script_that_compiles_has_no_problem_and_is_not_run(content: bytes) -> None:
    assert scripts.check_parsed(scripts.parse({"training.py": content})) == ((), ())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"def f(:\n  pass\n", "line 1"),
        (b"print 'hello'\n", "line 1"),
        (b"x = 1\n\x00", "null"),
        (b"\xff\xfe", "compiles"),
        (b"(" * 10_000, "compiles"),
    ],
)
def test_a_script_that_does_not_compile_says_where(content: bytes, said: str) -> None:
    [reason] = scripts.check_parsed(scripts.parse({"training.py": content})).problems
    assert [reason.field, said in reason.problem, reason.remedy] == ["training.py", True, "Fix the script"]


def test_a_script_that_does_not_compile_at_an_unknown_line_says_why_only() -> None:
    problem = scripts.not_python("training.py", Parsed(problem="it has null bytes"))
    assert str(problem) == "training.py: is not Python that compiles: it has null bytes. Fix the script"


@pytest.mark.parametrize(
    "content", [BOMBS[0], b"-" * 100_000 + b"1", b"a" + b".a" * 60_000, b"tensor.cuda(async=True)\n", b"await = 1\n"]
)
def test_a_script_that_another_python_may_compile_is_a_warning(content: bytes) -> None:
    reasons, [warning] = scripts.check_parsed(scripts.parse({"training.py": content}))
    assert reasons == ()
    assert [warning.field, warning.problem.split(":")[0]] == ["training.py", "was not checked"]


def test_no_more_than_eighty_characters_of_a_script_are_told() -> None:
    [reason] = scripts.check_parsed(scripts.parse({"training.py": b"x = 'a' 1" + b"secret" * 100})).problems
    assert len(json.loads(reason.value or "")) == 80


def test_the_entry_points_are_those_that_the_request_names() -> None:
    named = scripts.entry_points({"trainingEntryPointScript": "train.py", "transformEntryPointScript": 7})
    assert named == {"trainingEntryPointScript": "train.py", "transformEntryPointScript": "transform.py"}


def test_a_script_in_a_folder_is_offered_with_its_path() -> None:
    names = [CONFIGURATION, "src/training.py", "helper.py", "transform.py"]
    [problem] = scripts.missing(names, scripts.entry_points(None))
    assert 'trainingEntryPointScript to "src/training.py", which is there' in problem.remedy


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            b"y = 1\ndef f(:\n  pass\n",
            'training.py: is not Python that compiles at line 2: invalid syntax (value: "def f(:\\n"). Fix the script',
        ),
        (
            b"tensor.cuda(async=True)\n",
            (
                "training.py: was not checked: it may compile with Python 3.6 only: invalid syntax."
                " Nothing to do if the file is valid"
            ),
        ),
    ],
)
def test_what_is_wrong_with_a_script_is_said_with_its_line_and_the_remedy(content: bytes, said: str) -> None:
    problems, warnings = scripts.check_parsed(scripts.parse({"training.py": content}))
    assert [str(each) for each in (*problems, *warnings)] == [said]


def test_a_script_too_large_to_be_checked_is_a_warning_with_the_limit() -> None:
    assert str(scripts.too_large("a.py")) == (
        "a.py: was not checked: it is larger than 131072 bytes. Nothing to do if the file is valid"
    )


CHOOSE = "customModelTrainingParameters."


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (
            [CONFIGURATION, "training.py", "transform.py"],
            [],
        ),
        (
            ["training.py", "transform.py"],
            [f"{CONFIGURATION}: is missing. Upload it beside the scripts"],
        ),
        (
            [CONFIGURATION, "transform.py", "_train.py", "data.csv"],
            [
                (
                    f"{CHOOSE}trainingEntryPointScript: there is no training script training.py"
                    f' (value: "training.py"). Upload it beside {CONFIGURATION}'
                )
            ],
        ),
        (
            [CONFIGURATION, "training.py", "z.py", "transit.py", "a.py"],
            [
                (
                    f"{CHOOSE}transformEntryPointScript: there is no transform script transform.py"
                    f' (value: "transform.py").'
                    f' Upload it beside {CONFIGURATION}, or set {CHOOSE}transformEntryPointScript to "transit.py",'
                    " which is there (for an upload: in training-job.json)"
                )
            ],
        ),
        (
            [CONFIGURATION, "training.py", "z.py", "a.py"],
            [
                (
                    f"{CHOOSE}transformEntryPointScript: there is no transform script transform.py"
                    f' (value: "transform.py").'
                    f' Upload it beside {CONFIGURATION}, or set {CHOOSE}transformEntryPointScript to "a.py",'
                    " which is there (for an upload: in training-job.json)"
                )
            ],
        ),
    ],
)
def test_what_is_missing_is_said_with_the_script_that_is_there_instead(names: list[str], said: list[str]) -> None:
    assert [str(each) for each in scripts.missing(names, DEFAULTS)] == said
