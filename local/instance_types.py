"""Renew the list of instance types from botocore's service model of SageMaker: `python -m local.instance_types`."""

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from botocore.loaders import Loader

from neptune_training.checks import instance_types

ENUMS = ("TrainingInstanceType", "ProcessingInstanceType")


def of_sagemaker() -> set[str]:
    """Return the instance types that SageMaker's API lists for training and processing."""
    model: Any = Loader().load_service_model("sagemaker", "service-2")
    return {each for name in ENUMS for each in model["shapes"][name]["enum"]}


def lines(types: Iterable[str]) -> list[str]:
    """Return one line for each family, with its sizes from the smallest on: `ml.g5 xlarge 2xlarge`."""
    families = defaultdict[str, list[str]](list)
    for family, _, size in (each.rpartition(".") for each in types):
        families[family].append(size)
    return [" ".join((family, *sorted(families[family], key=order))) for family in sorted(families)]


def order(size: str) -> tuple[int, str]:
    """Return the key by which sizes are sorted: `medium` before `xlarge` before `2xlarge`."""
    number = re.match(r"\d*", size)
    return (int(number[0]) if number and number[0] else -("xlarge" not in size), size)


def main() -> None:
    """Replace the list in the module."""
    module = Path(instance_types.__file__)
    listed = "\n".join(("", *lines(of_sagemaker()), ""))
    module.write_text(module.read_text().replace(instance_types.LISTED, listed))


if __name__ == "__main__":
    main()
