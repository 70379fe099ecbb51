"""What a user reads before uploading: the functions' own findings, on a directory of this machine."""

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from local.model import EXAMPLE, NoModel, files
from tests.cli.conftest import Said

Program = Callable[..., Said]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EXAMPLE, tmp_path / "fraud"))


def test_a_model_in_order_exits_0_with_the_request_and_the_trials(model: Path, program: Program) -> None:
    done = program("check", str(model))
    assert done.code == 0
    said = done.out
    assert '"sourceS3DirectoryPath": "s3://your-bucket/models/fraud/"' in said
    assert "10 trials" in said
    assert "searched: [0.1, 10.0]" in said


def test_everything_that_is_wrong_is_said_at_once_and_exits_1(model: Path, program: Program) -> None:
    (model / "training.py").rename(model / "train.py")
    (model / "transform.py").write_text("def broken(:\n")
    (model / "training-job.json").write_text('{"trainingInstanceTyp": "ml.g5.xlarge", "subnets": ["subnet-1"]}')
    (model / "model-hpo-configuration.json").write_text('{"models": [\n}')
    done = program("check", str(model))
    assert done.code == 1
    said = done.out
    for expected in ("train.py", "transform.py", 'trainingInstanceType"?', "subnets", "line 2", "5 to fix"):
        assert expected in said


def test_json_has_the_same_findings_for_programs_and_nothing_else_on_stdout(model: Path, program: Program) -> None:
    fine = program("check", str(model), "--json")
    assert (fine.code, fine.err) == (0, "")
    assert fine.json["ready"] is True
    assert (fine.json["trials"], fine.json["searched"]) == (10, {"smoothing": [0.1, 10.0]})
    assert fine.json["request"]["trainingInstanceType"] == "ml.m5.xlarge"
    (model / "training-job.json").write_text('{"trainingInstanceTyp": "ml.g5.xlarge"}')
    wrong = program("check", str(model), "--json")
    assert (wrong.code, wrong.json["ready"], wrong.json["request"]) == (1, False, None)
    (problem,) = wrong.json["problems"]
    assert problem["field"] == "trainingInstanceTyp"
    assert "trainingInstanceType" in problem["remedy"]


def test_a_number_that_is_none_is_told_what_it_should_be_and_nothing_of_trials(model: Path, program: Program) -> None:
    (model / "training-job.json").write_text('{"maxHPONumberOfTrainingJobs": "20"}')
    done = program("check", str(model))
    assert done.code == 1
    said = done.out
    assert 'should be a valid integer (value: "20")' in said
    assert "warning" not in said


def test_a_directory_that_is_not_there_exits_2(tmp_path: Path, program: Program) -> None:
    done = program("check", str(tmp_path / "nowhere"))
    assert (done.code, done.out) == (2, "")
    assert "no such directory" in done.err


def test_a_file_that_cannot_be_read_exits_2_and_is_named(
    model: Path, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refused)  # root can read a file of any mode
    done = program("check", str(model))
    assert done.code == 2
    assert f"neptune-training: {model}/" in done.err
    assert "Permission denied. Check that you can read it." in done.err


def test_a_training_job_json_that_is_no_object_exits_1(model: Path, program: Program) -> None:
    (model / "training-job.json").write_text(json.dumps(["dataProcessingJobId"]))
    done = program("check", str(model))
    assert done.code == 1
    assert "is not a JSON object" in done.out


def test_a_huge_file_is_named_and_never_read(model: Path, program: Program) -> None:
    with (model / "training.py").open("wb") as script:
        script.truncate(5 * 1024**3)  # sparse: it takes no room
    began = time.monotonic()
    done = program("check", str(model))
    assert time.monotonic() - began < 1
    assert done.code == 0
    assert "training.py: was not checked: it is larger than" in done.out


def test_more_files_than_a_listing_holds_exits_1(model: Path, program: Program) -> None:
    for number in range(1_001):
        (model / f"data-{number}").touch()
    done = program("check", str(model))
    assert done.code == 1
    assert "more than 1000 files" in done.out


HOSTILE = "br[bold]ack\x1b[2J[/red]\x9b1m\u202e:bomb:"
SHOWN = "br[bold]ack\\u001b[2J[/red]\\u009b1m\\u202e:bomb:"


@pytest.mark.parametrize(
    ("name", "shown", "code"),
    [
        ("br[bold]ack\x9b1m\u202e:bomb:", "br[bold]ack\\u009b1m\\u202e:bomb:", 0),
        ("br[bold]ack\x1b[2J", "br[bold]ack\\u001b[2J", 1),
    ],
)
def test_a_directorys_name_is_shown_as_it_is_written(
    model: Path, program: Program, name: str, shown: str, code: int
) -> None:
    done = program("check", str(model.rename(model.parent / name)))
    assert done.code == code
    said = done.out
    assert said.endswith(f"{model.parent}/{shown}\n")
    assert f'"s3://your-bucket/models/{shown}/"' in said
    assert not set("\x1b\x9b\u202e") & set(said)


def test_a_directory_that_is_not_there_is_shown_as_it_is_written(program: Program) -> None:
    done = program("check", HOSTILE)
    assert done.code == 2
    assert done.err.startswith(f"neptune-training: {SHOWN}: there is no such directory.")


def test_files_names_and_values_of_json_are_shown_as_they_are_written(model: Path, program: Program) -> None:
    own = {
        "trainingInstanceType": HOSTILE,
        HOSTILE: 1,
        "customModelTrainingParameters": {"trainingEntryPointScript": HOSTILE},
    }
    (model / "training-job.json").write_text(json.dumps(own))
    configuration = json.loads((model / "model-hpo-configuration.json").read_text())
    configuration["models"][0]["eval_metric"]["metric"] = HOSTILE
    (model / "model-hpo-configuration.json").write_text(json.dumps(configuration))
    done = program("check", str(model))
    assert done.code == 1
    said = done.out
    assert "[/red]" in said
    assert not set("\x1b\x9b\u202e") & set(said)


def test_a_trials_parameter_is_shown_as_it_is_written(model: Path, program: Program) -> None:
    configuration = json.loads((model / "model-hpo-configuration.json").read_text())
    configuration["models"][0]["1-tier-param"] = [
        {"param": "[/red]\x1b[2J", "range": [0.1, 1.0], "type": "float", "inc_strategy": "linear"}
    ]
    (model / "model-hpo-configuration.json").write_text(json.dumps(configuration))
    said = program("check", str(model)).out
    assert "[/red]" in said
    assert "\x1b" not in said


def test_a_files_name_that_is_no_text_is_shown_and_not_a_traceback(model: Path, program: Program) -> None:
    (Path(os.fsdecode(os.fsencode(model) + b"/\xff.py"))).touch()
    assert program("check", str(model)).code in (0, 1)
    with pytest.raises(NoModel, match="S3 takes no such file name"):
        files(model)


def test_each_problem_begins_with_the_file_that_it_is_in(program: Program, tmp_path: Path) -> None:
    program("new", str(tmp_path / "model"))
    for name in ("training-job.json", "model-hpo-configuration.json"):
        file = tmp_path / "model" / name
        file.write_text(file.read_text().replace("ml.m5.xlarge", "large").replace("node_class", "node"))
    said = program("check", str(tmp_path / "model")).out
    assert "wrong  training-job.json: trainingInstanceType: " in said
    assert "wrong  model-hpo-configuration.json: models[0].task_type: " in said
