"""From what was asked to what is sent: defaults, overrides, limits, and every problem at once."""

from typing import Annotated, Any

import pytest
from pydantic import create_model

from neptune_training.checks import request
from neptune_training.model.parameters import ModelParameters, TrainingRequest
from neptune_training.model.problems import Invalid, Problem
from neptune_training.model.settings import Limit, Limits, Settings
from neptune_training.model.triggers import Trigger, TriggerKind

SETTINGS = Settings(
    training_jobs_table="TrainingJobs",
    neptune_endpoint_url="https://neptune.invalid:8182",
    model_bucket="models",
    model_prefix="models/",
    train_model_s3_location="s3://trained/jobs",
    limits=Limits(
        instanceTypes=("ml.g5.*", "ml.p3.2xlarge"),
        maxHPONumberOfTrainingJobs=50,
        trainingTimeOutInSeconds=86_400,
        trainingInstanceVolumeSizeInGB=500,
    ),
    defaults={"dataProcessingJobId": "processed", "trainingInstanceType": "ml.g5.2xlarge"},
)
DERIVED = {
    "id": "model-1",
    "trainModelS3Location": "s3://trained/jobs/model-1",
    "customModelTrainingParameters": {"sourceS3DirectoryPath": "s3://models/models/fraud/"},
}


def upload(asked: dict[str, Any]) -> dict[str, Any]:
    return request.build(asked, SETTINGS, kind=TriggerKind.UPLOAD, derived=DERIVED).model_dump(exclude_none=True)


def event(asked: dict[str, Any], settings: Settings = SETTINGS) -> dict[str, Any]:
    derived = {name: DERIVED[name] for name in ("id", "trainModelS3Location")}
    return request.build(asked, settings, kind=TriggerKind.EVENT, derived=derived).model_dump(exclude_none=True)


def refusal(send: Any, asked: dict[str, Any]) -> dict[str, Problem]:
    with pytest.raises(Invalid) as raised:
        send(asked)
    return {reason.field: reason for reason in raised.value.problems}


def test_an_upload_that_asks_for_nothing_gets_the_stacks_defaults_and_what_follows_from_its_place() -> None:
    assert upload({}) == {"dataProcessingJobId": "processed", "trainingInstanceType": "ml.g5.2xlarge", **DERIVED}


def test_what_is_asked_overrides_the_default() -> None:
    assert upload({"dataProcessingJobId": "newer"})["dataProcessingJobId"] == "newer"


def test_an_uploaders_entry_points_join_the_directory() -> None:
    asked = {"customModelTrainingParameters": {"trainingEntryPointScript": "train.py"}}
    assert upload(asked)["customModelTrainingParameters"] == {
        "sourceS3DirectoryPath": "s3://models/models/fraud/",
        "trainingEntryPointScript": "train.py",
    }


@pytest.mark.parametrize("name", sorted(TrainingRequest.model_fields.keys() - ModelParameters.model_fields.keys()))
def test_an_uploader_who_sets_what_is_the_operators_is_refused_by_name(name: str) -> None:
    reasons = refusal(upload, {name: "anything"})
    assert list(reasons) == [name]
    assert "operator" in reasons[name].remedy


def test_an_uploader_may_not_move_the_source_directory() -> None:
    path = "customModelTrainingParameters.sourceS3DirectoryPath"
    asked = {"customModelTrainingParameters": {"sourceS3DirectoryPath": "s3://other/place/"}}
    assert list(refusal(upload, asked)) == [path]


def test_an_event_may_set_everything_within_the_limits() -> None:
    asked = {
        "id": "mine",
        "dataProcessingJobId": "dp",
        "trainModelS3Location": "s3://elsewhere/out",
        "previousModelTrainingJobId": "before",
        "sagemakerIamRoleArn": "arn:aws:iam::123456789012:role/SageMaker",
        "neptuneIamRoleArn": "arn:aws:iam::123456789012:role/path/Neptune",
        "baseProcessingInstanceType": "ml.g5.xlarge",
        "trainingInstanceType": "ml.g5.xlarge",
        "trainingInstanceVolumeSizeInGB": 500,
        "trainingTimeOutInSeconds": 60,
        "maxHPONumberOfTrainingJobs": 50,
        "maxHPOParallelTrainingJobs": 50,
        "subnets": ["subnet-0123abcd"],
        "securityGroupIds": ["sg-0123abcd"],
        "volumeEncryptionKMSKey": "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "s3OutputEncryptionKMSKey": "alias/mine",
        "enableManagedSpotTraining": True,
        "customModelTrainingParameters": {"sourceS3DirectoryPath": "s3://models/models/fraud/"},
    }
    assert event(asked) == asked


@pytest.mark.parametrize(
    ("name", "value", "parameter"),
    [
        ("maxHPONumberOfTrainingJobs", 51, "MaxHPONumberOfTrainingJobsLimit"),
        ("trainingTimeOutInSeconds", 86_401, "TrainingTimeOutInSecondsLimit"),
        ("trainingInstanceVolumeSizeInGB", 501, "TrainingInstanceVolumeSizeInGBLimit"),
        ("trainingInstanceType", "ml.p4d.24xlarge", "AllowedInstanceTypes"),
        ("baseProcessingInstanceType", "ml.r5.24xlarge", "AllowedInstanceTypes"),
    ],
)
@pytest.mark.parametrize("send", [upload, event], ids=["upload", "event"])
def test_over_the_operators_limit_is_refused_with_value_limit_and_who_can_raise_it(
    send: Any, name: str, value: object, parameter: str
) -> None:
    reason = refusal(send, {name: value})[name]
    assert str(value) in str(reason.value)
    assert parameter in reason.remedy


def test_what_is_not_said_counts_as_neptunes_own_default_against_the_limits() -> None:
    strict = SETTINGS.model_copy(update={"limits": Limits(trainingTimeOutInSeconds=3600)})
    assert "trainingTimeOutInSeconds" in refusal(lambda asked: event(asked, strict), {})


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("s3://models/models", "is inside the upload folder"),
        ("s3://models/models/", "is inside the upload folder"),
        ("s3://models/models/x/out", "is inside the upload folder"),
        ("s3://models", "contains the upload folder"),
        ("s3://models/", "contains the upload folder"),
    ],
)
def test_output_that_could_start_new_trainings_is_refused(place: str, said: str) -> None:
    reasons = refusal(event, {"trainModelS3Location": place})
    assert list(reasons) == ["trainModelS3Location"]
    assert reasons["trainModelS3Location"].problem.startswith(said)


@pytest.mark.parametrize("models", ["a/models/", "a/b/models/"])
def test_output_into_a_folder_above_the_upload_folder_is_refused(models: str) -> None:
    deep = SETTINGS.model_copy(update={"model_prefix": models})
    reasons = refusal(lambda asked: event(asked, deep), {"trainModelS3Location": "s3://models/a/"})
    assert list(reasons) == ["trainModelS3Location"]


@pytest.mark.parametrize(
    "place",
    ["s3://models/model", "s3://models/models-trained", "s3://models/modelsX", "s3://model", "s3://models/x/models/"],
)
def test_output_beside_the_upload_folder_is_sent_without_a_slash_at_its_end(place: str) -> None:
    assert event({"trainModelS3Location": place})["trainModelS3Location"] == place.rstrip("/")


@pytest.mark.parametrize(("typed", "meant"), [("trainingInstanceTyp", "trainingInstanceType"), ("subnet", "subnets")])
def test_an_unknown_name_is_refused_with_the_nearest_known_one(typed: str, meant: str) -> None:
    assert refusal(event, {typed: "x"})[typed].remedy == f'Did you mean "{meant}"?'


@pytest.mark.parametrize("name", ["modelName", "enableInterContainerTrafficEncryption"])
def test_what_only_samples_show_is_refused_with_the_reason(name: str) -> None:
    assert "samples" in refusal(event, {name: "x"})[name].problem


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", "has_underscore"),
        ("id", "x" * 49),
        ("dataProcessingJobId", ""),
        ("dataProcessingJobId", 7),
        ("trainModelS3Location", "https://bucket/key"),
        ("trainModelS3Location", "s3://bucket/line\nbreak"),
        ("sagemakerIamRoleArn", "SageMaker"),
        ("trainingInstanceType", "g5.xlarge"),
        ("trainingInstanceVolumeSizeInGB", -1),
        ("trainingTimeOutInSeconds", 0),
        ("maxHPONumberOfTrainingJobs", 0),
        ("maxHPONumberOfTrainingJobs", "10"),
        ("maxHPONumberOfTrainingJobs", 2.5),
        ("maxHPOParallelTrainingJobs", True),
        ("subnets", "subnet-1"),
        ("subnets", ["vpc-1"]),
        ("securityGroupIds", ["default"]),
        ("volumeEncryptionKMSKey", "not a key"),
        ("enableManagedSpotTraining", "yes"),
        ("customModelTrainingParameters", "s3://x"),
    ],
)
def test_a_wrong_value_is_refused_by_field_with_value_and_what_to_write(name: str, value: object) -> None:
    (reason,) = [each for field, each in refusal(event, {name: value}).items() if field.partition("[")[0] == name]
    assert reason.value is not None
    assert reason.remedy.startswith(("Set it to", "Choose"))


def test_more_parallel_trials_than_trials_is_refused() -> None:
    asked = {"maxHPONumberOfTrainingJobs": 3, "maxHPOParallelTrainingJobs": 4}
    assert list(refusal(event, asked)) == ["maxHPOParallelTrainingJobs"]


def test_a_data_processing_job_that_nobody_names_is_refused_with_both_remedies() -> None:
    bare = SETTINGS.model_copy(update={"defaults": {"trainingInstanceType": "ml.g5.xlarge"}})
    reason = refusal(lambda asked: event(asked, bare), {})["dataProcessingJobId"]
    assert "ask the operator" in reason.remedy


def test_all_problems_are_reported_at_once() -> None:
    asked = {"typo": 1, "id": "a b", "maxHPONumberOfTrainingJobs": 99, "trainingInstanceType": 5}
    assert set(refusal(event, asked)) == set(asked)


@pytest.mark.parametrize(("asked", "parallel"), [(1, 1), (2, 2), (7, 2)])
def test_fewer_trials_than_the_stacks_default_for_parallel_ones_run_all_at_once(asked: int, parallel: int) -> None:
    neptunes = 2
    assert upload({"maxHPONumberOfTrainingJobs": asked}).get("maxHPOParallelTrainingJobs", neptunes) == parallel


def test_null_says_nothing_and_leaves_the_stacks_default() -> None:
    asked = {"trainingInstanceType": None, "customModelTrainingParameters": {"trainingEntryPointScript": None}}
    assert upload(asked) == upload({})


@pytest.mark.parametrize("folder", ["/", "/x", "./x", "x/../models", "x/."])
def test_a_place_for_trained_models_that_two_readers_may_take_for_different_ones_is_refused(folder: str) -> None:
    reasons = refusal(event, {"trainModelS3Location": f"s3://elsewhere/{folder}"})
    assert list(reasons) == ["trainModelS3Location"]


def test_a_trigger_of_a_kind_that_only_a_later_version_knows_can_set_nothing() -> None:
    for name in TrainingRequest.model_fields:
        with pytest.raises(Invalid) as raised:
            request.build({name: "anything"}, SETTINGS, kind=TriggerKind.UNKNOWN, derived=DERIVED)
        assert "must not be set" in raised.value.problems[0].problem
    built = request.build({}, SETTINGS, kind=TriggerKind.UNKNOWN, derived=DERIVED)
    assert built.trainModelS3Location == DERIVED["trainModelS3Location"]


def test_a_kind_that_only_a_later_version_knows_is_read_and_written_back() -> None:
    stored = {"kind": "console", "identity": "console 7"}
    trigger = Trigger.model_validate(stored)
    assert trigger.kind is TriggerKind.UNKNOWN
    assert trigger.model_dump(exclude_none=True) == stored


ALLOWED = {"trainingInstanceType": "ml.g5.2xlarge"}


@pytest.mark.parametrize(
    ("name", "value"), [("maxHPOParallelTrainingJobs", 9), ("trainingTimeOutInSeconds", 60)], ids=["new", "narrowed"]
)
def test_a_limit_is_enforced_because_it_is_declared(name: str, value: int) -> None:
    at_most = Annotated[int, Limit("NewLimit", of=(name,))]
    limits = create_model("More", __base__=Limits, newLimit=(at_most, value - 1))()
    assert [each.field for each in request.over_limits({**ALLOWED, name: value}, limits)] == [name]


def test_a_limit_that_does_not_say_what_it_limits_is_an_error() -> None:
    with pytest.raises(TypeError, match=r"newLimit, other$"):
        create_model("More", __base__=Limits, newLimit=(int, 7), other=(int, 8))


def test_an_entry_point_at_the_top_level_is_answered_with_its_right_place() -> None:
    [problem] = refusal(upload, {"trainingEntryPointScript": "train.py"}).values()
    assert problem.remedy == "Set customModelTrainingParameters.trainingEntryPointScript instead"
