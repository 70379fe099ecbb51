"""`parameters.yaml`: the template's parameters, as `sam deploy --parameter-overrides file://…` reads them."""

from pathlib import Path

import yaml

from cli.exits import CommandError

EXAMPLE = "NeptuneEndpointUrl: https://…:8182"


def read(path: Path) -> dict[str, str]:
    """Return the parameters in a file by their names, their values as text. Raises `CommandError`."""
    try:
        said = yaml.safe_load(path.read_text())
    except OSError as error:
        raise CommandError(
            f"{path} cannot be read: {error.strerror}.", "Write one: neptune-training configure"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CommandError(
            f"{path} is not valid YAML: {error}", f"It has a line for each parameter, such as {EXAMPLE}"
        ) from None
    if not isinstance(said, dict):
        raise CommandError(f"{path} has no parameters.", f"It has a line for each parameter, such as {EXAMPLE}")
    return {str(name): _text(value) for name, value in said.items()}


def _text(value: object) -> str:
    """Return a value as CloudFormation takes it: a list's items with commas between them, true and false."""
    if isinstance(value, list):
        return ",".join(map(_text, value))
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
