"""`make up` as a user has it on a Mac: in a terminal, with the commands that it and the documents show."""

import os
import pty
import re
import select
import shlex
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from local import run_folders
from local.up import COMMANDS
from tests.e2e.shell import CLI_1, ROOT, aws_cli, joined, macs_programs, make
from tests.test_docs import DOCUMENTS, blocks

pytestmark = pytest.mark.e2e
WITHIN = 60.0
ENV = ROOT / ".local" / "env"
# What a document shows that cannot run here, by a part of it, and why.
NOT_HERE = {
    "<": "has a name that only the reader knows",
    "https://<": "asks a cluster of an account",
    "git fetch": "gets another version",
    "sam ": "deploys to an account, or needs a container engine",
    "make ": "is a target with a test of its own",
    "describe-db-": "asks a cluster of an account",
    "describe-managed-prefix-lists": "asks for a VPC of an account",
    "restore-table": "the local stack has no point-in-time recovery",
    "start-message-move-task": "SQS moves no messages here; make redrive does",
    "delete-table": "removes the stack",
    "neptune-training doctor": "judges an account, which the emulator is not; --probe has a test of its own",
    "neptune-training configure": "asks about a cluster of an account",
    "neptune-training new": "writes a directory of the reader's",
    "neptune-training off": "asks a person",
    "neptune-training reject": "asks a person",
    "neptune-training restore": "asks a person",
    "dry-run\nneptune-training redrive": "asks a person",
    "neptune-training completion": "writes into the reader's home",
    "neptune-training check models/fraud": "is about a model of the reader's",
    "pipx": "installs from the network",
}


OWN_THE_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvp(sys.argv[1], sys.argv[1:])
"""


class Terminal:
    """A process whose terminal is ours: it leads the session, as the program of a terminal's window does."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._master, its = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", OWN_THE_TERMINAL, *command],
            stdin=its,
            stdout=its,
            stderr=its,
            cwd=ROOT,
            env=environment,
            start_new_session=True,
        )
        os.close(its)
        self.said = ""
        self._closing = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        """Read what is printed, then close the terminal: it stays open as long as somebody reads from it."""
        with suppress(OSError):  # its other side is closed
            while not self._closing.is_set():
                if select.select([self._master], [], [], 0.1)[0]:
                    printed = os.read(self._master, 65536).decode(errors="replace")
                    self.said += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", printed)
        os.close(self._master)

    def wait_for(self, *texts: str) -> None:
        until = time.monotonic() + WITHIN
        while not all(text in self.said for text in texts):
            assert time.monotonic() < until, self.said
            time.sleep(0.05)

    def close(self) -> None:
        self._closing.set()
        self._reader.join()


@pytest.fixture(scope="module")
def killed() -> tuple[str, list[Path]]:
    """Start the stack and kill it: its address, and the folders that it left."""
    command = [sys.executable, "-m", "local.up"]
    environment = {**os.environ, "PYTHONPATH": "functions:.", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        before = set(run_folders.all_folders())
        said = ""
        while "make down" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        folders = [folder for folder in run_folders.all_folders() if folder not in before]
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGKILL)
    assert psutil.wait_procs(children, timeout=20)[1] == []
    assert len(children) >= 1
    return re.findall(r"AWS +(http://\S+)", said)[0], folders


@pytest.fixture(scope="module")
def up(killed: tuple[str, list[Path]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    path = macs_programs(tmp_path_factory.mktemp("macs") / "bin")
    terminal = Terminal(make("up"), {"PATH": str(path), "TERM": "xterm", "HOME": os.environ.get("HOME", "/")})
    terminal.wait_for("The local stack runs", "make down")
    yield terminal
    terminal.process.terminate()
    terminal.process.wait(20)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    if not CLI_1.exists():
        pytest.skip("no AWS CLI: make .local/awscli/ready")
    subprocess.run(make("cli"), cwd=ROOT, check=True)
    return f"{aws_cli(tmp_path_factory.mktemp('aws') / 'bin')}:{Path(sys.prefix) / 'bin'}"


def test_after_a_kill_all_processes_are_gone_and_the_next_start_removes_what_was_left_and_has_the_same_port(
    killed: tuple[str, list[Path]], up: Terminal
) -> None:
    address, folders = killed
    assert len(folders) == 2  # one on disk, one in memory or on disk
    assert [folder for folder in folders if folder.exists()] == []
    assert f"AWS          {address}\n" in up.said


def test_each_command_that_make_up_prints_does_what_it_says(up: Terminal, path: str) -> None:
    printed = [command for heading, *lines in COMMANDS for command in "\n".join(lines).replace("\\\n", "").split("\n")]
    for command in printed:
        assert re.sub(r" +", " ", command.partition(" ")[0]) in up.said
    commands = [command for command in printed if command.startswith(("aws", "neptune-training"))]
    assert len(commands) == 5
    for command in commands:
        if "status.json" in command:
            up.wait_for("started ")
        done = joined(command, path)
        assert done.returncode == 0, done.stdout + done.stderr
    up.wait_for("upload ", "models/example/training.py", "event ", "me: Neptune ML Training Requested {}")
    up.wait_for("started ", "  hpo ", "completed ")
    [scan] = [command for command in commands if "scan" in command]
    table = joined(scan, path).stdout
    assert re.search(r"^example-[0-9a-f]{20}\t[A-Z]+$", table, re.MULTILINE)


def test_leaving_unsets_what_joining_has_set(up: Terminal, path: str) -> None:
    done = joined('[ -n "$AWS_ENDPOINT_URL" ]; leave_local_stack; echo "${AWS_ENDPOINT_URL-left}"', path)
    assert done.stdout == "left\n", done.stderr


def fenced(text: str) -> list[str]:
    """The code blocks of a document that name no language, without their indentation."""
    found: list[tuple[str, list[str]]] = []
    inside, language = False, ""
    for line in text.splitlines():
        if fence := re.match(r" *```(\w*)$", line):
            inside, language = not inside, fence[1] if not inside else language
            if inside:
                found.append((language, []))
        elif inside:
            found[-1][1].append(line)
    return [textwrap.dedent("\n".join(lines)) for language, lines in found if not language]


def commands_of(name: str) -> list[str]:
    """The blocks of a document that are commands and can run here."""
    shown = [block for block in fenced(DOCUMENTS[name]) if re.search(COMMAND, block, re.MULTILINE)]
    return [block for block in shown if not any(part in block for part in NOT_HERE)]


JOB = "weekly-42"  # which the README's event has asked for
COMMAND = r"^(aws|neptune-training|curl|fault|\.venv/bin/python|\. \.local/env|[A-Z]+=)"
DOCUMENTS_WITH_COMMANDS = [name for name in DOCUMENTS if commands_of(name)]


def test_the_documents_show_commands_that_can_run_here() -> None:
    counted = {name: len(commands_of(name)) for name in DOCUMENTS_WITH_COMMANDS}
    assert counted == {
        "README.md": 1,
        "docs/local.md": 4,
        "docs/operate.md": 10,
        "docs/pipelines.md": 1,
        "docs/record-and-message.md": 1,
        "docs/triggers.md": 3,
    }


@pytest.mark.parametrize("name", DOCUMENTS_WITH_COMMANDS)
def test_each_command_that_a_document_shows_runs_against_the_local_stack(up: Terminal, path: str, name: str) -> None:
    """In one shell, one after another, as a reader would."""
    (ROOT / ".local" / "next-step.yaml").write_text(blocks(DOCUMENTS["docs/pipelines.md"], "yaml")[0])
    script = "\n".join(f"echo; echo {shlex.quote(block)}\n{runnable(block.strip())}" for block in commands_of(name))
    done = joined(script, path)
    assert done.returncode == 0, done.stdout + done.stderr
    if name == "docs/pipelines.md":
        assert '\\"status\\": \\"COMPLETED\\"' in done.stdout


def runnable(block: str) -> str:
    """The block, about a job and a file that are there, and without what this machine lacks."""
    block = block.replace("fraud-b1e336b353b5439ee2aa", JOB).replace("next-step.yaml", ".local/next-step.yaml")
    # A job that has ended cannot be cancelled: exit code 1.
    block = re.sub(r"^neptune-training cancel \S+", r"{ \g<0> || [ $? = 1 ]; }", block, flags=re.MULTILINE)
    if "curl" in block and not shutil.which("curl"):
        return ":"
    return block


def test_the_functions_log_can_be_followed(up: Terminal, path: str) -> None:
    with subprocess.Popen(make("logs"), cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True) as logs:
        assert logs.stdout is not None
        assert any(" started  jobId=" in line for line in logs.stdout)
        os.killpg(logs.pid, signal.SIGINT)


def test_a_second_make_up_and_make_clean_are_refused_and_say_how_to_end_the_first(up: Terminal) -> None:
    second = subprocess.run(make("up"), cwd=ROOT, capture_output=True, text=True, check=False)
    assert second.returncode == 2
    assert "runs already. Join it: . .local/env     End it: make down" in second.stderr
    command = [sys.executable, "-m", "local.run_folders"]  # with which `make clean` begins
    clean = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (clean.returncode, ENV.exists()) == (1, True)
    assert "End it first: make down" in clean.stderr


def test_closing_the_terminal_whose_own_process_is_make_up_ends_it(up: Terminal) -> None:
    children = psutil.Process(up.process.pid).children(recursive=True)
    assert len(children) >= 5  # the program, the emulator and the functions
    up.close()
    assert psutil.wait_procs(children, timeout=20)[1] == []
    assert not ENV.exists()
