"""Keep the files of the last `make run` in `.local/last-run`."""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from local.locks import locked
from local.run_folders import KEPT

FOLDER = KEPT / "last-run"


def keep(files: Mapping[str, bytes]) -> None:
    """Put `files` into the folder instead of those of the run before."""
    with locked(KEPT / "locks" / "last-run"), tempfile.TemporaryDirectory(dir=KEPT, prefix="half-done-") as part:
        for name, content in files.items():
            (Path(part) / name).write_bytes(content)
        shutil.rmtree(FOLDER, ignore_errors=True)
        shutil.copytree(part, FOLDER)
