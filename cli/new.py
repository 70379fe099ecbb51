"""`neptune-training new`: a small model directory to begin with."""

import json
import shutil
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from cli.exits import CommandError, Exit
from cli.screen import say

EXAMPLE = Path(__file__).parent / "example-model"
SCHEMAS = Path(__file__).parent / "schemas"
SCHEMAS_BESIDE = ".schemas"  # in the new directory, so that an editor finds them wherever the directory is moved


def new(model: Annotated[Path, Parameter(help="The directory to write; it must not exist, or be empty.")], /) -> int:
    """Write a small model directory to begin with: scripts that train, and JSON files that name their schemas.

    Fill `training.py` and `transform.py` with your model, then check it. Needs no AWS access.

    For example:

        neptune-training new models/fraud
        neptune-training check models/fraud
    """
    if model.exists() and (not model.is_dir() or any(model.iterdir())):
        raise CommandError(f"{model} exists already, and is not empty.", "Name a new directory.")
    model.mkdir(parents=True, exist_ok=True)
    for source in sorted(path for path in EXAMPLE.iterdir() if path.is_file()):
        target = model / source.name
        if source.suffix == ".json":
            write_with_schema(source, target)
        else:
            shutil.copyfile(source, target)
        say(f"wrote {target}")
    say(("Next", "bold"), f": neptune-training check {model}")
    return Exit.FINE


def write_with_schema(source: Path, target: Path) -> None:
    """Copy a JSON file, with its schema as `$schema`, and the schema beside it. An editor then completes and checks."""
    schema = SCHEMAS / f"{source.stem}.schema.json"
    folder = target.parent / SCHEMAS_BESIDE
    folder.mkdir(exist_ok=True)
    shutil.copyfile(schema, folder / schema.name)
    content: dict[str, Any] = json.loads(source.read_text())
    document = {"$schema": f"{SCHEMAS_BESIDE}/{schema.name}", **content}
    target.write_text(f"{json.dumps(document, indent=2)}\n")
