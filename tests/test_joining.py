"""`.local/env` in the shells that people use: joining sets the variables, leaving puts back what was there."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from local import joining

VARIABLES = {joining.OWNER: str(os.getpid()), "AWS_REGION": "us-east-1", "AWS_SECRET_ACCESS_KEY": 'a\'b $c "d"'}
SHOW = 'echo "${AWS_REGION-unset}|${AWS_SECRET_ACCESS_KEY-unset}|${AWS_PROFILE-unset}|${LOCAL_STACK_PID-unset}"'
SHELLS = [shell for shell in ("sh", "bash", "zsh") if shutil.which(shell)]

each_shell = pytest.mark.parametrize("shell", SHELLS)


@pytest.fixture
def env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(joining, "ENV", tmp_path / "env")
    joining.write(VARIABLES)
    return tmp_path / "env"


def run(shell: str, script: str, **before: str) -> "subprocess.CompletedProcess[str]":
    environment = {"PATH": os.environ["PATH"], **before}
    return subprocess.run([shell, "-euc", script], env=environment, capture_output=True, text=True, check=True)


@each_shell
def test_joining_sets_the_variables_and_leaving_puts_back_those_of_before(shell: str, env: Path) -> None:
    script = f". {env}\n{SHOW}\n. {env}\n{joining.LEAVE}\n{SHOW}\nenv"
    done = run(shell, script, AWS_REGION="eu-west-1", AWS_PROFILE='my "own"')
    joined, left, *others = done.stdout.splitlines()
    assert joined == f'us-east-1|a\'b $c "d"|unset|{os.getpid()}'
    assert left == 'eu-west-1|unset|my "own"|unset'
    assert not [line for line in others if "LOCAL_STACK" in line]
    assert done.stderr == ""


@each_shell
@pytest.mark.parametrize("value", ["a\nb\n", "\nexport AWS_REGION=x", "a\r\nb", "a\u2028b\x0cc", "case\nexport", "# a"])
def test_a_value_with_line_breaks_is_the_same_in_the_shell_and_for_programs(shell: str, env: Path, value: str) -> None:
    variables = {**VARIABLES, "NO_PROXY": value}
    joining.write(variables)
    done = subprocess.run([shell, "-euc", f'. {env}; printf "%s" "$NO_PROXY"'], capture_output=True, check=True)
    assert done.stdout.decode() == value
    assert joining.read() == variables


@each_shell
def test_joining_a_stack_that_has_ended_says_so(shell: str, env: Path) -> None:
    env.write_text(env.read_text().replace(f"kill -0 {os.getpid()}", "kill -0 4194305"))
    assert "has ended. Start it again: make up" in run(shell, f". {env}").stderr


@each_shell
def test_joining_puts_neptune_training_on_the_path_once_and_leaving_takes_it_off(
    shell: str, env: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "it's $a b"
    monkeypatch.setattr(joining, "PROGRAMS", programs)
    joining.write(VARIABLES)
    done = run(shell, f'. {env}\n. {env}\necho "$PATH"\n{joining.LEAVE}\necho "$PATH"')
    assert done.stdout.splitlines() == [f"{programs}:{os.environ['PATH']}", os.environ["PATH"]]


@each_shell
def test_joining_leaves_a_path_alone_that_has_the_program_already(shell: str, env: Path) -> None:
    path = f"/usr/bin:{joining.PROGRAMS}:/bin"
    assert run(shell, f'. {env}\necho "$PATH"', PATH=path).stdout == f"{path}\n"


def test_programs_read_the_same_variables(env: Path) -> None:
    assert joining.read() == VARIABLES
    assert env.stat().st_mode & 0o777 == 0o600
    env.unlink()
    with pytest.raises(joining.NotJoined, match="make up"):
        joining.read()
