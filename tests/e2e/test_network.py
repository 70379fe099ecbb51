"""What the network has to be: for all of it, this machine; for `start` and `track`, S3, DynamoDB and Neptune."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from local import artefact
from tests.e2e.shell import macs_programs, make
from tests.network.__main__ import OTHERS, REACHABLE

ROOT = Path(__file__).parents[2]
ALONE = ["unshare", *([] if os.geteuid() == 0 else ["--map-root-user"]), "--net", "--mount"]
# A Mac has neither of these folders.
WITHOUT_LINUX = "mount -t tmpfs -o size=4k none /dev/shm && mount -t tmpfs none /proc && "


def can_make_namespaces() -> bool:
    try:
        return subprocess.run([*ALONE, "ip", "link"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not can_make_namespaces(), reason="needs iproute2 and the right to make a network namespace"),
]


def alone(*command: str, before: str = "", path: str = os.environ["PATH"]) -> str:
    """What `command` prints in namespaces of its own, where the shell commands `before` were carried out."""
    artefact.build()  # which is what needs the network
    environment = {**os.environ, "PYTHONPATH": "functions:."}
    script = f'ip link set lo up && {before} PATH="$0" exec "$@"'
    command = (*ALONE, "sh", "-c", script, path, *command)
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_make_run_works_without_a_network_with_a_macs_programs_only_and_without_linuxs_folders(tmp_path: Path) -> None:
    said = alone(*make("run"), before=WITHOUT_LINUX, path=str(macs_programs(tmp_path / "bin")))
    assert "COMPLETED  the training has ended well" in said


def test_a_model_is_trained_where_start_and_track_reach_s3_dynamodb_and_neptune_by_their_names_and_nothing_else() -> (
    None
):
    said = json.loads(alone(sys.executable, "-m", "tests.network"))
    assert [message["status"] for message in said["announcements"]] == ["WAITING", "REQUESTED", "STARTED", "COMPLETED"]
    assert said["announcements"][-1]["arn"]
    assert [said["reached"][address] for address in REACHABLE] == ["connected"] * 3
    assert "connected" not in [said["reached"][address] for address in OTHERS]
