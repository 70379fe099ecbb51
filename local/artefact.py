"""The functions' artefact as one zip, for this machine's Python. `functions/build_artefact/` makes what is in it.

Kept under `.local/`, named by what went into it, so it is made once for each change and needs no network after that.
The same packages and code make the same zip, wherever and whenever it is made: `make artefact` prints its SHA-256.
"""

import hashlib
import shutil
import sys
import time
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import build_artefact
from build_artefact.packages import HALF_DONE, folder_of_packages
from build_artefact.targets import this_machine
from local.locks import locked

ROOT = Path(__file__).parent.parent
KEPT = ROOT / ".local"
MEGABYTES = 100  # what packages and zip take (measured)
OLD_SECONDS = 3600.0  # no build takes so long
EARLIEST = (1980, 1, 1, 0, 0, 0)  # the time of every file: a zip knows none before
READABLE = 0o100644 << 16  # every file's mode: Lambda's user is another one


def build() -> Path:
    """Return the zip, made where it is not there yet. Raises RuntimeError if the packages cannot be installed."""
    zipped = planned()
    if not zipped.exists():
        with locked(KEPT / "locks" / "artefact"):
            sweep()
            with TemporaryDirectory(dir=KEPT, prefix=HALF_DONE) as folder:
                part, code = Path(folder) / zipped.name, Path(folder) / "functions"
                build_artefact.build(code, this_machine(), KEPT)
                pack(part, files_in(code))
                part.rename(zipped)
            for older in sorted(KEPT.glob("artefact-*.zip"), key=lambda path: path.stat().st_mtime)[:-4]:
                older.unlink(missing_ok=True)  # the newest may be in use by a run beside this one
    return zipped


def is_built() -> bool:
    """Return True if `build` has nothing to do."""
    return planned().exists()


def planned() -> Path:
    """Return the zip's path, made or not."""
    packages = folder_of_packages(this_machine(), KEPT)
    contents = (name.encode() + source.read_bytes() for source, name in build_artefact.code())
    return KEPT / f"artefact-{digest(packages.name.encode(), *contents)}.zip"


def sweep() -> None:
    """Remove what was left half done. `sam build` and the end of a `make run` also work there, and take no lock."""
    for folder in KEPT.glob(f"{HALF_DONE}*"):
        with suppress(FileNotFoundError):  # it is finished or removed at this moment
            if time.time() - folder.stat().st_mtime > OLD_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


def files_in(folder: Path) -> dict[str, Path]:
    """Return the files below `folder` by their names in the zip."""
    return {each.relative_to(folder).as_posix(): each for each in folder.rglob("*") if each.is_file()}


def pack(target: Path, files: Mapping[str, Path]) -> None:
    """Zip `files` in the order of their names, with nothing in it of where and when they were made."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, each in sorted(files.items()):
            entry = zipfile.ZipInfo(name, EARLIEST)
            entry.create_system, entry.external_attr = 3, READABLE
            archive.writestr(entry, each.read_bytes())


def digest(*parts: bytes) -> str:
    """Name what came out by what went in."""
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()[:16]


if __name__ == "__main__":
    try:
        made = build()
    except (RuntimeError, OSError) as error:
        sys.exit(str(error))
    print(f"{hashlib.sha256(made.read_bytes()).hexdigest()}  {made.relative_to(ROOT)}")
