"""What a user reads before uploading: the functions' own findings, on a directory of this machine."""

import json
import shutil
import time
from pathlib import Path

import pytest

from local.check_model import main
from local.model import EXAMPLE


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EXAMPLE, tmp_path / "fraud"))


def test_a_model_in_order_exits_0_with_the_request_and_the_trials(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(model)]) == 0
    said = capsys.readouterr().out
    assert '"sourceS3DirectoryPath": "s3://your-bucket/models/fraud/"' in said
    assert "10 trials" in said
    assert "searched: [0.1, 10.0]" in said


def test_everything_that_is_wrong_is_said_at_once_and_exits_2(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (model / "training.py").rename(model / "train.py")
    (model / "transform.py").write_text("def broken(:\n")
    (model / "training-job.json").write_text('{"trainingInstanceTyp": "ml.g5.xlarge", "subnets": ["subnet-1"]}')
    (model / "model-hpo-configuration.json").write_text('{"models": [\n}')
    assert main([str(model)]) == 2
    said = capsys.readouterr().out
    for expected in ("train.py", "transform.py", "trainingInstanceType?", "subnets", "line 2", "5 to mend"):
        assert expected in said


def test_a_number_that_is_none_is_told_what_it_should_be_and_nothing_of_trials(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (model / "training-job.json").write_text('{"maxHPONumberOfTrainingJobs": "20"}')
    assert main([str(model)]) == 2
    said = capsys.readouterr().out
    assert 'is not valid: input should be a valid integer (value: "20")' in said
    assert "warning" not in said


def test_a_directory_that_is_not_there_exits_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "nowhere")]) == 2
    assert "no such directory" in capsys.readouterr().out


def test_a_training_job_json_that_is_no_object_exits_2(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (model / "training-job.json").write_text(json.dumps(["dataProcessingJobId"]))
    assert main([str(model)]) == 2
    assert "is not a JSON object" in capsys.readouterr().out


def test_a_huge_file_is_named_and_never_read(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (model / "training.py").open("wb") as script:
        script.truncate(5 * 1024**3)  # sparse: it takes no room
    began = time.monotonic()
    assert main([str(model)]) == 0
    assert time.monotonic() - began < 1
    assert "training.py: was not checked: it is larger than" in capsys.readouterr().out


def test_more_files_than_a_listing_holds_exits_2(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(1_001):
        (model / f"data-{number}").touch()
    assert main([str(model)]) == 2
    assert "more than 1000 files" in capsys.readouterr().out
