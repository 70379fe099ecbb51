"""A new model directory is ready to upload as it is, and nothing that is there is overwritten."""

import json
from pathlib import Path

import jsonschema

from tests.cli.test_jobs import Program


def test_a_new_model_is_ready_to_upload(program: Program, tmp_path: Path) -> None:
    model = tmp_path / "models" / "fraud"
    assert program("new", str(model)).code == 0
    checked = program("check", str(model), "--json")
    assert (checked.code, checked.json["ready"], checked.json["warnings"]) == (0, True, [])


def test_its_json_files_name_schemas_beside_them_that_they_conform_to(program: Program, tmp_path: Path) -> None:
    program("new", str(tmp_path / "fraud"))
    for name in ("training-job.json", "model-hpo-configuration.json"):
        document = json.loads((tmp_path / "fraud" / name).read_text())
        schema = json.loads((tmp_path / "fraud" / document["$schema"]).read_text())
        jsonschema.validate(document, schema)


def test_a_directory_that_is_not_empty_and_a_file_are_left_as_they_are(program: Program, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("mine")
    for taken in (tmp_path, tmp_path / "mine.py"):
        done = program("new", str(taken))
        assert (done.code, "exists already" in done.err) == (2, True)
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("mine.py", "mine")]
