"""Install the pinned requirements for a target, trim and compile them, and keep them for the next build."""

import hashlib
import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from build_artefact import bytecode, trimming
from build_artefact.targets import Target

HERE = Path(__file__).parent
REQUIREMENTS = HERE.parent / "requirements.txt"
# pip's names of the Linux that Lambda's python3.13 runs on, Amazon Linux 2023 with glibc 2.34.
LINUX = ("manylinux2014", "manylinux_2_17", "manylinux_2_28", "manylinux_2_34")
HALF_DONE = "half-done-"


def packages(target: Target, cache: Path) -> Path:
    """Return a folder with the installed, trimmed and compiled packages, made where it is not there yet.

    Raises:
        RuntimeError: pip cannot install them.
    """
    kept = folder_of_packages(target, cache)
    if not kept.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=cache, prefix=HALF_DONE) as folder:
            part = Path(folder) / kept.name
            part.mkdir()
            install(part, target)
            try:
                part.rename(kept)
            except OSError:
                if not kept.exists():  # if it does, another build was faster
                    raise
    return kept


def folder_of_packages(target: Target, cache: Path) -> Path:
    """Return where the packages are kept. Its name holds all that they are made from."""
    made_from = [REQUIREMENTS.read_bytes(), *(each.read_bytes() for each in sorted(HERE.glob("*.py")))]
    machine = "" if target.machines else sysconfig.get_platform()  # the folder can be shared by several machines
    made_from += [repr(target).encode(), sys.version.encode(), machine.encode()]
    return cache / f"packages-{hashlib.sha256(b''.join(made_from)).hexdigest()[:16]}"


def install(folder: Path, target: Target) -> None:
    """Install, trim and compile the packages."""
    first, *others = [[*platform_options(target, machine)] for machine in target.machines] or [[]]
    requirements = REQUIREMENTS.read_text()
    pip(folder, requirements, first)
    for options in others:  # only the compiled modules differ
        with TemporaryDirectory(dir=folder.parent) as other:
            pip(Path(other), with_compiled_modules(requirements, folder), options)
            for each in Path(other).rglob("*.so"):
                each.rename(folder / each.relative_to(other))
    trimming.trim(folder)
    if target.is_this_python:
        bytecode.compile_packages(folder)


def platform_options(target: Target, machine: str) -> Iterator[str]:
    """Yield pip's options to install for another machine than this one."""
    version = ".".join(map(str, target.python))
    yield from ("--only-binary", ":all:", "--implementation", "cp", "--python-version", version)
    for linux in LINUX:
        yield from ("--platform", f"{linux}_{machine}")


def with_compiled_modules(requirements: str, folder: Path) -> str:
    """Return those of the requirements that have installed compiled modules in `folder`."""
    files = ((each.name, (each / "RECORD").read_text()) for each in folder.glob("*.dist-info"))
    names = {name.partition("-")[0].replace("_", "-") for name, record in files if ".so," in record}
    pinned = re.findall(r"^\S.*(?:\n .*)*", requirements, re.MULTILINE)  # each with the lines of its hashes
    return "\n".join(each for each in pinned if each.partition("==")[0] in names)


def pip(folder: Path, requirements: str, options: Iterable[str]) -> None:
    """Install pinned requirements into `folder`. Raises RuntimeError with what pip says."""
    with TemporaryDirectory() as temporary:
        file = Path(temporary) / "requirements.txt"
        file.write_text(requirements)
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
        command = [
            *install,
            *options,
            "--no-deps",
            "--require-hashes",
            "--requirement",
            str(file),
            "--target",
            str(folder),
        ]
        done = subprocess.run(  # noqa: S603 - nothing of it comes from outside
            command,
            env={**os.environ, "PIP_ROOT_USER_ACTION": "ignore"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    if done.returncode:
        raise RuntimeError(f"the functions' packages could not be installed:\n{done.stdout.strip()}")
