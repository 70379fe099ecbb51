"""The library's pydantic models: all are valid, and a cold start builds none that it does not use."""

import json
import os
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from pydantic import BaseModel

import neptune_training

FUNCTIONS = Path(__file__).parents[1] / "functions"
BUILT = """
import json, sys
from pydantic import BaseModel
for name in ("start", "step", "track"):
    __import__(name)
def models(base):
    for each in base.__subclasses__():
        yield each
        yield from models(each)
ours = [each for each in models(BaseModel) if each.__module__.startswith("neptune_training.")]
print(json.dumps({"all": len(ours), "built": sorted({each.__name__ for each in ours if each.__pydantic_complete__})}))
"""


def models(base: type[BaseModel] = BaseModel) -> Iterator[type[BaseModel]]:
    for each in base.__subclasses__():
        if each.__module__.startswith("neptune_training."):
            yield each
        yield from models(each)


def all_models() -> list[type[BaseModel]]:
    for module in pkgutil.walk_packages(neptune_training.__path__, "neptune_training."):
        if not module.name.endswith("parsing_child"):  # a program
            import_module(module.name)
    return sorted({*models()}, key=lambda model: model.__qualname__)


@pytest.mark.parametrize("model", all_models())
def test_a_model_that_is_built_when_first_used_is_valid(model: type[BaseModel]) -> None:
    model.model_rebuild()
    assert model.__pydantic_complete__


def test_a_cold_start_builds_no_model_before_it_uses_one() -> None:
    environment = {**os.environ, "PYTHONPATH": str(FUNCTIONS), "POWERTOOLS_METRICS_NAMESPACE": "x"}
    done = subprocess.run([sys.executable, "-c", BUILT], env=environment, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found["all"] > 20
    assert found["built"] == []
