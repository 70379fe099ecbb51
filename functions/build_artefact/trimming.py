"""Remove from the installed packages what no function reads."""

import shutil
from pathlib import Path

from build_artefact import service_models

# Folders and modules that no function imports. tests/e2e/test_artefact.py holds what stays to that.
UNUSED = (
    "annotated_types/test_cases.py",
    "aws_lambda_powertools/event_handler",
    "aws_lambda_powertools/middleware_factory",
    "aws_lambda_powertools/utilities/auth_alpha",
    "aws_lambda_powertools/utilities/batch",
    "aws_lambda_powertools/utilities/circuit_breaker",
    "aws_lambda_powertools/utilities/data_classes",
    "aws_lambda_powertools/utilities/data_masking",
    "aws_lambda_powertools/utilities/feature_flags",
    "aws_lambda_powertools/utilities/idempotency",
    "aws_lambda_powertools/utilities/kafka",
    "aws_lambda_powertools/utilities/metadata",
    "aws_lambda_powertools/utilities/parameters",
    "aws_lambda_powertools/utilities/parser",
    "aws_lambda_powertools/utilities/serialization.py",
    "aws_lambda_powertools/utilities/streaming",
    "aws_lambda_powertools/utilities/validation",
    "boto3/crt.py",
    "boto3/data",
    "boto3/examples",
    "botocore/crt/auth.py",
    "botocore/stub.py",
    "dateutil/easter.py",
    "dateutil/rrule.py",
    "dateutil/tz/win.py",
    "dateutil/tzwin.py",
    "dateutil/zoneinfo",
    "packaging/dependency_groups.py",
    "packaging/direct_url.py",
    "packaging/licenses",
    "packaging/metadata.py",
    "packaging/pylock.py",
    "pydantic/experimental",
    "pydantic/mypy.py",
    "pydantic/v1",
    "s3transfer/crt.py",
    "s3transfer/processpool.py",
    "tenacity/tornadoweb.py",
    "urllib3/contrib",
)


def trim(folder: Path) -> None:
    """Remove programs, type stubs, parts of packages that no function imports, and botocore's other service models."""
    for each in sorted(folder.rglob("*")):
        if each.is_file() and not is_needed(each.relative_to(folder)):
            each.unlink()
    for name in UNUSED:
        if name.endswith(".py"):
            (folder / name).unlink()
        else:
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
