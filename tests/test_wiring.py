"""How the library meets Lambda: which clients there are, how they sign, what they trust, how often they try."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

import step_wiring
import track_wiring
import wiring
from local.neptune_ml import COMPLETED_DATA_PROCESSING_JOB, NeptuneML
from neptune_training.aws.model_files import Denied, ModelFiles
from neptune_training.aws.neptune import Accepted
from neptune_training.aws.neptune_errors import Refused
from neptune_training.flow.services import Services
from neptune_training.model.statuses import WaitingFor
from tests.certificates import certificate

REQUEST = {
    "id": "job-1",
    "dataProcessingJobId": COMPLETED_DATA_PROCESSING_JOB,
    "trainModelS3Location": "s3://out/job-1",
}


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Every client that gets made, by its service."""
    made: dict[str, Any] = {}
    make: Any = boto3.client

    def remember(service: str, **how: Any) -> Any:
        made[service] = make(service, **how)
        return made[service]

    monkeypatch.setattr(boto3, "client", remember)
    return made


def environment(url: str) -> dict[str, str]:
    return {
        "TRAINING_JOBS_TABLE": "jobs",
        "NEPTUNE_ENDPOINT_URL": url,
        "MODEL_BUCKET": "models",
        "MODEL_PREFIX": "models/",
        "TRAIN_MODEL_S3_LOCATION": "s3://trained/x",
        "NEPTUNE_READ_TIMEOUT_SECONDS": "2",
    }


def call_s3(services: Services) -> None:
    with mock_aws(), pytest.raises(Denied):  # there is no such bucket
        services.readiness.sources.directory("models", "models/fraud/")


def test_start_and_step_make_clients_of_s3_dynamodb_and_neptune_only_and_s3s_when_it_is_first_called(
    clients: dict[str, Any],
) -> None:
    services = step_wiring.services(environment=environment("https://neptune.invalid:8182"))
    assert set(clients) == {"dynamodb", "neptunedata"}
    call_s3(services)
    assert set(clients) == {"s3", "dynamodb", "neptunedata"}


def test_steps_in_several_threads_make_one_client_of_s3_together() -> None:
    made: list[Any] = []

    def make() -> Any:
        time.sleep(0.05)
        made.append(boto3.client("s3"))
        return made[-1]

    files = ModelFiles(make)
    with ThreadPoolExecutor() as threads:
        seen = [*threads.map(lambda _: files._client, range(4))]
    assert len(made) == 1
    assert {id(each) for each in seen} == {id(made[0])}


def patience(client: Any) -> dict[str, Any]:
    """Return a client's timeouts, in seconds, and how often it tries."""
    config = client.meta.config
    assert config.retries["mode"] == "standard"
    timeouts = {"connect_timeout": config.connect_timeout, "read_timeout": config.read_timeout}
    return {**timeouts, "attempts": config.retries["total_max_attempts"]}


QUICK = {"connect_timeout": 3, "read_timeout": 10, "attempts": 4}


def test_s3_and_dynamodb_are_called_quickly_by_the_names_that_gateway_endpoints_serve(clients: dict[str, Any]) -> None:
    call_s3(step_wiring.services(environment=environment("https://neptune.invalid:8182")))
    assert clients["s3"].meta.endpoint_url == "https://s3.us-east-1.amazonaws.com"
    assert clients["dynamodb"].meta.endpoint_url == "https://dynamodb.us-east-1.amazonaws.com"
    assert [patience(clients["s3"]), patience(clients["dynamodb"])] == [QUICK, QUICK]


def test_neptunes_client_tries_once_with_a_finite_read_timeout(clients: dict[str, Any]) -> None:
    step_wiring.services(environment=environment("https://neptune.invalid:8182"))
    config = clients["neptunedata"].meta.config
    assert config.retries["total_max_attempts"] == 1
    assert config.read_timeout == 2


def test_a_neptune_with_iam_authentication_accepts_the_signature() -> None:
    with NeptuneML(check_signature=True, access_key="AKIDEXAMPLE", secret_key="secret") as server:
        steps = step_wiring.services(environment=environment(server.url))
        assert isinstance(steps.neptune.start(REQUEST, until=wiring.now()), Accepted)


def test_a_neptune_that_knows_other_credentials_leaves_the_job_waiting_for_access() -> None:
    with NeptuneML(check_signature=True, access_key="AKIDEXAMPLE", secret_key="other") as server:
        steps = step_wiring.services(environment=environment(server.url))
        with pytest.raises(Refused) as raised:
            steps.neptune.start(REQUEST, until=wiring.now())
        assert raised.value.waiting_for is WaitingFor.ACCESS
        ids: Any = server.summary()["ids"]
        assert not ids.get("job-1", {}).get("accepted")


def test_an_untrusted_certificate_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    chain, key = certificate(tmp_path, "127.0.0.1")
    with NeptuneML(certificate=chain, key=key) as server:
        steps = step_wiring.services(environment=environment(server.url))
        with pytest.raises(Refused) as raised:
            steps.neptune.start(REQUEST, until=wiring.now())
        assert raised.value.waiting_for is WaitingFor.NEPTUNE
        assert server.requests == []


def test_a_trusted_certificate_is_spoken_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chain, key = certificate(tmp_path, "127.0.0.1")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(chain))
    with NeptuneML(certificate=chain, key=key) as server:
        neptune = step_wiring.services(environment=environment(server.url)).neptune
        assert isinstance(neptune.start(REQUEST, until=wiring.now()), Accepted)


@pytest.mark.parametrize(
    ("in_group", "read_timeout", "starts", "looks"),
    [
        ({}, "20", 20, 20),
        ({"in_group": False}, "20", 20, 20),
        ({"in_group": True}, "20", 20, 5),
        ({"in_group": True}, "2", 2, 2),
    ],
)
def test_a_step_among_others_looks_at_neptune_for_five_seconds_at_most(
    in_group: dict[str, bool], read_timeout: str, starts: int, looks: int
) -> None:
    given = {**environment("https://neptune.invalid:8182"), "NEPTUNE_READ_TIMEOUT_SECONDS": read_timeout}
    neptune = step_wiring.services(**in_group, environment=given).neptune
    once = {"connect_timeout": 3, "attempts": 1}
    assert [patience(neptune._client), patience(neptune._looks)] == [
        {**once, "read_timeout": starts},
        {**once, "read_timeout": looks},
    ]
    assert {each.meta.endpoint_url for each in (neptune._client, neptune._looks)} == {"https://neptune.invalid:8182"}


def test_a_step_has_the_table_and_the_settings_of_its_environment(clients: dict[str, Any]) -> None:
    services = step_wiring.services(environment=environment("https://neptune.invalid:8182"))
    assert [services.table._name, services.table._client] == ["jobs", clients["dynamodb"]]
    readiness = services.readiness
    assert [readiness.table, readiness.neptune, readiness.settings] == [
        services.table,
        services.neptune,
        services.settings,
    ]
    assert [services.now, services.sleep] == [wiring.now, time.sleep]
    assert services.settings.model_bucket == "models"


def test_a_tick_has_the_table_of_its_environment_and_invokes_step_for_later(clients: dict[str, Any]) -> None:
    tracker = track_wiring.tracker({**environment("https://neptune.invalid:8182"), "STEP_FUNCTION": "the-step"})
    assert set(clients) == {"dynamodb", "lambda"}
    assert [tracker.table._name, tracker.table._client] == ["jobs", clients["dynamodb"]]
    assert [tracker.settings.model_bucket, tracker.now] == ["models", wiring.now]
    assert [patience(clients["dynamodb"]), patience(clients["lambda"])] == [
        QUICK,
        {"connect_timeout": 2, "read_timeout": 3, "attempts": 2},
    ]
    sent = {
        "FunctionName": "the-step",
        "InvocationType": "Event",
        "Payload": '{"jobIds": ["a", "b"], "turns": ["b"]}',
    }
    with Stubber(clients["lambda"]) as stubber:
        stubber.add_response("invoke", {"StatusCode": 202}, sent)
        tracker.invoke(("a", "b"), ("b",))
        stubber.assert_no_pending_responses()
