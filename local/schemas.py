"""Write the JSON Schemas of the files that users write, for their editors: `python -m local.schemas`.

They are made from the models that the functions check with, so the two cannot disagree; a test keeps them in step.
A file names its schema with `"$schema": "<the schema's address>"`.
"""

import json
from pathlib import Path

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from neptune_training.checks.hpo import HpoFile
from neptune_training.model.parameters import TrainingJobFile

DIRECTORY = Path(__file__).parent.parent / "cli" / "schemas"
SCHEMAS: dict[str, type[BaseModel]] = {
    "model-hpo-configuration.schema.json": HpoFile,
    "training-job.schema.json": TrainingJobFile,
}


class Concise(GenerateJsonSchema):
    """Make schemas without titles that repeat names, and without null for keys that can be left out."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002
        """Return False: the name is enough."""
        return False

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """Return the schema without null: such a key is left out."""
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Return the schema without a default of null."""
        return {
            key: value for key, value in super().default_schema(schema).items() if (key, value) != ("default", None)
        }


def text(model: type[BaseModel]) -> str:
    """Return the JSON Schema of a model, as text."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **model.model_json_schema(schema_generator=Concise),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write them all."""
    DIRECTORY.mkdir(exist_ok=True)
    for name, model in SCHEMAS.items():
        (DIRECTORY / name).write_text(text(model), encoding="utf-8")
        print(f"wrote cli/schemas/{name}")


if __name__ == "__main__":
    main()
