"""Build the functions' artefact into a folder: their code and its packages, small, compiled, the same bytes each time.

    targets          Lambda, or this machine
    packages         installs the pinned requirements, once
    trimming         removes what no function reads
    service_models   cuts botocore's service models down to the operations that are called
    bytecode         compiles, so that Lambda does not at each cold start

`sam build` calls it by way of functions/Makefile, in a copy of the folder `functions`: `python3.13 -m build_artefact`.
`local/artefact.py` calls it for the local stack, the tests and `sam local`. It needs nothing but Python and pip.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

from build_artefact import bytecode
from build_artefact.packages import packages
from build_artefact.targets import Target

FUNCTIONS = Path(__file__).parents[1]


def build(folder: Path, target: Target, cache: Path) -> None:
    """Fill `folder` with the artefact. The packages are made once and kept below `cache`.

    It is compiled only if this Python is the target's: another version's bytecode would not be read.
    """
    shutil.copytree(packages(target, cache), folder, dirs_exist_ok=True)
    for source, name in code():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, folder / name)
        if target.is_this_python:
            bytecode.compiled(folder, name)


def code() -> Iterator[tuple[Path, str]]:
    """Yield each file of the functions' own code, and its name below their folder. This package is not among them."""
    for source in sorted(FUNCTIONS.rglob("*.py")):
        name = source.relative_to(FUNCTIONS)
        if name.parts[0] != __name__:
            yield source, name.as_posix()
