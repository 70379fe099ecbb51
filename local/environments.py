"""The virtual environments that the Makefile's targets need, each with exactly the pinned packages of one file."""

from __future__ import annotations

import hashlib
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

from local import machine, uv
from local.programs import ROOT, ProgramFailed, Programs

CLEANED = (".local", ".venv")  # how the names of the folders begin that `make clean` removes, too
MEGABYTES = {"requirements-dev.txt": 225, "local/requirements-ministack.txt": 90}  # measured


class Environment(NamedTuple):
    """Name a virtual environment's folder and the file with its packages."""

    folder: Path
    requirements: Path

    @classmethod
    def named(cls, text: str) -> Environment:
        """Return the environment of `FOLDER=REQUIREMENTS`; both are relative to the project's folder."""
        folder, _, requirements = text.partition("=")
        return cls(ROOT / folder, ROOT / requirements)

    @property
    def name(self) -> str:
        """Return what people call it: its folder below the project's."""
        below = self.folder.is_relative_to(ROOT)
        return (self.folder.relative_to(ROOT) if below else self.folder).as_posix()

    @property
    def python(self) -> Path:
        """Return its Python."""
        return self.folder / "bin" / "python"

    @property
    def megabytes(self) -> int:
        """Return how much room it takes; 0 if that was not measured."""
        return next((each for name, each in MEGABYTES.items() if self.requirements == ROOT / name), 0)

    def key(self) -> str:
        """Return what stands for all that a finished environment depends on: machine and Python; packages and place."""
        told = (self.requirements.read_text(), str(self.folder))
        return f"{machine.key()}\n{hashlib.sha256(chr(0).join(told).encode()).hexdigest()}\n"

    def is_ready(self) -> bool:
        """Return True if it is there and finished."""
        ready = self.folder / "ready"
        return self.python.exists() and ready.exists() and ready.read_text() == self.key()

    def is_somebody_elses(self) -> bool:
        """Return True if the folder has files and was not made here, as a VENV of another project in the shell."""
        inside = self.folder.relative_to(ROOT).parts[:1] if self.folder.is_relative_to(ROOT) else ()
        if any(name.startswith(CLEANED) for name in inside):
            return False
        return self.folder.exists() and not (self.folder / "ready").exists() and any(self.folder.iterdir())

    def make(self, programs: Programs) -> None:
        """Make it, or leave none of it. Raises ProgramFailed with what uv printed."""
        if self.is_somebody_elses():
            raise ProgramFailed(f"{self.folder} has files that this set-up did not make: name another folder")
        if self.folder in Path(sys.executable).absolute().parents:
            raise ProgramFailed(f"{sys.executable} is in this folder, which has to be made anew: use another PYTHON")
        shutil.rmtree(self.folder, ignore_errors=True)
        try:
            uv.make_environment(self.folder, self.requirements, programs)
            (self.folder / "ready").write_text(self.key())
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
