"""Our parameters are StartMLModelTrainingJob's, no more and no fewer: held against botocore's own service model."""

from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from pydantic import BaseModel

from neptune_training.model.parameters import (
    CustomModelTrainingParameters,
    EntryPoints,
    ModelParameters,
    TrainingRequest,
)

SHAPE = (
    ServiceModel(Loader().load_service_model("neptunedata", "service-2"))
    .operation_model("StartMLModelTrainingJob")
    .input_shape
)
assert SHAPE
JSON_TYPES = {"string": "string", "integer": "integer", "boolean": "boolean", "list": "array", "structure": "object"}


@pytest.mark.parametrize(
    ("model", "shape"),
    [(TrainingRequest, SHAPE), (CustomModelTrainingParameters, SHAPE.members["customModelTrainingParameters"])],
    ids=["TrainingRequest", "CustomModelTrainingParameters"],
)
class TestAgainstTheServiceModel:
    def test_the_names_are_the_same(self, model: type[BaseModel], shape: Any) -> None:
        assert set(model.model_fields) == set(shape.members)

    def test_the_required_ones_are_the_same(self, model: type[BaseModel], shape: Any) -> None:
        assert {name for name, field in model.model_fields.items() if field.is_required()} == set(
            shape.required_members
        )

    def test_the_types_are_the_same(self, model: type[BaseModel], shape: Any) -> None:
        ours = model.model_json_schema(mode="serialization")["properties"]
        theirs = {name: JSON_TYPES[member.type_name] for name, member in shape.members.items()}
        assert {name: json_type(schema) for name, schema in ours.items()} == theirs

    def test_each_says_what_to_write(self, model: type[BaseModel], shape: Any) -> None:
        assert not [name for name, field in model.model_fields.items() if not field.description]


def json_type(schema: dict) -> str:
    chosen = next((each for each in schema.get("anyOf", []) if each.get("type") != "null"), schema)
    return "object" if "$ref" in chosen else chosen["type"]


def test_an_uploader_may_set_what_belongs_to_a_model_and_nothing_of_the_operators() -> None:
    assert set(TrainingRequest.model_fields) - set(ModelParameters.model_fields) == {
        "id",
        "trainModelS3Location",
        "sagemakerIamRoleArn",
        "neptuneIamRoleArn",
        "subnets",
        "securityGroupIds",
        "volumeEncryptionKMSKey",
        "s3OutputEncryptionKMSKey",
    }
    assert set(CustomModelTrainingParameters.model_fields) - set(EntryPoints.model_fields) == {"sourceS3DirectoryPath"}
