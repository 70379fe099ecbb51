"""What each answer of StartMLModelTrainingJob means: the README's table, row by row, asked of the local Neptune ML."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import SSLError

import wiring
from local.neptune_ml import COMPLETED_DATA_PROCESSING_JOB, NeptuneML
from neptune_training.aws import neptune_errors
from neptune_training.aws.neptune import Absent, Found, Neptune, Unknown
from neptune_training.aws.neptune_errors import (
    AtCapacity,
    ConstraintViolated,
    IdInUse,
    PermanentFailure,
    Refused,
    Unanswered,
)
from neptune_training.model.statuses import WaitingFor

REQUEST = {
    "id": "job-1",
    "dataProcessingJobId": COMPLETED_DATA_PROCESSING_JOB,
    "trainModelS3Location": "s3://out/job-1",
}
START = "StartMLModelTrainingJob"


@pytest.fixture(scope="module")
def server() -> Iterator[NeptuneML]:
    with NeptuneML(stage_seconds=60) as running:
        yield running


@pytest.fixture
def neptune(server: NeptuneML) -> Neptune:
    server.reset()
    return at(server.url)


def at(url: str) -> Neptune:
    once = Config(connect_timeout=1, read_timeout=1, retries={"mode": "standard", "total_max_attempts": 1})
    client: Any = boto3.client(
        "neptunedata",
        endpoint_url=url,
        region_name="us-east-1",
        config=once,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    return Neptune(client, looks=client, now=wiring.now, sleep=lambda _: None)


def failure(neptune: Neptune) -> neptune_errors.Failure:
    with pytest.raises(neptune_errors.Failure) as raised:
        neptune.start(REQUEST, until=wiring.now())
    return raised.value


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("TooManyRequestsException", AtCapacity),
        ("ThrottlingException", AtCapacity),
        ("ClientTimeoutException", Unanswered),
        ("ConstraintViolationException", ConstraintViolated),
        ("InvalidParameterException", PermanentFailure),
        ("BadRequestException", PermanentFailure),
        ("MissingParameterException", PermanentFailure),
        ("MLResourceNotFoundException", PermanentFailure),
        ("UnsupportedOperationException", PermanentFailure),
        ("PreconditionsFailedException", PermanentFailure),
        ("InvalidArgumentException", PermanentFailure),
        ("IllegalArgumentException", PermanentFailure),
        ("AccessDeniedException", Refused),
        ("InternalFailureException", Unanswered),
    ],
)
def test_an_error_is_told_by_its_code(server: NeptuneML, neptune: Neptune, code: str, kind: type) -> None:
    server.fail(START, code, message="Neptune's own words.")
    failed = failure(neptune)
    assert type(failed) is kind
    assert failed.message == "Neptune's own words."
    assert failed.request_id
    assert failed.request_id in str(failed.problem.value)


@pytest.mark.parametrize("status", [400, 429, 500])
def test_the_http_status_decides_nothing(server: NeptuneML, neptune: Neptune, status: int) -> None:
    server.fail(START, "TooManyRequestsException", status=status)
    assert type(failure(neptune)) is AtCapacity


@pytest.mark.parametrize(
    "fault", ["drop-before", "drop-after", "error-after", "http-500", "http-502", "http-503", "not-json"]
)
def test_no_answer_may_mean_a_start(server: NeptuneML, neptune: Neptune, fault: str) -> None:
    server.fail(START, fault)
    assert type(failure(neptune)) is Unanswered


def test_a_slow_answer_may_mean_a_start(server: NeptuneML, neptune: Neptune) -> None:
    server.fail(START, "slow", seconds=2.0)
    assert type(failure(neptune)) is Unanswered


def test_a_start_is_posted_once_whatever_the_answer(server: NeptuneML, neptune: Neptune) -> None:
    server.fail(START, "InternalFailureException", times=3)
    failure(neptune)
    assert server.summary()["ids"]["job-1"]["posts"] == 1


def test_the_same_id_again_is_in_use(neptune: Neptune) -> None:
    neptune.start(REQUEST, until=wiring.now())
    assert type(failure(neptune)) is IdInUse


@pytest.mark.parametrize(
    ("message", "waiting_for"),
    [
        ("Provided MLDataProcessing job is not completed.", WaitingFor.DATA_PROCESSING),
        ("Provided ModelTraining job has not completed.", WaitingFor.PREVIOUS_TRAINING),
        ("Provided SageMaker AI Training job has not completed.", WaitingFor.PREVIOUS_TRAINING),
    ],
)
def test_a_bad_request_about_what_has_not_completed_waits_for_it(
    server: NeptuneML, neptune: Neptune, message: str, waiting_for: WaitingFor
) -> None:
    server.fail(START, "BadRequestException", message=message)
    refused = failure(neptune)
    assert isinstance(refused, Refused)
    assert refused.waiting_for is waiting_for


def test_a_cluster_that_is_not_there_has_not_started_anything() -> None:
    refused = failure(at("http://127.0.0.1:9"))
    assert isinstance(refused, Refused)
    assert refused.waiting_for is WaitingFor.NEPTUNE


def test_an_untrusted_certificate_was_never_sent_to_and_other_tls_trouble_may_have_been() -> None:
    untrusted = SSLError(endpoint_url="https://x", error=Exception("[SSL: CERTIFICATE_VERIFY_FAILED]"))
    assert type(neptune_errors.failure_of_start(untrusted)) is Refused
    assert (
        type(neptune_errors.failure_of_start(SSLError(endpoint_url="https://x", error=Exception("bad record mac"))))
        is Unanswered
    )


@pytest.mark.parametrize("form", ["MLResourceNotFoundException", "InvalidParameterException", "BadRequestException"])
def test_each_of_the_three_forms_of_absence_is_absence(server: NeptuneML, neptune: Neptune, form: str) -> None:
    server.absent = form
    try:
        assert isinstance(neptune.training("nobody", None), Absent)
    finally:
        server.absent = "MLResourceNotFoundException"


@pytest.mark.parametrize(
    "fault", ["InvalidParameterException", "BadRequestException", "AccessDeniedException", "http-503", "drop-before"]
)
def test_every_other_failed_look_is_unknown(server: NeptuneML, neptune: Neptune, fault: str) -> None:
    neptune.start(REQUEST, until=wiring.now())
    server.fail("GetMLModelTrainingJob", fault)
    assert isinstance(neptune.training("job-1", None), Unknown)


def test_a_look_that_finds_the_job_has_neptunes_status_and_the_stages(neptune: Neptune) -> None:
    neptune.start(REQUEST, until=wiring.now())
    look = neptune.training("job-1", None)
    assert isinstance(look, Found)
    assert look.status == "InProgress"
    assert list(look.stages) == ["processing"]


def test_a_look_passes_the_requests_own_role_on() -> None:
    role = "arn:aws:iam::123456789012:role/Neptune"
    with NeptuneML(role_required=True) as server:
        neptune = at(server.url)
        neptune.start({**REQUEST, "neptuneIamRoleArn": role}, until=wiring.now())
        assert isinstance(neptune.training("job-1", None), Unknown)
        assert isinstance(neptune.training("job-1", role), Found)
