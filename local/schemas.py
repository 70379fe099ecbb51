"""Write the JSON Schemas of the files that users write, and of the message: `python -m local.schemas`.

They are made from the models that the functions check with, so the two cannot disagree; a test keeps them in step.
A file names its schema with `"$schema": "<the schema's address>"`.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from neptune_training.announce.message import ALWAYS_IN_MESSAGE, ANNOUNCED, VERSION
from neptune_training.checks.hpo import HpoFile
from neptune_training.model.jobs import Ended, Waiting
from neptune_training.model.parameters import TrainingJobFile
from neptune_training.model.statuses import Status

DIRECTORY = Path(__file__).parent.parent / "cli" / "schemas"
FIELDS = Ended.model_fields | Waiting.model_fields  # all that a record can have


def message_fields() -> Iterator[tuple[str, Any]]:
    """Yield the fields of a message with their types, which are the record's."""
    about = "The version of the message's form. New fields do not change it"
    yield "messageVersion", Annotated[int, Field(description=about, json_schema_extra={"const": VERSION})]
    for name, description in ANNOUNCED.items():
        found = FIELDS[name]
        kind: Any = Status if name == "status" else found.annotation
        said = Annotated[kind, *found.metadata, Field(description=description)]
        yield name, said if name in ALWAYS_IN_MESSAGE else (said, None)


MESSAGE = create_model("TrainingJobMessage", __config__=ConfigDict(extra="allow"), **dict(message_fields()))
SCHEMAS: dict[str, type[BaseModel]] = {
    "model-hpo-configuration.schema.json": HpoFile,
    "training-job.schema.json": TrainingJobFile,
    "training-job-message.schema.json": MESSAGE,
}


# What readers of a schema see about a class. Docstrings are for this project's developers.
ABOUT = {
    "EvalFrequency": "How often a trial is evaluated.",
    "Problem": "A problem, or a warning. `field` is the place: an API parameter (`trainingInstanceType`), a JSON path"
    ' (`models[0]["1-tier-param"][2].range`) or an S3 key. `value` is the value found there, as JSON, shortened.'
    " `remedy` is what to do.",
    "Status": "How far the job is. COMPLETED, FAILED, STOPPED, REJECTED and SUPERSEDED are final.",
    "Trigger": "What asked for the training. `kind` is upload, event, schedule, cancellation or unknown."
    " `identity` is the same for every delivery of one trigger. `etag`, `versionId` and"
    " `sequencer` are those of the uploaded object. `time` is as the sender wrote it (ISO 8601).",
    "WaitingFor": "What a WAITING job waits for.",
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
        null = schema.get("default", ...) is None
        return self.generate_inner(schema["schema"]) if null else super().default_schema(schema)


def text(model: type[BaseModel]) -> str:
    """Return the JSON Schema of a model, as text."""
    mode: Literal["serialization", "validation"] = "serialization" if model is MESSAGE else "validation"
    made = model.model_json_schema(schema_generator=Concise, mode=mode)
    for name, definition in made["$defs"].items():
        definition["description"] = ABOUT.get(name, definition["description"])
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write them all."""
    DIRECTORY.mkdir(exist_ok=True)
    for name, model in SCHEMAS.items():
        (DIRECTORY / name).write_text(text(model), encoding="utf-8")
        print(f"wrote cli/schemas/{name}")


if __name__ == "__main__":
    main()
