"""Debian and Ubuntu keep Python's venv in a package of its own: install it, and say so before."""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence

WAIT_FOR_OTHERS = ("-o", "DPkg::Lock::Timeout=300")


class NotInstalled(Exception):  # noqa: N818
    """It is not there; the text says how to install it."""


def install_venv() -> None:
    """Install what `python -m venv` needs, if it is missing. Raises NotInstalled if that has to be done by hand."""
    if importlib.util.find_spec("ensurepip"):
        return
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    missing = f"Python {version} at {sys.executable} has no ensurepip, which makes virtual environments"
    install = ["apt-get", "install", "--yes", f"python{version}-venv"]
    if not shutil.which("apt-get"):
        raise NotInstalled(f"{missing}. Install a complete Python, from 3.11 on")
    before = [] if os.geteuid() == 0 else ["sudo"]
    if before and not shutil.which("sudo"):
        raise NotInstalled(f"{missing}. Install it as root: {shlex.join(install)}")
    print(
        f"{missing}: on Debian and Ubuntu it is a package of its own, and has to be installed first:", file=sys.stderr
    )
    for command in (
        [*before, "apt-get", *WAIT_FOR_OTHERS, "update"],
        [*before, "apt-get", *WAIT_FOR_OTHERS, *install[1:]],
    ):
        print(f"  {shlex.join(command)}", file=sys.stderr, flush=True)
        run(command, shlex.join([*before, *install]))


def run(command: Sequence[str], by_hand: str) -> None:
    """Run a command quietly. Raises NotInstalled with what it printed."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotInstalled(
            f"{(done.stdout + done.stderr).strip()}\nIt was not installed. Install it by hand: {by_hand}"
        )
