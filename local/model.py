"""A model's directory on this machine, and its upload."""

from pathlib import Path
from typing import Any

from neptune_training.checks.events import CONFIGURATION

EXAMPLE = Path(__file__).parent.parent / "cli" / "example-model"


class NoModel(Exception):  # noqa: N818
    """Say that there is no model to upload at that path."""


def files(directory: Path) -> list[Path]:
    """Return the files of a model, its configuration last, as an upload should have it. Raises `NoModel`."""
    if not directory.is_dir():
        raise NoModel(
            f"{directory}: there is no such directory. Give a model's directory: make run MODEL=path/to/model"
        )
    if not (directory / CONFIGURATION).is_file():
        raise NoModel(f"{directory / CONFIGURATION}: there is no such file. Put it beside the model's scripts")
    found = [path for path in directory.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    if odd := next((path for path in found if not is_unicode(path)), None):
        raise NoModel(f"{odd}: S3 takes no such file name. Rename it with characters of UTF-8")
    return sorted(found, key=lambda path: (path == directory / CONFIGURATION, path))


def is_unicode(path: Path) -> bool:
    """Return whether the path's bytes are UTF-8."""
    return not any("\ud800" <= each <= "\udfff" for each in str(path))


def upload(s3: Any, directory: Path, bucket: str, prefix: str) -> None:
    """Upload a model below `prefix`; its configuration, which starts the training, comes last."""
    for path in files(directory):
        s3.upload_file(str(path), bucket, f"{prefix}{path.relative_to(directory).as_posix()}")
