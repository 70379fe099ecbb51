"""Compile to bytecode that is never checked against its source: Lambda would otherwise compile at each cold start."""

import compileall
from pathlib import Path
from py_compile import PycInvalidationMode


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
