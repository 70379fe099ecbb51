"""`parameters.yaml`: the template's parameters, as `sam deploy --parameter-overrides file://…` reads them.

SAM turns each value into text, but not always into what the file says: `true` becomes `True`, `010` the number 10, and
JSON without quotes a Python dict. So a value that is not the same text in YAML 1.1, in YAML 1.2 and for SAM is refused.
"""

import re
from collections.abc import Container
from pathlib import Path
from typing import Any

import yaml

from cli.exits import CommandError

EXAMPLE = "NeptuneEndpointUrl: https://…:8182"
STR, NULL, INT, DATE = (f"tag:yaml.org,2002:{name}" for name in ("str", "null", "int", "timestamp"))
NUMBER_OF_YAML_1_2 = re.compile(r"[-+]?(0o[0-7]+|\d+[eE][-+]?\d+)")  # text in YAML 1.1
SAME_IN_BOTH = {INT: re.compile(r"0|-?[1-9]\d*"), DATE: re.compile(r"\d{4}-\d\d-\d\d")}


def read(path: Path, *, without: Container[str] = ()) -> dict[str, str]:
    """Return the parameters in a file by their names, their values as text; not those in `without`.

    Raises `CommandError`.
    """
    try:
        said: Any = yaml.compose(path.read_text(), yaml.SafeLoader)
    except OSError as error:
        raise CommandError(
            f"{path} cannot be read: {error.strerror}.", "Write one: neptune-training configure"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise CommandError(
            f"{path} is not valid YAML: {error}.", f"It has a line for each parameter, such as {EXAMPLE}"
        ) from None
    if not isinstance(said, yaml.MappingNode):
        raise CommandError(f"{path} has no parameters.", f"It has a line for each parameter, such as {EXAMPLE}")
    found: dict[str, str] = {}
    for key, value in said.value:
        name = str(key.value)
        if name in found:
            raise CommandError(f"{path} has {name} twice.", "Remove one of them.")
        if name not in without:
            found[name] = _text(path, name, value)
    return found


def _text(path: Path, name: str, value: Any) -> str:
    """Return a value as CloudFormation takes it: a list's items with commas between them. Raises `CommandError`."""
    if isinstance(value, yaml.SequenceNode) and not any(isinstance(each, yaml.SequenceNode) for each in value.value):
        return ",".join(text for each in value.value if (text := _text(path, name, each).strip()))
    if not isinstance(value, yaml.ScalarNode):
        raise CommandError(
            f"{path}: the value of {name} is not text.", f'Put it in quotes, JSON too: {name}: \'{{"key": "value"}}\''
        )
    if value.tag == NULL:
        return ""
    plain = value.style is None
    same = value.tag in SAME_IN_BOTH and SAME_IN_BOTH[value.tag].fullmatch(value.value)
    if not same and (value.tag != STR or (plain and NUMBER_OF_YAML_1_2.fullmatch(value.value))):
        raise CommandError(
            f"{path}: {name} is {value.value} without quotes, which SAM could change.",
            f"Write it as text: {name}: '{value.value}'",
        )
    return str(value.value)
