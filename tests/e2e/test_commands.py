"""What the Makefile's programs do, as their users call them."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from local.model import EXAMPLE

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": "functions:.", "PYTHONUNBUFFERED": "1"}

ASK = 'import boto3; print(boto3.client("cloudformation").describe_stacks()["Stacks"][0]["Parameters"])'


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "local.run", *arguments]
    return subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, timeout=90, check=False)


def test_run_exits_0_and_shows_each_step_and_the_time_to_the_announced_arn() -> None:
    done = run()
    assert done.returncode == 0, done.stdout + done.stderr
    for expected in (
        "upload",
        "started",
        "arn:aws:neptune-db:",
        "hpo",
        "completed",
        "The record in DynamoDB",
        "SNS message",
    ):
        assert expected in done.stdout


def test_run_with_a_model_that_lacks_a_script_exits_2_with_the_reason(tmp_path: Path) -> None:
    model = Path(shutil.copytree(EXAMPLE, tmp_path / "lacking"))
    (model / "transform.py").unlink()
    done = run("--model", str(model))
    assert done.returncode == 2, done.stdout + done.stderr
    assert "there is no transform script transform.py" in done.stdout


def test_run_shows_names_and_reasons_with_markup_and_escape_sequences_as_they_are_written(tmp_path: Path) -> None:
    model = Path(shutil.copytree(EXAMPLE, tmp_path / "br[bold]ack"))
    custom = {"customModelTrainingParameters": {"trainingEntryPointScript": "[/red]\x1b]0;title\x07.py"}}
    (model / "training-job.json").write_text(json.dumps(custom))
    done = run("--model", str(model))
    assert done.returncode == 2, done.stdout + done.stderr
    assert "br[bold]ack/model-hpo-configuration.json" in done.stdout
    assert "[/red]\\u001b]0;title\\u0007.py" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr


@pytest.mark.parametrize("path", ["nowhere", "local"])
def test_run_without_a_directory_or_a_configuration_exits_2_at_once(path: str) -> None:
    done = run("--model", path)
    assert done.returncode == 2
    assert "there is no such" in done.stdout


def test_run_whose_terminal_is_closed_leaves_no_process_and_no_file_behind() -> None:
    command = [sys.executable, "-m", "local.run"]
    before = set((ROOT / ".local").glob("run-*"))
    with subprocess.Popen(command, cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while "upload" not in process.stdout.readline():
            assert process.poll() is None
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGHUP)
    assert len(children) >= 4  # the emulator and each function's
    assert psutil.wait_procs(children, timeout=15)[1] == []
    assert set((ROOT / ".local").glob("run-*")) <= before


def test_up_writes_the_variables_to_join_with_refuses_a_second_one_and_ends_cleanly_on_ctrl_c() -> None:
    up = [sys.executable, "-m", "local.up", "--parameters", "GiveUpSeconds=1234"]
    process = subprocess.Popen(up, cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = ""
    while "Ctrl-C ends it" not in said:
        line = process.stdout.readline()
        assert line, said
        said += line
    mode = (ROOT / ".local" / "env").stat().st_mode & 0o777
    variables = (ROOT / ".local" / "env").read_text()
    joined = subprocess.run(
        ["bash", "-c", f". .local/env && exec {sys.executable} -c '{ASK}'"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    second = subprocess.run(up, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 0
    assert "export TRAINING_TOPIC_ARN=" in variables
    assert mode == 0o600
    assert "{'ParameterKey': 'GiveUpSeconds', 'ParameterValue': '1234'}" in joined.stdout, joined.stderr
    assert "--query 'Items[?status].[jobId.S,status.S]'" in said
    assert (second.returncode, second.stdout) == (1, "")
    assert "runs already" in second.stderr
    assert not (ROOT / ".local" / "env").exists()
