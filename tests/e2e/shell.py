"""Shells as users have them: one with a Mac's programs only, and one that has joined the stack of `make up`."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
# What macOS has, by these names, of what the Makefile and its scripts may call. Neither GNU's nor Linux's own programs.
MACS = (
    "awk basename bash cat chmod cp cut date dirname echo env expand false find git grep head kill ln ls make mkdir mv"
)
MACS += " ps pwd rm sed sh sleep sort tail tee test touch tr true uname wc xargs"
LOWEST_CLI = (2, 13)  # the first AWS CLI that knows AWS_ENDPOINT_URL
CLI_1 = ROOT / ".local" / "awscli" / "bin" / "aws"


def macs_programs(folder: Path) -> Path:
    """Make a folder for PATH that has only the programs of a Mac."""
    folder.mkdir()
    for name in MACS.split():
        if found := shutil.which(name):
            (folder / name).symlink_to(found)
    return folder


def make(*arguments: str) -> list[str]:
    """Return a call of make with the environment in which the tests run."""
    return ["make", *arguments, f"PYTHON={sys.executable}", f"VENV={Path(sys.prefix).relative_to(ROOT)}"]


def aws_cli(folder: Path) -> str:
    """Return a PATH whose `aws` calls the local stack: version 2 if it is there, or else version 1, told to.

    Version 1 has the same commands and arguments, but does not read AWS_ENDPOINT_URL for SQS.
    """
    version = subprocess.run(["aws", "--version"], capture_output=True, text=True, check=False) if on_path() else None
    found = re.match(r"aws-cli/(\d+)\.(\d+)", version.stdout) if version else None
    if found and (int(found[1]), int(found[2])) >= LOWEST_CLI:
        return os.environ["PATH"]
    folder.mkdir()
    (folder / "aws").write_text(f'#!/bin/sh\nexec "{CLI_1}" --endpoint-url "$AWS_ENDPOINT_URL" "$@"\n')
    (folder / "aws").chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def on_path() -> bool:
    """Return True if there is some AWS CLI."""
    return shutil.which("aws") is not None


def joined(script: str, path: str) -> "subprocess.CompletedProcess[str]":
    """Run a script in a shell that has joined the local stack, and stops at the first error."""
    return subprocess.run(
        ["bash", "-c", f"set -eu -o pipefail\n. .local/env\n{script}"],
        cwd=ROOT,
        env={**os.environ, "PATH": path, "AWS_PAGER": ""},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
