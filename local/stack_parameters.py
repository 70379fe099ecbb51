"""The template's parameters as people give them: `make up PARAMETERS="GiveUpSeconds=120 ModelPrefix=models/"`."""

import shlex
from typing import Any

import yaml

from local.artefact import ROOT
from neptune_training.model.problems import meant


class BadParameters(Exception):  # noqa: N818
    """Say that the text cannot be read, or names a parameter that the template does not have."""


def parse(text: str) -> dict[str, str]:
    """Return values by parameter: `{"GiveUpSeconds": "120"}`. Quote a value with spaces. Raises BadParameters."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise BadParameters(f"PARAMETERS cannot be read: {error}. Quote a value as for a shell") from None
    return dict(map(pair, words))


def pair(word: str) -> tuple[str, str]:
    """Return a parameter and its value, `NAME=VALUE`. Raises BadParameters."""
    name, equals, value = word.partition("=")
    if not equals:
        raise BadParameters(f"{word} is not a parameter with a value. Write NAME=VALUE, such as GiveUpSeconds=120")
    names = declared()
    if name not in names:
        remedy = meant(name, names) or "Look up its name below Parameters in template.yaml"
        raise BadParameters(f"template.yaml declares no parameter {name}. {remedy}")
    return name, value


def declared() -> list[str]:
    """Return the names of the template's parameters."""
    document: Any = yaml.compose((ROOT / "template.yaml").read_text())  # nodes only: the tags are CloudFormation's own
    sections = {key.value: value for key, value in document.value}
    return [key.value for key, _ in sections["Parameters"].value]
