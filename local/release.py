"""`make release`: what the release workflow attaches to a version, in `.local/release/`.

    neptune-ml-training-<version>.zip                the template with its built code: `sam deploy` needs no build
    neptune_ml_training-<version>-py3-none-any.whl   the command-line program
    neptune-ml-training-<version>.cdx.json           what the functions are made of, as CycloneDX (`make sbom`)
    SHA256SUMS                                       of these files
    notes.md                                         the version's section of CHANGELOG.md, for the release's text

The same commit makes the same bytes.
"""

import argparse
import hashlib
import platform
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from build_artefact.targets import LAMBDA, this_machine
from local import artefact
from local.artefact import KEPT, ROOT

TARGET = KEPT / "release"
SBOM = KEPT / "sbom.json"
NAME = "neptune-ml-training"
SOURCE, BUILT = "CodeUri: functions/\n", "CodeUri: functions.zip\n"
BUILD_METHOD = re.compile(r" +Metadata: \{BuildMethod: makefile\}.*\n")


class NotReleasable(Exception):  # noqa: N818 - it says what is missing
    """Say why this checkout, or this machine, cannot build a release."""


def main() -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(prog="make release", description="Build what a release consists of.")
    parser.add_argument("--tag", help="the version's tag: refused if the checkout is of another version")
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    try:
        check(version, parser.parse_args().tag or f"v{version}")
        notes = notes_of(version, (ROOT / "CHANGELOG.md").read_text())
        build(version, notes)
    except NotReleasable as error:
        sys.exit(f"make release: {error}")
    print((TARGET / "SHA256SUMS").read_text(), end="")
    print(f"in {TARGET.relative_to(ROOT)}")
    return 0


def check(version: str, tag: str) -> None:
    """Raise `NotReleasable` if the tag is another version's, or if this machine would not build Lambda's code."""
    if tag != f"v{version}":
        raise NotReleasable(f"the tag is {tag}, and the version in pyproject.toml is {version}")
    if this_machine() != LAMBDA:
        here = f"{platform.system()} with Python {platform.python_version()}"
        raise NotReleasable(f"the functions run on Linux with Python 3.13, and this is {here}")


def build(version: str, notes: str) -> None:
    """Build all files anew."""
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir(parents=True)
    pack(TARGET / f"{NAME}-{version}.zip", artefact.build())
    shutil.copy(SBOM, TARGET / f"{NAME}-{version}.cdx.json")
    wheel = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(TARGET)]
    subprocess.run(wheel, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    (TARGET / "SHA256SUMS").write_text(checksums(TARGET))
    (TARGET / "notes.md").write_text(notes)


def pack(target: Path, functions: Path) -> None:
    """Zip the template, its code and the settings of `sam deploy`, so that this is all that a deployment needs."""
    template = target.with_name("template.yaml")
    template.write_text(with_built_code((ROOT / "template.yaml").read_text()))
    try:
        files = {name: ROOT / name for name in ("samconfig.toml", "LICENSE", "CHANGELOG.md")}
        artefact.pack(target, {**files, "template.yaml": template, "functions.zip": functions})
    finally:
        template.unlink()


def with_built_code(template: str) -> str:
    """Return the template with the zip beside it as its code. Raises `NotReleasable` if its code is not found."""
    if template.count(SOURCE) != 1:
        raise NotReleasable(f"template.yaml does not have one line {SOURCE.strip()!r}")
    return BUILD_METHOD.sub("", template.replace(SOURCE, BUILT))


def notes_of(version: str, changelog: str) -> str:
    """Return a version's section of the changelog. Raises `NotReleasable` if there is none."""
    found = re.search(rf"^## {re.escape(version)} .*?$\n(.*?)(?=^## |\Z)", changelog, re.DOTALL | re.MULTILINE)
    if not found:
        raise NotReleasable(f"CHANGELOG.md has no section {version}: move what is under Unreleased to it")
    return found[1].strip() + "\n"


def checksums(folder: Path) -> str:
    """Return the SHA-256 of each file in a folder, as `sha256sum --check` reads it."""
    sums = ((hashlib.sha256(path.read_bytes()).hexdigest(), path.name) for path in sorted(folder.iterdir()))
    return "".join(f"{digest}  {name}\n" for digest, name in sums)


if __name__ == "__main__":
    sys.exit(main())
