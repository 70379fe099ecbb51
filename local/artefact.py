"""The functions' artefact as `sam build` would make it, for this machine's Python: packages and code in one zip.

Kept under `.local/`, named by what went into it, so it is made once for each change and needs no network after that.
"""

import compileall
import hashlib
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from py_compile import PycInvalidationMode

ROOT = Path(__file__).parent.parent
FUNCTIONS = ROOT / "functions"
KEPT = ROOT / ".local"


def build() -> Path:
    """Return the zip, made where it is not there yet."""
    packages = install()
    code = sorted(FUNCTIONS.rglob("*.py"))
    target = KEPT / f"artefact-{digest(packages.name.encode(), *(each.read_bytes() for each in code))}.zip"
    if not target.exists():
        part = target.with_suffix(f".{digest(str(id(target)).encode(), sys.executable.encode())}.part")
        with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
            for each in (*packages.rglob("*"), *code):
                base = packages if each.is_relative_to(packages) else FUNCTIONS
                if each.is_file():
                    archive.write(each, each.relative_to(base))
        part.rename(target)
        for older in KEPT.glob("artefact-*.zip"):
            if older != target:
                older.unlink(missing_ok=True)
    return target


def install() -> Path:
    """Install the pinned requirements into a folder of their own."""
    requirements = FUNCTIONS / "requirements.txt"
    target = KEPT / f"packages-{digest(requirements.read_bytes(), sys.version.encode())}"
    if not target.exists():
        part = target.with_name(f"{target.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
        subprocess.run([*pip, "--require-hashes", "-r", requirements, "--target", part], check=True)
        # A zip keeps no time that the usual check could compare, and compiling at each cold start takes a second.
        compileall.compile_dir(part, quiet=1, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
        part.rename(target)
    return target


def digest(*parts: bytes) -> str:
    """Name what came out by what went in."""
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()[:16]
