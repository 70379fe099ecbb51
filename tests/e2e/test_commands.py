"""What the Makefile's programs do, as their users call them."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from local.model import EXAMPLE
from tests.e2e.shell import make

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": "functions:.", "PYTHONUNBUFFERED": "1"}

ASK = 'import boto3; print(boto3.client("cloudformation").describe_stacks()["Stacks"][0]["Parameters"])'


def run(**variables: str) -> "subprocess.CompletedProcess[str]":
    """Run `make run` with variables of make's."""
    command = make("run", *(f"{name}={value}" for name, value in variables.items()))
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=90, check=False)


def test_run_shows_each_step_as_it_happens_and_ends_with_the_verdict_and_where_everything_lies() -> None:
    done = run()
    assert done.returncode == 0, done.stdout + done.stderr
    course, _, end = done.stdout.partition("\n\n")
    steps = ("starting", "upload", "waiting", "started", "arn:aws:neptune-db:", "hpo", "completed")
    assert [step for step in steps if step not in course] == []
    assert end.startswith("COMPLETED  the training has ended well\n")
    assert "s from the upload to the SNS message with the ARN" in end
    assert "What to do next\n  make check-model MODEL=path/to/model-directory" in end
    assert "{" not in done.stdout
    kept = {name: (ROOT / ".local" / "last-run" / name).read_text() for name in re.findall(r"last-run/(\S+?),? ", end)}
    assert json.loads(kept["record.json"])["status"] == "COMPLETED"
    assert json.loads(kept["message.json"])["jobId"] in kept["functions.log"]


def test_run_of_a_rejected_model_exits_2_and_shows_its_problems_first_and_all_names_as_they_are_written(
    tmp_path: Path,
) -> None:
    model = Path(shutil.copytree(EXAMPLE, tmp_path / 'br[bold]ack "$x"'))
    custom = {"customModelTrainingParameters": {"trainingEntryPointScript": "[/red]\x1b]0;title\x07.py"}}
    (model / "training-job.json").write_text(json.dumps(custom))
    (model / "transform.py").unlink()
    done = run(MODEL=str(model), VERBOSE="1")
    assert done.returncode == 2, done.stdout + done.stderr
    end = done.stdout.rpartition("}\n\n")[2]
    assert end.index("there is no transform script transform.py") < end.index("REJECTED  the request is wrong")
    assert "The record in DynamoDB" in done.stdout
    assert 'br[bold]ack "$x"/model-hpo-configuration.json' in done.stdout
    assert "[/red]\\u001b]0;title\\u0007.py" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr


@pytest.mark.parametrize("path", ["nowhere", "local", "no\"such$x`id`'"])
def test_run_without_a_directory_or_a_configuration_exits_2_at_once(path: str) -> None:
    done = run(MODEL=path)
    assert done.returncode == 2
    assert (
        f"{path}: there is no such" in done.stdout or "local/model-hpo-configuration.json: there is no" in done.stdout
    )


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


def test_up_writes_the_variables_to_join_with_and_ends_cleanly_on_ctrl_c() -> None:
    up = [sys.executable, "-m", "local.up"]
    environment = {**ENVIRONMENT, "GIVEN_PARAMETERS": "GiveUpSeconds=1234"}
    process = subprocess.Popen(up, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = ""
    while "make down" not in said:
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
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 0
    assert "export TRAINING_TOPIC_ARN=" in variables
    assert mode == 0o600
    assert "{'ParameterKey': 'GiveUpSeconds', 'ParameterValue': '1234'}" in joined.stdout, joined.stderr
    assert "--query 'Items[?status].[jobId.S,status.S]'" in said
    assert not (ROOT / ".local" / "env").exists()
