"""What the network has to be: for all of it, this machine; for `start` and `track`, S3, DynamoDB and Neptune."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from local import artefact
from tests.network.__main__ import OTHERS, REACHABLE

ROOT = Path(__file__).parents[2]
ALONE = ["unshare", *([] if os.geteuid() == 0 else ["--map-root-user"]), "--net", "--mount"]


def can_make_namespaces() -> bool:
    try:
        return subprocess.run([*ALONE, "ip", "link"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not can_make_namespaces(), reason="needs iproute2 and the right to make a network namespace"),
]


def alone(*command: str) -> str:
    """What `command` prints in namespaces of its own."""
    artefact.build()  # which is what needs the network
    environment = {**os.environ, "PYTHONPATH": "functions:."}
    command = (*ALONE, "sh", "-c", 'ip link set lo up && exec "$@"', "sh", sys.executable, *command)
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_everything_works_where_nothing_but_this_machine_can_be_reached() -> None:
    assert "completed" in alone("-m", "local.run")


def test_a_model_is_trained_where_start_and_track_reach_s3_dynamodb_and_neptune_by_their_names_and_nothing_else() -> (
    None
):
    said = json.loads(alone("-m", "tests.network"))
    assert [message["status"] for message in said["announcements"]] == ["WAITING", "REQUESTED", "STARTED", "COMPLETED"]
    assert said["announcements"][-1]["arn"]
    assert [said["reached"][address] for address in REACHABLE] == ["connected"] * 3
    assert "connected" not in [said["reached"][address] for address in OTHERS]
