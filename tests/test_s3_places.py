"""One text for each place in S3: what is checked, recorded and sent cannot be three places."""

import json
from typing import Any

import pytest
from pydantic_core import PydanticCustomError

from neptune_training.model import s3_places
from tests.world import World
from tests.world.surroundings import BUCKET
from tests.world.triggers import SCHEDULE

AMBIGUOUS = ["fraud//", "/fraud", "x//fraud", "x/../fraud", "../x", "./x", "fraud/.", "fraud/..", "//"]


def event_for(world: World, folder: str, **detail: Any) -> str:
    custom = {"sourceS3DirectoryPath": f"s3://{BUCKET}/models/{folder}"}
    return world.requested(customModelTrainingParameters=custom, **detail)


def trained(world: World, body: str) -> dict[str, Any]:
    job_id = world.start(body)["jobId"]
    world.until_quiet()
    return world.job(job_id)


@pytest.mark.parametrize(
    ("uri", "directory", "location"),
    [
        ("s3://bucket/models/fraud", "s3://bucket/models/fraud/", "s3://bucket/models/fraud"),
        ("s3://bucket/models/fraud/", "s3://bucket/models/fraud/", "s3://bucket/models/fraud"),
        ("s3://bucket", "s3://bucket/", "s3://bucket"),
        ("s3://bucket/", "s3://bucket/", "s3://bucket"),
        ("s3://bucket/a..b/.c/...", "s3://bucket/a..b/.c/.../", "s3://bucket/a..b/.c/..."),
        ("s3://bucket/a b+%2F", "s3://bucket/a b+%2F/", "s3://bucket/a b+%2F"),
    ],
)
def test_a_place_has_one_form_with_or_without_a_slash_at_its_end(uri: str, directory: str, location: str) -> None:
    assert [s3_places.directory(uri), s3_places.location(uri)] == [directory, location]
    assert [s3_places.directory(directory), s3_places.location(location)] == [directory, location]


@pytest.mark.parametrize("folder", [*(f"models/{each}" for each in AMBIGUOUS), "x" * 1_025, "é" * 600])
def test_a_place_that_two_readers_may_take_for_different_ones_has_no_form(folder: str) -> None:
    with pytest.raises(PydanticCustomError):
        s3_places.directory(f"s3://bucket/{folder}")


@pytest.mark.parametrize("folder", AMBIGUOUS)
def test_an_upload_to_such_a_place_is_rejected_by_key_and_says_what_to_do(world: World, folder: str) -> None:
    body = world.uploaded().replace("models/fraud/", f"models/{folder}/")
    world.clock.sleep(90)
    job_id = world.start(body)["jobId"]
    record = world.job(job_id)
    [reason] = record["reasons"]
    assert [record["status"], reason["field"], world.posts()] == ["REJECTED", "detail.object.key", 0]
    assert f"models/{folder}/" in reason["value"]
    assert reason["remedy"].startswith("Upload the model's directory")


@pytest.mark.parametrize("folder", AMBIGUOUS)
def test_an_event_that_names_such_a_place_is_rejected_by_field_and_says_what_to_do(world: World, folder: str) -> None:
    record = trained(world, event_for(world, folder))
    [reason] = record["reasons"]
    assert [record["status"], reason["field"]] == [
        "REJECTED",
        "customModelTrainingParameters.sourceS3DirectoryPath",
    ]
    assert [f"models/{folder}" in reason["value"], reason["remedy"][:6]] == [True, "Set it"]


@pytest.mark.parametrize("folder", ["fraud", "fraud/"])
def test_what_is_checked_recorded_and_sent_is_one_text(world: World, folder: str) -> None:
    world.put("fraud", world.model)
    world.clock.sleep(90)
    record = trained(world, event_for(world, folder, trainModelS3Location="s3://elsewhere/out/"))
    sent = record["request"]
    assert record["status"] == "COMPLETED"
    assert record["model"] == f"s3://{BUCKET}/models/fraud/"
    assert sent["customModelTrainingParameters"]["sourceS3DirectoryPath"] == record["model"]
    assert sent["trainModelS3Location"] == "s3://elsewhere/out"
    assert "training.py" in record["files"]


# --- LATEST -----------------------------------------------------------------------------------------------------------

LATEST = b'{"previousModelTrainingJobId": "LATEST"}'


def previous_of_the_next_upload(world: World) -> str | None:
    job = trained(world, world.uploaded(contents={**world.model, "training-job.json": LATEST}))
    assert job["status"] == "COMPLETED"
    previous: str | None = job["request"].get("previousModelTrainingJobId")
    return previous


def test_latest_of_an_upload_is_an_event_that_trained_exactly_its_directory(world: World) -> None:
    world.put("fraud", world.model)
    world.clock.sleep(90)
    same = trained(world, event_for(world, "fraud"))
    assert previous_of_the_next_upload(world) == same["jobId"]


@pytest.mark.parametrize(
    "change",
    [
        {"source": f"s3://{BUCKET}/models/fraud/"},
        {"detail": {"customModelTrainingParameters": {"sourceS3DirectoryPath": f"s3://{BUCKET}/models/fraud//"}}},
        {"detail": {"customModelTrainingParameters": {"sourceS3DirectoryPath": f"s3://{BUCKET}/models/x/../fraud/"}}},
        {"detail": {"customModelTrainingParameters": {"sourceS3DirectoryPath": f"s3://{BUCKET}/models/frau/"}}},
    ],
)
def test_latest_of_an_upload_is_no_job_of_an_event_that_only_looks_like_its_directory(
    world: World, change: dict[str, Any]
) -> None:
    trained(world, json.dumps({**json.loads(world.requested()), **change}))
    assert previous_of_the_next_upload(world) is None


def test_latest_of_a_long_directory_is_no_job_of_another_one_that_begins_alike(world: World) -> None:
    long = "x" * (512 - len(f"s3://{BUCKET}/models//"))
    other = trained(world, event_for(world, f"{long}/other"))
    assert other["model"] == f"s3://{BUCKET}/models/{long}/other/"


def test_latest_of_a_schedule_is_no_job_of_an_event_with_its_arn_as_source(world: World) -> None:
    forged = json.dumps({**json.loads(world.requested()), "source": SCHEDULE})
    assert trained(world, forged)["status"] == "COMPLETED"
    job = trained(world, world.ticked(previousModelTrainingJobId="LATEST"))
    assert [job["status"], "previousModelTrainingJobId" in job["request"]] == ["COMPLETED", False]
