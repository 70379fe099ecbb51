"""Build what is compared: our artefact as deployed, and the rivals with the same versions of the same packages."""

import hashlib
import json
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import build_artefact
from build_artefact import bytecode
from build_artefact.packages import REQUIREMENTS, pip
from build_artefact.targets import this_machine
from local.artefact import KEPT

HERE = Path(__file__).parent
FUNCTIONS = ("start", "step", "track", "notify", "emit")


class Size(NamedTuple):
    """Hold the size of an artefact in megabytes (10^6 bytes)."""

    unzipped: float
    zipped: float


def ours(folder: Path) -> Path:
    """Build our artefact below `folder`, as `sam build` does."""
    code = folder / "ours"
    build_artefact.build(code, this_machine(), KEPT)
    return code


def usual_way(folder: Path, *, compiled: bool) -> Path:
    """Build the usual way's code below `folder`. `sam build` deploys Python packages uncompiled."""
    code = folder / f"usual-way{'-compiled' if compiled else ''}"
    shutil.copytree(packages(compiled=compiled), code)
    shutil.copy(HERE / "usual_way" / "start.py", code)
    if compiled:
        bytecode.compiled(code, "start.py")
    return code


def bare(folder: Path, calls: Mapping[str, Sequence[Mapping[str, Any]]]) -> Path:
    """Build the function that makes the recorded calls, compiled. `calls` are those of each of our functions."""
    code = folder / "bare"
    shutil.copytree(packages(compiled=True), code)
    shutil.copy(HERE / "bare" / "handler.py", code)
    bytecode.compiled(code, "handler.py")
    (code / "calls.json").write_text(json.dumps(calls))
    return code


def packages(*, compiled: bool) -> Path:
    """Return a folder with all of the functions' packages, nothing trimmed; it is kept for the next time."""
    name = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:16]
    kept = KEPT / f"bench-packages-{name}{'-compiled' if compiled else ''}"
    if not kept.exists():
        with TemporaryDirectory(dir=KEPT) as temporary:
            part = Path(temporary) / "packages"
            part.mkdir()
            pip(part, REQUIREMENTS.read_text(), [])
            if compiled:
                bytecode.compile_packages(part)
            part.rename(kept)
    return kept


def size_of(code: Path) -> Size:
    """Return how large an artefact is, and how large as a zip."""
    with TemporaryDirectory() as temporary:
        target = Path(temporary) / "code.zip"
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            files = [each for each in sorted(code.rglob("*")) if each.is_file()]
            for each in files:
                archive.write(each, each.relative_to(code))
        return Size(sum(each.stat().st_size for each in files) / 1e6, target.stat().st_size / 1e6)
