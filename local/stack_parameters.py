"""The template's parameters as people give them: `make up PARAMETERS="GiveUpSeconds=120 ModelPrefix=models/"`."""

import difflib
import shlex
from typing import Any

import yaml

from local.artefact import ROOT


class BadParameters(Exception):  # noqa: N818
    """The text sets no parameters of the template."""


def parse(text: str) -> dict[str, str]:
    """Return values by parameter. A value with spaces is quoted as for a shell. Raises BadParameters."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise BadParameters(f"PARAMETERS cannot be read: {error}. Quote a value as for a shell") from None
    return dict(map(pair, words))


def pair(word: str) -> tuple[str, str]:
    """Return a parameter and its value, `NAME=VALUE`. Raises BadParameters."""
    name, equals, value = word.partition("=")
    if not equals:
        raise BadParameters(f"{word} sets no parameter. Write NAME=VALUE, such as GiveUpSeconds=120")
    names = declared()
    if name not in names:
        close = difflib.get_close_matches(name, names, 1)
        raise BadParameters(
            f"template.yaml declares no parameter {name}. "
            + (f"Did you mean {close[0]}?" if close else "Look up its name below Parameters in template.yaml")
        )
    return name, value


def declared() -> list[str]:
    """Return the names of the template's parameters."""
    document: Any = yaml.compose((ROOT / "template.yaml").read_text())  # nodes only: the tags are CloudFormation's own
    sections = {key.value: value for key, value in document.value}
    return [key.value for key, _ in sections["Parameters"].value]
