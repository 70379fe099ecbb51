"""The parameters of StartMLModelTrainingJob: what Neptune takes, and what it says of the rest."""

import re
from collections.abc import Mapping
from typing import Any, Final

from local.neptune_ml.errors import ID_CHARACTERS, ID_LENGTH, INSTANCE_TYPE, S3_LOCATION, NeptuneError

_TYPES: Final[Mapping[str, type]] = {
    "id": str,
    "previousModelTrainingJobId": str,
    "dataProcessingJobId": str,
    "trainModelS3Location": str,
    "sagemakerIamRoleArn": str,
    "neptuneIamRoleArn": str,
    "baseProcessingInstanceType": str,
    "trainingInstanceType": str,
    "trainingInstanceVolumeSizeInGB": int,
    "trainingTimeOutInSeconds": int,
    "maxHPONumberOfTrainingJobs": int,
    "maxHPOParallelTrainingJobs": int,
    "subnets": list,
    "securityGroupIds": list,
    "volumeEncryptionKMSKey": str,
    "s3OutputEncryptionKMSKey": str,
    "enableManagedSpotTraining": bool,
    "customModelTrainingParameters": dict,
}
_CUSTOM_TYPES: Final[Mapping[str, type]] = {
    "sourceS3DirectoryPath": str,
    "trainingEntryPointScript": str,
    "transformEntryPointScript": str,
}
_LEAST: Final = {
    "trainingInstanceVolumeSizeInGB": 0,  # 0 leaves the size to Neptune
    "trainingTimeOutInSeconds": 1,
    "maxHPONumberOfTrainingJobs": 1,
    "maxHPOParallelTrainingJobs": 1,
}
_S3: Final = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?", re.DOTALL)


def checked(body: object) -> dict[str, Any]:
    """Return the parameters in a request's JSON `body`, those that are null left out.

    Raises NeptuneError for the first thing that is wrong with them.
    """
    if not isinstance(body, dict):
        raise NeptuneError("BadRequestException", "The request body must be a JSON object.")
    given = _typed(body, _TYPES)
    custom = _typed(given.get("customModelTrainingParameters", {}), _CUSTOM_TYPES)
    _require(given, "dataProcessingJobId", "trainModelS3Location")
    if "customModelTrainingParameters" in given:
        _require(custom, "sourceS3DirectoryPath")
    _check_values(given)
    for location in (given["trainModelS3Location"], custom.get("sourceS3DirectoryPath")):
        if location is not None and not _S3.fullmatch(location):
            raise NeptuneError("BadRequestException", S3_LOCATION)
    return given


def check_id(given: str) -> None:
    """Raise NeptuneError unless `given` is 1 to 48 letters, digits and hyphens."""
    if not 1 <= len(given) <= 48:
        raise NeptuneError("InvalidParameterException", ID_LENGTH)
    if not re.fullmatch(r"[A-Za-z0-9-]+", given):
        raise NeptuneError("InvalidParameterException", ID_CHARACTERS)


def _typed(given: Mapping[str, Any], types: Mapping[str, type]) -> dict[str, Any]:
    present = {name: value for name, value in given.items() if value is not None}
    for name, value in present.items():
        if name not in types:
            raise NeptuneError("InvalidParameterException", f"Unknown parameter {name}.")
        # The exact type: to Python True is also an int, to Neptune it is not.
        if type(value) is not types[name] or (isinstance(value, list) and not all(isinstance(v, str) for v in value)):
            raise NeptuneError("InvalidParameterException", f"{name} has the wrong type.")
    return present


def _require(given: Mapping[str, Any], *names: str) -> None:
    for name in names:
        if not given.get(name):
            raise NeptuneError("MissingParameterException", f"Required parameter {name} is missing.")


def _check_values(given: Mapping[str, Any]) -> None:
    for name in ("id", "dataProcessingJobId", "previousModelTrainingJobId"):
        if name in given:
            check_id(given[name])
    for name in ("baseProcessingInstanceType", "trainingInstanceType"):
        if not given.get(name, "ml.").startswith("ml."):
            raise NeptuneError("InvalidParameterException", INSTANCE_TYPE)
    for name, least in _LEAST.items():
        if given.get(name, least) < least:
            raise NeptuneError("ConstraintViolationException", f"{name} must be at least {least}.")
