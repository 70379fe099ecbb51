"""Cut botocore's data down to the operations that the functions call: it reads a model for each client it makes.

tests/world/calls.py holds `OPERATIONS` to the calls that the functions make in the tests.
"""

import gzip
import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

OPERATIONS = {
    "dynamodb": {"GetItem", "PutItem", "Query", "TransactWriteItems", "UpdateItem"},
    "events": {"PutEvents"},
    "lambda": {"Invoke"},
    "logs": {"DescribeLogStreams", "GetLogEvents"},
    "neptunedata": {
        "CancelMLModelTrainingJob",
        "GetMLDataProcessingJob",
        "GetMLModelTrainingJob",
        "StartMLModelTrainingJob",
    },
    "s3": {"GetObject", "HeadObject", "ListObjectsV2", "PutObject"},
    "sagemaker": {"DescribeHyperParameterTuningJob"},
    "sns": {"Publish"},
}
# What botocore reads for every client.
FOR_ALL_SERVICES = {"_retry.json", "endpoints.json", "partitions.json", "sdk-default-configuration.json"}
FOR_EACH_SERVICE = {"service-2", "service-2.sdk-extras", "endpoint-rule-set-1", "paginators-1"}


def trim(data: Path) -> None:
    """Trim the models in botocore's folder `data`."""
    for service, operations in OPERATIONS.items():
        *older, newest = sorted((data / service).iterdir())  # botocore uses the newest
        for version in older:
            shutil.rmtree(version)
        trim_service(newest, operations)
    write(data / "endpoints.json", trimmed_endpoints(read(data / "endpoints.json")))


def is_needed(name: Path) -> bool:
    """Return True if a client of one of the services reads this file of the folder `data`."""
    return name.parts[0] in (FOR_ALL_SERVICES if len(name.parts) == 1 else OPERATIONS)


def trim_service(version: Path, operations: set[str]) -> None:
    """Keep of a service's model what the operations need."""
    for each in [*version.iterdir()]:
        kind = each.name.removesuffix(".gz").removesuffix(".json")
        if kind not in FOR_EACH_SERVICE:
            each.unlink()
        elif kind == "service-2":
            model = read(each)
            each.unlink()
            write(version / "service-2.json", trimmed_model(model, operations))


def trimmed_model(model: dict[str, Any], operations: set[str]) -> dict[str, Any]:
    """Return a service model with these operations, the shapes that they lead to, and no documentation."""
    kept = {name: each for name, each in model["operations"].items() if name in operations}
    if missing := operations - kept.keys():
        raise SystemExit(f"botocore's model has no {', '.join(sorted(missing))}")
    reached: set[str] = set()
    waiting = [*named_shapes(kept)]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += named_shapes(model["shapes"][name])
    shapes = {name: each for name, each in model["shapes"].items() if name in reached}
    trimmed: dict[str, Any] = without_documentation({**model, "operations": kept, "shapes": shapes})
    return trimmed


def named_shapes(value: Any) -> Iterator[str]:
    """Yield the names of all shapes that a part of a model refers to, as `{"shape": "String"}`."""
    if isinstance(value, Mapping):
        if isinstance(value.get("shape"), str):
            yield value["shape"]
        for each in value.values():
            yield from named_shapes(each)
    elif isinstance(value, list):
        for each in value:
            yield from named_shapes(each)


def without_documentation(value: Any) -> Any:
    """Return a part of a model with empty texts in place of those that describe it: botocore reads some of them."""
    if isinstance(value, Mapping):
        return {
            name: "" if name == "documentation" and isinstance(each, str) else without_documentation(each)
            for name, each in value.items()
        }
    return [without_documentation(each) for each in value] if isinstance(value, list) else value


def trimmed_endpoints(endpoints: dict[str, Any]) -> dict[str, Any]:
    """Return the partitions and regions, with the endpoints of the services that are called only."""
    prefixes = {*OPERATIONS, "neptune-db", "api.sagemaker"}
    partitions = [
        {**each, "services": {name: one for name, one in each["services"].items() if name in prefixes}}
        for each in endpoints["partitions"]
    ]
    return {**endpoints, "partitions": partitions}


def read(file: Path) -> Any:
    """Return the content of a JSON file, which may be compressed."""
    content = file.read_bytes()
    return json.loads(gzip.decompress(content) if file.suffix == ".gz" else content)


def write(file: Path, value: Any) -> None:
    """Write a JSON file without spaces: botocore reads it at each cold start."""
    file.write_text(json.dumps(value, separators=(",", ":")))
