"""`uv` makes the virtual environments, several times faster than pip. Python's own venv and pip install it, once."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from local import machine
from local.programs import ROOT, Programs

FOLDER = ROOT / ".local" / "uv"
REQUIREMENTS = ROOT / "local" / "requirements-uv.txt"
MEGABYTES = 55  # measured
INDEX = "index-url"  # pip's setting: the place that packages come from


def is_ready() -> bool:
    """Return True if it is there and finished."""
    ready = FOLDER / "ready"
    return ready.exists() and ready.read_text() == key()


def install(programs: Programs) -> None:
    """Install it, or leave none of it. `venv` must be there. Raises ProgramFailed with what `venv` or pip printed."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    try:
        programs.run([sys.executable, "-m", "venv", FOLDER])
        options = ("--disable-pip-version-check", "--progress-bar=off", "--require-hashes")
        programs.run([FOLDER / "bin" / "pip", "install", *options, "-r", REQUIREMENTS])
        (FOLDER / "ready").write_text(key())
    except BaseException:
        shutil.rmtree(FOLDER, ignore_errors=True)
        raise


def make_environment(folder: Path, requirements: Path, programs: Programs) -> None:
    """Make a virtual environment for this Python, with exactly the pinned packages of one file.

    --no-deps: the list is complete. Nothing is compiled: what is imported is compiled then, and most of it never is.
    """
    uv = FOLDER / "bin" / "uv"
    programs.run([uv, "venv", "--no-project", "--python", sys.executable, folder])
    install = [uv, "pip", "install", "--no-deps", "--require-hashes", "--python", folder / "bin" / "python"]
    programs.run([*install, *index(), "-r", requirements])


def index() -> list[str]:
    """Return uv's option for the index that pip is configured to use; [] if that is the default."""
    listed = subprocess.run([FOLDER / "bin" / "pip", "config", "list"], capture_output=True, text=True, check=False)
    settings = dict(line.split("=", 1) for line in listed.stdout.splitlines() if "=" in line)
    for place in (":env:", "install", "global"):
        if (found := settings.get(f"{place}.{INDEX}")) and "UV_DEFAULT_INDEX" not in os.environ:
            return ["--default-index", found.strip("'\"")]
    return []


def key() -> str:
    """Return what stands for the version that is installed, and for the machine that it runs on."""
    return f"{machine.platform_key()}\n{hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()}\n"
