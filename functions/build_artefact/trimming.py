"""Remove from the installed packages what no function reads."""

import shutil
from pathlib import Path

from build_artefact import service_models

# Parts of packages that no function imports, for HTTP APIs, other event sources and old versions.
UNUSED = (
    "aws_lambda_powertools/event_handler",
    "aws_lambda_powertools/utilities/data_classes",
    "aws_lambda_powertools/utilities/parser",
    "boto3/data",
    "boto3/examples",
    "pydantic/v1",
)


def trim(folder: Path) -> None:
    """Remove programs, type stubs, parts of packages that no function imports, and botocore's other service models."""
    for each in sorted(folder.rglob("*")):
        if each.is_file() and not is_needed(each.relative_to(folder)):
            each.unlink()
    for name in UNUSED:
        shutil.rmtree(folder / name)
    service_models.trim(folder / "botocore" / "data")
    for each in sorted(folder.rglob("*"), reverse=True):
        if each.is_dir() and not any(each.iterdir()):
            each.rmdir()


def is_needed(name: Path) -> bool:
    """Return False for a file that no function reads. RECORD names the programs, whose first line is this machine's."""
    if name.parts[:2] == ("botocore", "data"):
        return service_models.is_needed(Path(*name.parts[2:]))
    of_pip = name.parts[0] == "bin" or name.name in {"RECORD", "REQUESTED", "INSTALLER", "py.typed"}
    return not of_pip and name.suffix != ".pyi"
