"""The local Neptune ML, asked through boto3 as the functions ask the real one."""

# A test's name gives the error or status that it expects as Neptune writes it.
# ruff: noqa: N802

import contextlib
import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from cli.doctor.probe import Probe
from cli.facts.aws import Aws
from cli.facts.facts import Facts
from local.neptune_ml import COMPLETED_DATA_PROCESSING_JOB, FAULTS, NeptuneML
from local.neptune_ml.__main__ import main
from local.neptune_ml.errors import ML_ERRORS
from local.neptune_ml.sagemaker import STAGES
from tests.certificates import certificate

ROOT = Path(__file__).parents[1]
ROLE = "arn:aws:iam::123456789012:role/NeptuneML"
START = "StartMLModelTrainingJob"
SAME_ID = "Another resource with same ID already exists. Please use a new ID."
SESSION = boto3.session.Session(region_name="eu-west-1")  # one for all, so that the service model is read once
ONCE = Config(retries={"total_max_attempts": 1})
UNCHECKED = Config(parameter_validation=False)


class Clock:
    def __init__(self):
        self.now = 1_700_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def neptune(clock):
    with NeptuneML(stage_seconds=10, clock=clock, seed=1) as neptune:
        yield neptune


@pytest.fixture
def connect() -> Iterator[Callable]:
    clients = []

    def connect(neptune, config=None, secret="test", **kwargs):
        client = SESSION.client(
            "neptunedata",
            endpoint_url=neptune.url,
            aws_access_key_id="test",
            aws_secret_access_key=secret,
            config=ONCE.merge(config or Config()),
            **kwargs,
        )
        clients.append(client)
        return client

    yield connect
    for client in clients:
        client.close()


@pytest.fixture
def client(neptune, connect):
    return connect(neptune)


def start(client, job_id="job", **parameters):
    given = {
        "id": job_id,
        "dataProcessingJobId": COMPLETED_DATA_PROCESSING_JOB,
        "trainModelS3Location": "s3://bucket/models",
    } | parameters
    return client.start_ml_model_training_job(**{name: value for name, value in given.items() if value is not None})


def status(client, job_id="job"):
    return client.get_ml_model_training_job(id=job_id)["status"]


def refusal(call, *args, **kwargs):
    """The error's code and text, where Neptune writes it."""
    with pytest.raises(ClientError) as raised:
        call(*args, **kwargs)
    response: Any = raised.value.response
    assert response["Error"]["Message"] == ""
    assert response["requestId"]
    return response["Error"]["Code"], response["detailedMessage"]


def control(neptune, method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{neptune.url}/_local/{path}", data, method=method)
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def eventually(condition, seconds=3.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.01)


# --- the eleven errors


def test_the_errors_and_their_statuses_are_those_of_the_service_model(client):
    for operation in (START, "GetMLModelTrainingJob", "CancelMLModelTrainingJob", "GetMLDataProcessingJob"):
        shapes = client.meta.service_model.operation_model(operation).error_shapes
        assert {shape.name: shape.metadata["error"]["httpStatusCode"] for shape in shapes} == ML_ERRORS
    assert len(ML_ERRORS) == 11


@pytest.mark.parametrize("code", sorted(ML_ERRORS))
def test_start_raises_the_documented_error_as_its_own_exception_class(code, neptune, client):
    neptune.fail(START, code, message="for a test")
    with pytest.raises(getattr(client.exceptions, code)) as raised:
        start(client)
    response: Any = raised.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == ML_ERRORS[code]
    assert response["Error"] == {"Code": code, "Message": ""}
    assert (response["code"], response["detailedMessage"]) == (code, "for a test")
    assert client.list_ml_model_training_jobs()["ids"] == []


@pytest.mark.parametrize(
    ("code", "http"), [("ThrottlingException", 500), ("AccessDeniedException", 403), ("InternalFailureException", 500)]
)
def test_start_raises_errors_of_the_service_with_the_models_status(code, http, neptune, client):
    neptune.fail(START, code)
    with pytest.raises(getattr(client.exceptions, code)) as raised:
        start(client)
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == http


# --- starting


def test_start_answers_id_arn_and_creation_time_in_milliseconds(client, clock):
    answer = start(client, "my-job")
    assert answer["id"] == "my-job"
    assert answer["arn"].endswith("/ml/modeltraining/my-job")
    assert answer["creationTimeInMillis"] == clock.now * 1000


def test_start_without_id_makes_one_that_can_be_looked_up(client):
    made = start(client, None)["id"]
    assert len(made) == 36
    assert status(client, made) == "InProgress"


def test_start_with_an_id_in_use_raises_InvalidParameterException_same_id(client):
    start(client)
    assert refusal(start, client) == ("InvalidParameterException", SAME_ID)


def test_start_with_the_id_of_an_ended_job_raises_InvalidParameterException_same_id(client, clock):
    start(client)
    clock.now += 100
    assert status(client) == "Completed"
    assert refusal(start, client) == ("InvalidParameterException", SAME_ID)


def test_start_with_an_id_in_use_is_accepted_twice_without_check_ids(connect):
    with NeptuneML(check_ids=False) as neptune:
        client = connect(neptune)
        start(client)
        start(client)
        assert neptune.summary()["ids"] == {"job": {"posts": 2, "accepted": 2}}


def test_starts_beyond_the_rate_raise_TooManyRequestsException_until_a_second_has_passed(connect, clock):
    with NeptuneML(clock=clock, starts_per_second=2) as neptune:
        client = connect(neptune)
        started = [start(client, None)["id"] for _ in range(2)]
        assert refusal(start, client)[0] == "TooManyRequestsException"
        clock.now += 1
        started.append(start(client, None)["id"])
        assert [each.started_id for each in neptune.requests if each.started_id] == started


def test_twenty_starts_of_one_id_at_once_are_one_accepted_and_nineteen_refused(neptune, connect):
    clients = [connect(neptune) for _ in range(4)]

    def attempt(number):
        try:
            start(clients[number % 4])
        except ClientError as error:
            return error.response["Error"]["Code"]
        return "accepted"

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(pool.map(attempt, range(20)))
    assert outcomes == ["InvalidParameterException"] * 19 + ["accepted"]
    assert neptune.summary()["ids"] == {"job": {"posts": 20, "accepted": 1}}


EVERY_PARAMETER = {
    "sagemakerIamRoleArn": ROLE,
    "neptuneIamRoleArn": ROLE,
    "baseProcessingInstanceType": "ml.m5.large",
    "trainingInstanceType": "ml.g5.xlarge",
    "trainingInstanceVolumeSizeInGB": 0,
    "trainingTimeOutInSeconds": 86_400,
    "maxHPONumberOfTrainingJobs": 2,
    "maxHPOParallelTrainingJobs": 2,
    "subnets": ["subnet-1"],
    "securityGroupIds": ["sg-1"],
    "volumeEncryptionKMSKey": "key",
    "s3OutputEncryptionKMSKey": "key",
    "enableManagedSpotTraining": True,
    "customModelTrainingParameters": {
        "sourceS3DirectoryPath": "s3://bucket/model/",
        "trainingEntryPointScript": "train.py",
        "transformEntryPointScript": "transform.py",
    },
}


def test_start_accepts_every_parameter_of_the_service_model(neptune, client, clock):
    start(client, "first")
    clock.now += 100
    start(client, previousModelTrainingJobId="first", **EVERY_PARAMETER)
    members = client.meta.service_model.operation_model(START).input_shape.members
    assert set(neptune.requests[-1].parameters) == set(members)


ID_LENGTH = ("InvalidParameterException", "Invalid ID provided. ID can be 1-48 alphanumeric characters.")
ID_LETTERS = ("InvalidParameterException", "Invalid ID provided. Must contain only letters, digits, or hyphens.")
INSTANCE = ("InvalidParameterException", "Invalid ML instance type.")
S3 = (
    "BadRequestException",
    "Invalid S3 URL or incorrect S3 permissions. Please check your S3 configuration.",
)
NOT_PROCESSED = ("BadRequestException", "Provided MLDataProcessing job is not completed.")


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"id": ""}, ID_LENGTH),
        ({"id": "x" * 49}, ID_LENGTH),
        ({"id": "a_b"}, ID_LETTERS),
        ({"id": "a\n"}, ID_LETTERS),
        ({"id": "é"}, ID_LETTERS),
        ({"dataProcessingJobId": "a b"}, ID_LETTERS),
        ({"dataProcessingJobId": "unknown"}, NOT_PROCESSED),
        ({"trainingInstanceType": "p3.2xlarge"}, INSTANCE),
        ({"baseProcessingInstanceType": "m5.large"}, INSTANCE),
        ({"trainModelS3Location": "bucket/models"}, S3),
        ({"trainModelS3Location": "s3://"}, S3),
        ({"customModelTrainingParameters": {"sourceS3DirectoryPath": "/tmp/model"}}, S3),
        (
            {"maxHPONumberOfTrainingJobs": 0},
            ("ConstraintViolationException", "maxHPONumberOfTrainingJobs must be at least 1."),
        ),
        ({"subnets": [1]}, ("InvalidParameterException", "subnets has the wrong type.")),
        (
            {"trainingTimeOutInSeconds": True},
            ("InvalidParameterException", "trainingTimeOutInSeconds has the wrong type."),
        ),
        (
            {"dataProcessingJobId": None},
            ("MissingParameterException", "Required parameter dataProcessingJobId is missing."),
        ),
        (
            {"trainModelS3Location": None},
            ("MissingParameterException", "Required parameter trainModelS3Location is missing."),
        ),
        (
            {"customModelTrainingParameters": {"trainingEntryPointScript": "train.py"}},
            ("MissingParameterException", "Required parameter sourceS3DirectoryPath is missing."),
        ),
    ],
)
def test_start_with_a_bad_parameter_raises_Neptunes_error_for_it(parameters, expected, neptune, connect):
    client = connect(neptune, UNCHECKED)
    assert refusal(start, client, **parameters) == expected
    assert neptune.requests[-1].accepted is False


def test_start_with_ids_of_1_and_48_characters_is_accepted(client):
    start(client, "a")
    start(client, "A-9" * 16)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "BadRequestException"),
        (b"[]", "BadRequestException"),
        (b'{"modelName": "x"}', "InvalidParameterException"),
    ],
)
def test_start_with_a_body_that_boto3_would_not_send_is_400(body, code, neptune):
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(f"{neptune.url}/ml/modeltraining", data=body)
    with raised.value as error:
        assert error.code == 400
        assert error.headers["x-amzn-errortype"] == code
        assert set(json.load(error)) == {"code", "detailedMessage", "requestId"}


def test_start_from_a_previous_job_is_accepted_only_once_that_is_completed(client, clock):
    gone = ("BadRequestException", "Provided MLModelTraining job doesn't exist.")
    assert refusal(start, client, previousModelTrainingJobId="first") == gone
    start(client, "first")
    running = ("BadRequestException", "Provided ModelTraining job has not completed.")
    assert refusal(start, client, previousModelTrainingJobId="first") == running
    clock.now += 100
    start(client, previousModelTrainingJobId="first")


def test_start_is_refused_until_its_data_processing_job_is_completed(neptune, client, clock):
    neptune.add_data_processing_job("data", status="InProgress", seconds=60)
    assert client.get_ml_data_processing_job(id="data")["status"] == "InProgress"
    assert refusal(start, client, dataProcessingJobId="data") == NOT_PROCESSED
    clock.now += 60
    answer = client.get_ml_data_processing_job(id="data")
    assert (answer["status"], answer["id"], answer["processingJob"]["status"]) == ("Completed", "data", "Completed")
    start(client, dataProcessingJobId="data")


def test_start_is_refused_for_a_failed_data_processing_job(neptune, client):
    neptune.add_data_processing_job("data", status="Failed", reason="no such file")
    assert client.get_ml_data_processing_job(id="data")["processingJob"]["failureReason"] == "no such file"
    assert refusal(start, client, dataProcessingJobId="data") == NOT_PROCESSED


def test_any_data_processing_job_is_Completed_on_demand_but_for_one_that_was_added(neptune, client):
    neptune.any_data_processing = True
    neptune.add_data_processing_job("data", status="Failed")
    assert client.get_ml_data_processing_job(id="mine")["status"] == "Completed"
    start(client, dataProcessingJobId="theirs")
    assert refusal(start, client, "another", dataProcessingJobId="data") == NOT_PROCESSED


def test_any_data_processing_job_is_Completed_but_for_that_of_doctors_probe(neptune, client):
    neptune.any_data_processing = True
    probe = Probe(Facts(Aws(SESSION), "stack")).id
    assert refusal(start, client, dataProcessingJobId=probe) == NOT_PROCESSED
    assert refusal(client.get_ml_data_processing_job, id=probe)[0] == "MLResourceNotFoundException"


# --- jobs move


def test_a_job_goes_through_its_stages_to_Completed_by_the_clock(client, clock):
    start(client)
    seen = []
    for _ in range(4):
        job = client.get_ml_model_training_job(id="job")
        seen.append((job["status"], *(job[member]["status"] for member in STAGES.values() if member in job)))
        clock.now += 10
    assert seen == [
        ("InProgress", "InProgress"),
        ("InProgress", "Completed", "InProgress"),
        ("InProgress", "Completed", "Completed", "InProgress"),
        ("Completed", "Completed", "Completed", "Completed"),
    ]


def test_a_completed_job_names_its_SageMaker_jobs_and_models_and_has_no_arn_of_its_own(client, clock):
    start(client)
    clock.now += 30
    job = client.get_ml_model_training_job(id="job")
    assert "arn" not in job
    assert job["hpoJob"]["arn"].startswith("arn:aws:sagemaker:us-east-1:000000000000:hyper-parameter-tuning-job/")
    assert len(job["hpoJob"]["name"]) <= 32
    assert job["hpoJob"]["outputLocation"] == "s3://bucket/models/job/hpo"
    assert job["hpoJob"]["name"] in job["hpoJob"]["cloudwatchLogUrl"]
    assert "failureReason" not in job["hpoJob"]
    assert [set(model) for model in job["mlModels"]] == [{"name", "arn"}]


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_job_told_to_fail_ends_Failed_in_that_stage_and_reaches_no_further_one(number, neptune, client, clock):
    stage, member = list(STAGES.items())[number]
    start(client)
    neptune.fail_job("job", stage, reason="no space left", log_url="https://logs.example/1")
    clock.now += (number + 1) * 10 - 1
    assert status(client) == "InProgress"
    clock.now += 1000
    job = client.get_ml_model_training_job(id="job")
    assert job["status"] == "Failed"
    assert job[member]["status"] == "Failed"
    assert job[member]["failureReason"] == "no space left"
    assert job[member]["cloudwatchLogUrl"] == "https://logs.example/1"
    assert "mlModels" not in job
    assert [member for member in STAGES.values() if member in job] == list(STAGES.values())[: number + 1]


def test_a_job_told_to_fail_before_it_starts_fails(neptune, client, clock):
    neptune.fail_job("job", "processing")
    start(client)
    start(client, "other")
    clock.now += 100
    assert (status(client), status(client, "other")) == ("Failed", "Completed")


def test_a_job_told_to_fail_now_is_Failed_at_once(neptune, client):
    start(client)
    neptune.fail_job("job", now=True)
    assert status(client) == "Failed"


def test_a_job_told_to_complete_is_Completed_at_once(neptune, client):
    start(client)
    neptune.complete_job("job")
    assert status(client) == "Completed"


def test_a_forgotten_job_is_absent(neptune, client):
    start(client)
    neptune.forget_job("job")
    assert refusal(status, client)[0] == "MLResourceNotFoundException"


def test_a_job_shows_a_forced_status_until_that_is_taken_back(neptune, client):
    start(client)
    neptune.force_status("job", "Pending")
    assert status(client) == "Pending"
    neptune.force_status("job", None)
    assert status(client) == "InProgress"


def test_the_share_of_failing_jobs_is_the_same_for_the_same_seed(connect):
    ends = []
    for _ in range(2):
        with NeptuneML(seed=5, fail_jobs=0.5, stage_seconds=0) as neptune:
            client = connect(neptune)
            for number in range(20):
                start(client, f"job-{number}")
            ends.append([status(client, f"job-{number}") for number in range(20)])
    assert ends[0] == ends[1]
    assert set(ends[0]) == {"Completed", "Failed"}


def test_all_jobs_fail_in_the_stage_told_for_them_by_chance(neptune, client, clock):
    neptune.fail_jobs_by_chance(1, "transform", reason="out of memory")
    start(client)
    clock.now += 30
    assert client.get_ml_model_training_job(id="job")["modelTransformJob"]["failureReason"] == "out of memory"


# --- cancel, list, look up


def test_a_cancelled_job_is_Stopping_then_Stopped_and_goes_no_further(client, clock):
    start(client)
    clock.now += 15
    assert client.cancel_ml_model_training_job(id="job", clean=True)["status"] == "Stopping"
    assert status(client) == "Stopping"
    clock.now += 10
    job = client.get_ml_model_training_job(id="job")
    assert (job["status"], job["processingJob"]["status"], job["hpoJob"]["status"]) == (
        "Stopped",
        "Completed",
        "Stopped",
    )
    assert "modelTransformJob" not in job


def test_cancel_of_an_ended_job_raises_InvalidParameterException_already_ended(client, clock):
    start(client)
    clock.now += 100
    ended = ("InvalidParameterException", "Failed to stop the job because it has already completed or failed.")
    assert refusal(client.cancel_ml_model_training_job, id="job") == ended


def test_list_gives_the_newest_ids_10_at_most_or_maxItems(client):
    for number in range(12):
        start(client, f"job-{number}")
    assert client.list_ml_model_training_jobs()["ids"] == [f"job-{number}" for number in range(11, 1, -1)]
    assert client.list_ml_model_training_jobs(maxItems=1)["ids"] == ["job-11"]


@pytest.mark.parametrize(
    ("absent", "message"),
    [
        ("MLResourceNotFoundException", "The ML resource with the given ID could not be found."),
        (
            "InvalidParameterException",
            "Invalid ID provided. Please check whether a resource with the given ID exists.",
        ),
        ("BadRequestException", "Provided MLModelTraining job doesn't exist."),
    ],
)
def test_an_unknown_job_is_absent_in_the_chosen_form(absent, message, connect):
    with NeptuneML(absent=absent) as neptune:
        client = connect(neptune)
        assert refusal(client.get_ml_model_training_job, id="job") == (absent, message)
        assert refusal(client.cancel_ml_model_training_job, id="job") == (absent, message)
        assert refusal(client.get_ml_data_processing_job, id="job") == (absent, message)


def test_a_lookup_with_an_impossible_id_raises_InvalidParameterException(client):
    assert refusal(client.get_ml_model_training_job, id="a/b c") == ID_LETTERS


def test_a_lookup_without_the_role_the_job_was_started_with_raises_MissingParameterException(connect):
    with NeptuneML(role_required=True) as neptune:
        client = connect(neptune)
        start(client, neptuneIamRoleArn=ROLE)
        start(client, "clusters-role")
        neptune.add_data_processing_job("data", role=ROLE)
        lookups = [
            (client.get_ml_model_training_job, "job"),
            (client.get_ml_data_processing_job, "data"),
            (client.cancel_ml_model_training_job, "job"),
        ]
        for lookup, job_id in lookups:
            code, message = refusal(lookup, id=job_id)
            assert code == "MissingParameterException"
            assert message.startswith("Required credentials are missing. Please add IAM role to the cluster")
            assert lookup(id=job_id, neptuneIamRoleArn=ROLE)["status"]
        assert status(client, "clusters-role") == "InProgress"


# --- faults


def test_drop_before_closes_the_connection_and_the_job_does_not_exist(neptune, client):
    neptune.fail(START, "drop-before")
    with pytest.raises(ConnectionClosedError):
        start(client)
    assert refusal(status, client)[0] == "MLResourceNotFoundException"


def test_drop_after_closes_the_connection_and_the_job_exists(neptune, client):
    neptune.fail(START, "drop-after")
    with pytest.raises(ConnectionClosedError):
        start(client)
    assert status(client) == "InProgress"


def test_slow_times_out_and_the_job_exists_at_once(neptune, connect):
    neptune.fail(START, "slow", seconds=0.3)
    with pytest.raises(ReadTimeoutError):
        start(connect(neptune, Config(read_timeout=0.1)))
    assert status(connect(neptune)) == "InProgress"


def test_slow_before_times_out_and_the_job_exists_only_later(neptune, client, connect):
    neptune.fail(START, "slow-before", seconds=0.5)
    with pytest.raises(ReadTimeoutError):
        start(connect(neptune, Config(read_timeout=0.1)))
    assert client.list_ml_model_training_jobs()["ids"] == []
    eventually(lambda: client.list_ml_model_training_jobs()["ids"] == ["job"])


def test_slow_answers_a_client_that_waits(neptune, client):
    neptune.fail(START, "slow", seconds=0.05)
    assert start(client)["id"] == "job"


@pytest.mark.parametrize("http", [500, 502, 503])
def test_error_after_raises_a_server_error_and_the_job_exists(http, neptune, client):
    neptune.fail(START, "error-after", status=http)
    with pytest.raises(ClientError) as raised:
        start(client)
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == http
    assert status(client) == "InProgress"


@pytest.mark.parametrize("http", [500, 502, 503])
def test_a_gateways_page_raises_a_server_error_and_the_job_does_not_exist(http, neptune, client):
    neptune.fail(START, f"http-{http}")
    with pytest.raises(ClientError) as raised:
        start(client)
    assert raised.value.response["Error"]["Code"] == str(http)
    assert client.list_ml_model_training_jobs()["ids"] == []


def test_not_json_is_taken_by_boto3_for_a_success_without_id_and_the_job_exists(neptune, client):
    neptune.fail(START, "not-json")
    assert "id" not in start(client)
    assert status(client) == "InProgress"


def test_a_fault_happens_as_often_as_told_and_in_the_order_told(neptune, client):
    neptune.fail(START, "TooManyRequestsException", times=2)
    neptune.fail(START, "ThrottlingException")
    codes = [refusal(start, client)[0] for _ in range(3)]
    assert codes == ["TooManyRequestsException"] * 2 + ["ThrottlingException"]
    start(client)


def test_a_fault_befalls_only_its_operation_and_its_job(neptune, client):
    neptune.fail(START, "TooManyRequestsException", job_id="other")
    neptune.fail("GetMLModelTrainingJob", "ClientTimeoutException", job_id="job")
    start(client)
    assert refusal(start, client, "other")[0] == "TooManyRequestsException"
    assert refusal(status, client)[0] == "ClientTimeoutException"
    neptune.fail("*", "PreconditionsFailedException")
    assert refusal(client.list_ml_model_training_jobs)[0] == "PreconditionsFailedException"


def test_shares_befall_their_share_of_starts_and_fall_the_same_for_the_same_seed(connect):
    answers = []
    for _ in range(2):
        with NeptuneML(seed=3, shares={"TooManyRequestsException": 0.3, "http-503": 0.2}) as neptune:
            client = connect(neptune)
            for number in range(200):
                with contextlib.suppress(ClientError):
                    start(client, f"job-{number}")
            answers.append([request.answer for request in neptune.requests])
    assert answers[0] == answers[1]
    assert 40 <= answers[0].count("TooManyRequestsException") <= 80
    assert 25 <= answers[0].count("HTTP 503") <= 55


def test_a_share_of_1_goes_on_until_faults_are_cleared(neptune, client):
    neptune.fail(START, "TooManyRequestsException", share=1)
    for _ in range(3):
        assert refusal(start, client)[0] == "TooManyRequestsException"
    neptune.clear_faults()
    start(client)


@pytest.mark.parametrize(
    "wrong",
    [
        {"fault": "no-such-fault"},
        {"fault": "drop-after", "times": 0},
        {"fault": "drop-after", "times": 1, "share": 0.5},
        {"fault": "drop-after", "share": 2},
        {"fault": "slow"},
    ],
)
def test_a_fault_that_makes_no_sense_is_a_ValueError(wrong, neptune):
    with pytest.raises(ValueError, match=r"fault|times|share|seconds"):
        neptune.fail(START, **wrong)


@pytest.mark.parametrize("wrong", [{"absent": "NotFound"}, {"fail_jobs": 2}, {"stage_seconds": -1}])
def test_an_option_that_makes_no_sense_is_a_ValueError(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        NeptuneML(**wrong)


def test_reset_leaves_nothing_and_a_slow_start_from_before_it_never_turns_up(neptune, connect):
    neptune.fail(START, "slow-before", seconds=0.15)
    neptune.add_data_processing_job("data")
    with pytest.raises(ReadTimeoutError):
        start(connect(neptune, Config(read_timeout=0.05)))
    neptune.reset()
    time.sleep(0.15)
    client = connect(neptune)
    assert client.list_ml_model_training_jobs()["ids"] == []
    assert refusal(client.get_ml_data_processing_job, id="data")[0] == "MLResourceNotFoundException"
    assert [request.operation for request in neptune.requests] == ["ListMLModelTrainingJobs", "GetMLDataProcessingJob"]


def test_a_client_that_goes_in_the_middle_of_its_request_leaves_no_trace(neptune, client):
    with socket.create_connection(("127.0.0.1", int(neptune.url.rpartition(":")[2]))) as connection:
        connection.sendall(b"POST /ml/modeltraining HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{")
    start(client)
    assert [request.answer for request in neptune.requests] == ["OK"]


def test_a_server_that_closes_while_a_request_is_under_way_closes_promptly(connect):
    with NeptuneML() as neptune:
        neptune.fail(START, "slow", seconds=60)
        with pytest.raises(ReadTimeoutError):
            start(connect(neptune, Config(read_timeout=0.05)))
        began = time.monotonic()
    assert time.monotonic() - began < 1


# --- what it was asked


def test_the_log_tells_of_each_request_whether_it_was_accepted_and_what_was_answered(neptune, client, clock):
    neptune.fail(START, "drop-after", job_id="dropped")
    neptune.fail(START, "TooManyRequestsException", job_id="throttled")
    start(client)
    for job_id, error in (("dropped", ConnectionClosedError), ("throttled", ClientError)):
        with pytest.raises(error):
            start(client, job_id)
    status(client)
    assert [(r.number, r.operation, r.id, r.accepted, r.answer, r.status, r.fault) for r in neptune.requests] == [
        (1, START, "job", True, "OK", 200, None),
        (2, START, "dropped", True, "dropped", None, "drop-after"),
        (3, START, "throttled", False, "TooManyRequestsException", 429, "TooManyRequestsException"),
        (4, "GetMLModelTrainingJob", "job", None, "OK", 200, None),
    ]
    assert neptune.requests[0].time == clock.now
    assert neptune.requests[0].parameters["trainModelS3Location"] == "s3://bucket/models"
    assert neptune.requests[3].parameters is None


def test_the_summary_counts_posts_and_acceptances_per_id_and_answers_per_operation(neptune, client):
    start(client)
    refusal(start, client)
    status(client)
    made = start(client, None)["id"]
    assert neptune.summary() == {
        "requests": 4,
        "mostInFlight": 1,
        "answers": {"OK": 3, "InvalidParameterException": 1},
        "operations": {START: {"OK": 2, "InvalidParameterException": 1}, "GetMLModelTrainingJob": {"OK": 1}},
        "ids": {"job": {"posts": 2, "accepted": 1}, made: {"posts": 1, "accepted": 1}},
    }


@pytest.mark.parametrize(("ids", "most"), [(["job", "job"], 2), (["job", "other"], 1)])
def test_the_summary_tells_how_many_posts_for_one_id_were_in_flight_at_once(ids, most, neptune, connect):
    neptune.fail(START, "slow", share=1, seconds=0.2)
    clients = [connect(neptune), connect(neptune)]

    def attempt(client, job_id):
        with contextlib.suppress(ClientError):
            start(client, job_id)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(attempt, clients, ids))
    assert neptune.summary()["mostInFlight"] == most


# --- signature and TLS


def test_a_request_signed_with_the_known_credentials_is_served(connect):
    with NeptuneML(check_signature=True) as neptune:
        client = connect(neptune, aws_session_token="token")
        start(client)
        assert client.get_ml_model_training_job(id="job", neptuneIamRoleArn=ROLE)["status"] == "InProgress"
        assert refusal(client.get_ml_model_training_job, id="é b")[0] == "InvalidParameterException"


def test_a_request_signed_with_another_secret_raises_AccessDeniedException(connect):
    with NeptuneML(check_signature=True) as neptune:
        code, message = refusal(start, connect(neptune, secret="another"))
        assert code == "AccessDeniedException"
        assert "does not match" in message
        assert neptune.summary()["ids"] == {"job": {"posts": 1, "accepted": 0}}


def test_a_request_whose_body_was_changed_after_signing_raises_AccessDeniedException(connect):
    with NeptuneML(check_signature=True) as neptune:
        client = connect(neptune)
        client.meta.events.register("before-send", _tamper)
        assert refusal(start, client)[0] == "AccessDeniedException"


def _tamper(request, **_):
    request.body = request.body.replace(b"models", b"stolen")


def test_an_unsigned_request_raises_AccessDeniedException_and_uses_up_no_fault(connect):
    with NeptuneML(check_signature=True) as neptune:
        neptune.fail(START, "TooManyRequestsException")
        unsigned = connect(neptune, Config(signature_version=UNSIGNED))
        assert refusal(start, unsigned) == ("AccessDeniedException", "Missing Authentication Token")
        assert refusal(start, connect(neptune))[0] == "TooManyRequestsException"


def test_with_a_certificate_it_speaks_https(tmp_path, connect):
    chain, key = certificate(tmp_path, "127.0.0.1")
    with NeptuneML(certificate=chain, key=key, check_signature=True) as neptune:
        assert neptune.url.startswith("https://")
        assert start(connect(neptune, verify=str(chain)))["id"] == "job"


# --- the control API


def test_control_adds_shows_and_clears_faults(neptune, client):
    asked = {"operation": START, "fault": "BadRequestException", "times": 2, "id": "job", "detailedMessage": "no"}
    code, answer = control(neptune, "POST", "faults", asked)
    assert code == 200
    assert answer["faults"][0].items() >= asked.items()
    assert refusal(start, client) == ("BadRequestException", "no")
    assert control(neptune, "GET", "faults")[1]["faults"][0]["times"] == 1
    assert control(neptune, "DELETE", "faults") == (200, {"faults": []})
    start(client)


def test_control_adds_data_processing_jobs(neptune, client, clock):
    control(neptune, "POST", "data-processing-jobs", {"id": "data", "status": "InProgress", "seconds": 5})
    assert client.get_ml_data_processing_job(id="data")["status"] == "InProgress"
    clock.now += 5
    assert client.get_ml_data_processing_job(id="data")["status"] == "Completed"


def test_control_changes_jobs(neptune, client):
    start(client)
    control(neptune, "POST", "jobs/job", {"status": "Odd"})
    assert status(client) == "Odd"
    control(neptune, "POST", "jobs/job", {"status": None})
    control(neptune, "POST", "jobs/job", {"complete": True})
    assert status(client) == "Completed"
    failure = {"fail": "hpo", "failureReason": "no", "cloudwatchLogUrl": "https://logs.example/2", "now": True}
    assert control(neptune, "POST", "jobs/job", failure) == (200, {})
    job = client.get_ml_model_training_job(id="job")
    assert job["status"] == "Failed"
    assert (job["hpoJob"]["failureReason"], job["hpoJob"]["cloudwatchLogUrl"]) == ("no", "https://logs.example/2")
    control(neptune, "POST", "jobs/job", {"forget": True})
    assert refusal(status, client)[0] == "MLResourceNotFoundException"


def test_control_lets_a_share_of_jobs_fail(neptune, client, clock):
    control(neptune, "POST", "fail-jobs", {"share": 1, "stage": "processing", "failureReason": "no"})
    start(client)
    clock.now += 10
    assert client.get_ml_model_training_job(id="job")["processingJob"]["failureReason"] == "no"


def test_control_shows_requests_and_summary_and_resets(neptune, client):
    start(client)
    status(client)
    requests = control(neptune, "GET", "requests")[1]["requests"]
    assert [request["operation"] for request in requests] == [START, "GetMLModelTrainingJob"]
    assert requests[0]["parameters"]["id"] == "job"
    assert control(neptune, "GET", "requests?since=1")[1]["requests"] == requests[1:]
    assert control(neptune, "GET", "summary")[1] == neptune.summary()
    control(neptune, "POST", "reset")
    assert control(neptune, "GET", "summary")[1]["requests"] == 0


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("faults", {"operation": START}, 400),
        ("faults", {"operation": START, "fault": "drop-after", "times": "3"}, 400),
        ("faults", ["drop-after"], 400),
        ("jobs/job", {"fail": "lunch"}, 400),
        ("jobs/job", {"explode": True}, 400),
        ("jobs/job", {"complete": True}, 404),
        ("fail-jobs", {"share": 3}, 400),
    ],
)
def test_control_says_what_is_wrong_with_a_request(path, body, code, neptune):
    answered, answer = control(neptune, "POST", path, body)
    assert answered == code
    assert answer["error"]


def test_an_operation_it_does_not_have_raises_UnsupportedOperationException(client):
    code, message = refusal(client.list_ml_endpoints)
    assert code == "UnsupportedOperationException"
    assert "/ml/endpoints" in message


# --- the command line


def test_the_command_prints_its_address_first_serves_and_ends_on_SIGTERM():
    command = [sys.executable, "-m", "local.neptune_ml", "--port", "0", "--share", "http-503=1", "--seed", "1"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        url = process.stdout.readline().strip()
        try:
            assert url.startswith("http://127.0.0.1:")
            with pytest.raises(urllib.error.HTTPError) as raised:
                urllib.request.urlopen(f"{url}/ml/modeltraining", data=b"{}")
            with raised.value as error:
                assert error.code == 503
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0


def test_the_command_says_that_its_port_is_taken_and_exits_with_1(capsys):
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        try:
            assert main(["--port", str(port)]) == 1
        finally:
            signal.signal(signal.SIGINT, before[0])
            signal.signal(signal.SIGTERM, before[1])
    assert f"port {port} of 127.0.0.1 is taken" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", ["drop-after", "drop-after=often", "lunch=0.5", "slow=0.5"])
def test_the_command_refuses_a_share_that_makes_no_sense_with_2(wrong, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["--share", wrong])
    assert "error:" in capsys.readouterr().err


def test_a_port_in_use_is_an_OSError_in_process():
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(OSError, match="in use"):
        NeptuneML(port=other.getsockname()[1]).__enter__()


def test_every_fault_is_described_in_the_readme():
    readme = (ROOT / "local/neptune_ml/README.md").read_text()
    assert [fault for fault in FAULTS if fault not in ML_ERRORS and f"`{fault}`" not in readme] == []
