"""The functions' artefact as `sam build` would make it, for this machine's Python: packages and code in one zip.

Kept under `.local/`, named by what went into it, so it is made once for each change and needs no network after that.
The same packages and code make the same zip, wherever and whenever it is made: `make artefact` prints its SHA-256.
"""

import compileall
import hashlib
import shutil
import subprocess
import sys
import zipfile
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from py_compile import PycInvalidationMode
from tempfile import TemporaryDirectory

from local.locks import locked

ROOT = Path(__file__).parent.parent
FUNCTIONS = ROOT / "functions"
KEPT = ROOT / ".local"
HALF_DONE = "half-done-"
MEGABYTES = 100  # what packages and zip take (measured)
EARLIEST = (1980, 1, 1, 0, 0, 0)  # the time of every file: a zip knows none before
READABLE = 0o100644 << 16  # every file's mode: Lambda's user is another one


def build() -> Path:
    """Return the zip, made where it is not there yet. Raises RuntimeError if the packages cannot be installed."""
    packages, code, target = planned()
    if not target.exists():
        with locked(KEPT / "locks" / "artefact"):
            sweep()
            install(packages)
            with TemporaryDirectory(dir=KEPT, prefix=HALF_DONE) as folder:
                part = Path(folder) / target.name
                pack(part, {**files_of(packages), **code})
                part.rename(target)
            for older in sorted(KEPT.glob("artefact-*.zip"), key=lambda path: path.stat().st_mtime)[:-4]:
                older.unlink(missing_ok=True)  # the newest may be in use by a run beside this one
    return target


def is_built() -> bool:
    """Return True if `build` has nothing to do."""
    return planned()[2].exists()


def planned() -> tuple[Path, dict[str, Path], Path]:
    """Return the packages' folder, the code's files by their names in the zip, and the zip: all to be made or there."""
    requirements = (FUNCTIONS / "requirements.txt").read_bytes()
    # What this file does with the packages is part of what they become.
    packages = KEPT / f"packages-{digest(requirements, sys.version.encode(), Path(__file__).read_bytes())}"
    code = {each.relative_to(FUNCTIONS).as_posix(): each for each in FUNCTIONS.rglob("*.py")}
    names = (name.encode() + each.read_bytes() for name, each in sorted(code.items()))
    return packages, code, KEPT / f"artefact-{digest(packages.name.encode(), *names)}.zip"


def sweep() -> None:
    """Remove what was left half done. Whoever holds the lock knows that nobody works on it."""
    for folder in KEPT.glob(f"{HALF_DONE}*"):
        shutil.rmtree(folder, ignore_errors=True)


def install(target: Path) -> None:
    """Install the pinned requirements into a folder of their own, and compile them, if it is not there yet."""
    if target.exists():
        return
    with TemporaryDirectory(dir=KEPT, prefix=HALF_DONE) as folder:
        part = Path(folder) / "packages"
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
        command = [*pip, "--require-hashes", "-r", str(FUNCTIONS / "requirements.txt"), "--target", str(part)]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"the functions' packages could not be installed:\n{done.stdout.strip()}")
        compile_all(part)
        part.rename(target)


def compile_all(folder: Path) -> None:
    """Compile what is in `folder`, so that a cold start does not: that takes a second. Raises RuntimeError.

    A zip keeps no time that the usual check could compare; and the compiled files must not name this machine's folders.
    """
    mode = PycInvalidationMode.UNCHECKED_HASH
    with redirect_stdout(StringIO()) as said:
        done = compileall.compile_dir(folder, quiet=1, stripdir=str(folder), invalidation_mode=mode)
    if not done:
        raise RuntimeError(f"the functions' packages could not be compiled: {said.getvalue().strip()}")


def files_of(packages: Path) -> dict[str, Path]:
    """Return the files of installed packages by their names in the zip.

    Without the programs that pip makes: they name this machine's Python in their first line, and RECORD hashes them.
    """
    files = {each.relative_to(packages).as_posix(): each for each in packages.rglob("*") if each.is_file()}
    return {name: each for name, each in files.items() if not name.startswith("bin/") and each.name != "RECORD"}


def pack(target: Path, files: dict[str, Path]) -> None:
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
