"""Folders that live as long as the process that made them, even if that process is killed.

Each one holds a locked file. Whoever starts or cleans up later removes the folders whose lock is free: `sweep`.

    python -m local.run_folders     removes what killed processes left; exit code 1 while `make up` runs

It needs only Python, because `make clean` uses it too.
"""

import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from local.locks import is_held, take

KEPT = Path(__file__).parent.parent / ".local"
MEMORY, ROOM = Path("/dev/shm"), 4 * 2**30  # noqa: S108 - Linux has it; folders there are ours alone
ON_DISK, IN_MEMORY = "run-", "neptune-ml-training-"
ENV, UP_LOCK = KEPT / "env", KEPT / "up.lock"  # the variables of `make up`, and what it holds as long as it runs
UP_END = KEPT / "up.end"  # `make down` writes here which `make up` is to end
OWNER = "owner.lock"
YOUNG_SECONDS = 60.0  # a folder without a lock may have been made this moment


@contextmanager
def run_folder(parent: Path, prefix: str) -> Iterator[Path]:
    """Make a folder that only this user can read, and remove it at the end."""
    folder = Path(tempfile.mkdtemp(dir=parent, prefix=prefix))
    try:
        with (folder / "taking").open("w") as file:
            take(file)
            (folder / "taking").rename(folder / OWNER)  # nobody sees the file before it is locked
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def room_to_unpack(on_disk: Path) -> tuple[Path, str]:
    """Return where each process of a function unpacks the artefact, 3,500 files: in memory where there is some.

    Removing them from a disk can take ten seconds, and a process that died comes back only after that.
    """
    has_room = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM
    return (MEMORY, IN_MEMORY) if has_room else (on_disk, "functions-")


def sweep() -> list[Path]:
    """Remove the folders of killed processes, and the variables of a `make up` that was killed; return what it was."""
    found = [folder for folder in all_folders() if is_abandoned(folder)]
    for folder in found:
        shutil.rmtree(folder, ignore_errors=True)
    if ENV.exists() and not is_held(UP_LOCK):
        ENV.unlink(missing_ok=True)
        found.append(ENV)
    return found


def all_folders() -> list[Path]:
    """Return the folders of all runs, on disk (this checkout's) and in memory (this machine's)."""
    in_memory = MEMORY.glob(f"{IN_MEMORY}*") if MEMORY.is_dir() else ()
    return [*KEPT.glob(f"{ON_DISK}*"), *in_memory]


def is_abandoned(folder: Path) -> bool:
    """Return True if the process that made `folder` has ended. False if that cannot be known, as for another user's."""
    with suppress(OSError):
        if (folder / OWNER).exists():
            return not is_held(folder / OWNER)
        return time.time() - folder.stat().st_mtime > YOUNG_SECONDS
    return False


if __name__ == "__main__":
    if is_held(UP_LOCK):
        sys.exit("the local stack of `make up` runs. End it first: make down")
    for each in sweep():
        print(f"removed {each}, which a killed process left")
