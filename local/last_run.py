"""Keep the files of the last `make run` in `.local/last-run`.

That is a link to a folder: a link can be replaced in one step, and a folder cannot. So a run that is killed here leaves
the files of the run before, or all of its own.
"""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from local.locks import locked
from local.run_folders import KEPT

FOLDER = KEPT / "last-run"


def keep(files: Mapping[str, bytes]) -> None:
    """Put `files` into the folder instead of those of the run before."""
    with locked(KEPT / "locks" / "last-run"):
        new = Path(tempfile.mkdtemp(dir=KEPT, prefix=f"{FOLDER.name}-"))
        for name, content in files.items():
            (new / name).write_bytes(content)
        link = new / "link"
        link.symlink_to(new.name)
        if FOLDER.is_dir() and not FOLDER.is_symlink():  # an older version's
            FOLDER.rename(KEPT / f"{FOLDER.name}-before")
        link.replace(FOLDER)
        for each in KEPT.glob(f"{FOLDER.name}-*"):  # of the run before, or of one that was killed
            if each.name != FOLDER.readlink().name:
                shutil.rmtree(each)
