"""Build the functions' artefact into a folder: their code and its packages, small, compiled, the same bytes each time.

    python3.13 build_artefact.py FOLDER                   for Lambda: Python 3.13, on x86_64 and on arm64
    python3 build_artefact.py FOLDER --for-this-machine   for this Python, on this machine

`sam build` calls it by way of the Makefile beside it, in a copy of this folder; `local/artefact.py` calls it for the
local stack, the tests and `sam local`. So it needs nothing but Python and pip.

What makes a cold start fast: the bytecode is there, unchecked, so Lambda compiles nothing; and botocore reads service
models that hold only the operations in `OPERATIONS`. tests/test_artefact.py holds these to the calls that are made.
"""

import argparse
import compileall
import gzip
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from py_compile import PycInvalidationMode
from tempfile import TemporaryDirectory
from typing import Any

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "requirements.txt"
LAMBDAS_PYTHON = (3, 13)
# The machines that Lambda has. A compiled module's name holds its machine, so the modules for both fit into one folder.
MACHINES = ("x86_64", "aarch64")
# pip's names of the Linux that Lambda's python3.13 runs on, Amazon Linux 2023 with glibc 2.34.
LINUX = ("manylinux2014", "manylinux_2_17", "manylinux_2_28", "manylinux_2_34")
OPERATIONS = {
    "dynamodb": {"GetItem", "PutItem", "Query", "TransactWriteItems", "UpdateItem"},
    "lambda": {"Invoke"},
    "neptunedata": {"GetMLDataProcessingJob", "GetMLModelTrainingJob", "StartMLModelTrainingJob"},
    "s3": {"GetObject", "ListObjectsV2"},
    "sns": {"Publish"},
}
# What botocore reads for every client.
FOR_ALL_SERVICES = {"_retry.json", "endpoints.json", "partitions.json", "sdk-default-configuration.json"}
FOR_EACH_SERVICE = {"service-2", "service-2.sdk-extras", "endpoint-rule-set-1", "paginators-1"}
# Parts of packages that no function imports, for HTTP APIs, other event sources and old versions.
UNUSED = (
    "aws_lambda_powertools/event_handler",
    "aws_lambda_powertools/utilities/data_classes",
    "aws_lambda_powertools/utilities/parser",
    "boto3/data",
    "boto3/examples",
    "pydantic/v1",
)
HALF_DONE = "half-done-"
NOT_OURS = {"build_artefact.py"}  # is in this folder, but no part of the functions


@dataclass(frozen=True)
class Target:
    """Say what the artefact is built for. `machines` are those of Lambda; none means this machine."""

    python: tuple[int, int]
    machines: tuple[str, ...]

    @property
    def is_this_python(self) -> bool:
        """Return True if this Python can compile for the target."""
        return sys.version_info[:2] == self.python


LAMBDA = Target(LAMBDAS_PYTHON, MACHINES)


def this_machine() -> Target:
    """Return the target for this Python: Lambda's own if this machine can run that."""
    python = sys.version_info[:2]
    like_lambda = sys.platform == "linux" and platform.machine() in MACHINES and platform.libc_ver()[0] == "glibc"
    return LAMBDA if like_lambda and python == LAMBDAS_PYTHON else Target(python, ())


def build(folder: Path, target: Target, cache: Path) -> None:
    """Fill `folder` with the artefact. The packages are made once and kept below `cache`.

    It is compiled only if this Python is the target's: another version's bytecode would not be read.
    """
    shutil.copytree(packages(target, cache), folder, dirs_exist_ok=True)
    for source, name in code():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, folder / name)
        if target.is_this_python:
            compiled(folder, name)


def code() -> Iterator[tuple[Path, str]]:
    """Yield each file of the functions' own code, and its name below their folder."""
    for source in sorted(HERE.rglob("*.py")):
        name = source.relative_to(HERE).as_posix()
        if name not in NOT_OURS:
            yield source, name


# --- packages ---------------------------------------------------------------------------------------------------------


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
    made_from = [REQUIREMENTS.read_bytes(), Path(__file__).read_bytes(), repr(target).encode(), sys.version.encode()]
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
    trim(folder)
    if target.is_this_python:
        compile_packages(folder)


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


def trim(folder: Path) -> None:
    """Remove what no function reads: programs, type stubs, and all that botocore knows of other services."""
    for each in sorted(folder.rglob("*")):
        if each.is_file() and not is_needed(each.relative_to(folder)):
            each.unlink()
    for name in UNUSED:
        shutil.rmtree(folder / name)
    data = folder / "botocore" / "data"
    for service, operations in OPERATIONS.items():
        *older, newest = sorted((data / service).iterdir())  # botocore uses the newest
        for version in older:
            shutil.rmtree(version)
        trim_service(newest, operations)
    write(data / "endpoints.json", trimmed_endpoints(read(data / "endpoints.json")))
    for each in sorted(folder.rglob("*"), reverse=True):
        if each.is_dir() and not any(each.iterdir()):
            each.rmdir()


def is_needed(name: Path) -> bool:
    """Return False for a file that no function reads. RECORD names the programs, whose first line is this machine's."""
    if name.parts[:2] == ("botocore", "data"):
        inside = name.parts[2:]
        return inside[0] in FOR_ALL_SERVICES if len(inside) == 1 else inside[0] in OPERATIONS
    of_pip = name.parts[0] == "bin" or name.name in {"RECORD", "REQUESTED", "INSTALLER", "py.typed"}
    return not of_pip and name.suffix != ".pyi"


def trim_service(version: Path, operations: set[str]) -> None:
    """Keep of a service's model what the operations need."""
    for each in [*version.iterdir()]:
        kind = each.name.removesuffix(".gz").removesuffix(".json")
        if kind not in FOR_EACH_SERVICE:
            each.unlink()
        elif kind == "service-2":
            model = read(each)
            each.unlink()
            write(version / "service-2.json", trimmed_model(model, operations))


def trimmed_model(model: dict[str, Any], operations: set[str]) -> dict[str, Any]:
    """Return a service model with these operations, the shapes that they lead to, and no documentation."""
    kept = {name: each for name, each in model["operations"].items() if name in operations}
    if missing := operations - kept.keys():
        raise SystemExit(f"botocore's model has no {', '.join(sorted(missing))}")
    reached: set[str] = set()
    waiting = [*named_shapes(kept)]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += named_shapes(model["shapes"][name])
    shapes = {name: each for name, each in model["shapes"].items() if name in reached}
    trimmed: dict[str, Any] = without_documentation({**model, "operations": kept, "shapes": shapes})
    return trimmed


def named_shapes(value: Any) -> Iterator[str]:
    """Yield the names of all shapes that a part of a model refers to, as `{"shape": "String"}`."""
    if isinstance(value, Mapping):
        if isinstance(value.get("shape"), str):
            yield value["shape"]
        for each in value.values():
            yield from named_shapes(each)
    elif isinstance(value, list):
        for each in value:
            yield from named_shapes(each)


def without_documentation(value: Any) -> Any:
    """Return a part of a model with empty texts in place of those that describe it: botocore reads some of them."""
    if isinstance(value, Mapping):
        return {
            name: "" if name == "documentation" and isinstance(each, str) else without_documentation(each)
            for name, each in value.items()
        }
    return [without_documentation(each) for each in value] if isinstance(value, list) else value


def trimmed_endpoints(endpoints: dict[str, Any]) -> dict[str, Any]:
    """Return the partitions and regions, with the endpoints of the services that are called only."""
    prefixes = {*OPERATIONS, "neptune-db"}
    partitions = [
        {**each, "services": {name: one for name, one in each["services"].items() if name in prefixes}}
        for each in endpoints["partitions"]
    ]
    return {**endpoints, "partitions": partitions}


def read(file: Path) -> Any:
    """Return the content of a JSON file, which may be compressed."""
    content = file.read_bytes()
    return json.loads(gzip.decompress(content) if file.suffix == ".gz" else content)


def write(file: Path, value: Any) -> None:
    """Write a JSON file without spaces: botocore reads it at each cold start."""
    file.write_text(json.dumps(value, separators=(",", ":")))


# --- bytecode ---------------------------------------------------------------------------------------------------------


def compile_packages(folder: Path) -> None:
    """Replace the source of the packages by bytecode. Tracebacks still name file and line."""
    for source in sorted(folder.rglob("*.py")):
        name = source.relative_to(folder).as_posix()
        if compiled(folder, name, legacy=True):
            source.unlink()


def compiled(folder: Path, name: str, *, legacy: bool = False) -> bool:
    """Compile one file; return False if that fails.

    The bytecode is never compared with a source's time, which a zip does not keep, and names no folder of this machine.
    `legacy` puts it where Python looks for it if there is no source.
    """
    return compileall.compile_file(
        folder / name,
        quiet=2,
        force=True,
        legacy=legacy,
        stripdir=str(folder),
        invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
    )


def main(arguments: Iterable[str] | None = None) -> None:
    """Run the program."""
    parser = argparse.ArgumentParser(description="Build the functions' artefact.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--for-this-machine", action="store_true", help="instead of for Lambda")
    parser.add_argument("--cache", type=Path, required=True, help="where the packages are kept for the next build")
    given = parser.parse_args(None if arguments is None else [*arguments])
    target = this_machine() if given.for_this_machine else LAMBDA
    if not target.is_this_python:
        raise SystemExit(f"The functions run on Python {target.python[0]}.{target.python[1]}: build them with that.")
    try:
        build(given.folder, target, given.cache)
    except RuntimeError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
