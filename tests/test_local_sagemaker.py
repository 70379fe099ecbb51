"""What local Neptune ML answers in SageMaker's place, and the logs that it leaves."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local.neptune_ml import COMPLETED_DATA_PROCESSING_JOB, NeptuneML

SESSION = boto3.session.Session("test", "test", region_name="us-east-1")
ONCE = Config(retries={"total_max_attempts": 1})


class Clock:
    now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def neptune() -> Iterator[NeptuneML]:
    with NeptuneML(stage_seconds=10, clock=Clock(), check_signature=True) as neptune:
        yield neptune


def after(neptune: NeptuneML, seconds: float, **parameters: Any) -> dict[str, Any]:
    """Start a job; return what Neptune shows of it after `seconds`."""
    client: Any = SESSION.client("neptunedata", endpoint_url=neptune.url, config=ONCE)
    client.start_ml_model_training_job(
        id="mine", dataProcessingJobId=COMPLETED_DATA_PROCESSING_JOB, trainModelS3Location="s3://bucket/o", **parameters
    )
    neptune.clock.now += seconds  # type: ignore[attr-defined]
    shown: dict[str, Any] = client.get_ml_model_training_job(id="mine")
    return shown


def described(neptune: NeptuneML, name: str) -> dict[str, Any]:
    client: Any = SESSION.client("sagemaker", endpoint_url=neptune.url, config=ONCE)
    answer: dict[str, Any] = client.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    return answer


def test_a_completed_job_has_its_best_trial_and_how_many_trials_ended_how(neptune: NeptuneML) -> None:
    shown = after(neptune, 30, maxHPONumberOfTrainingJobs=10)
    answer = described(neptune, shown["hpoJob"]["name"])
    assert answer["HyperParameterTuningJobArn"] == shown["hpoJob"]["arn"]
    assert answer["HyperParameterTuningJobStatus"] == "Completed"
    assert (
        answer["TrainingJobStatusCounters"]["Completed"],
        answer["TrainingJobStatusCounters"]["NonRetryableError"],
    ) == (
        8,
        2,
    )
    best = answer["BestTrainingJob"]
    assert best["TrainingJobName"].startswith(f"{shown['hpoJob']['name']}-0")
    assert 0 < best["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] < 1
    assert (best["TrainingEndTime"] - best["TrainingStartTime"]).total_seconds() == 10
    assert {type(value) for value in best["TunedHyperParameters"].values()} == {str}


def test_a_job_that_failed_in_hpo_has_no_best_trial(neptune: NeptuneML) -> None:
    neptune.fail_job("mine")
    answer = described(neptune, after(neptune, 30)["hpoJob"]["name"])
    assert answer["HyperParameterTuningJobStatus"] == "Failed"
    assert "BestTrainingJob" not in answer


def test_an_unknown_tuning_job_and_one_that_has_not_begun_give_sagemakers_error(neptune: NeptuneML) -> None:
    after(neptune, 5)
    with pytest.raises(ClientError, match="Requested resource not found") as raised:
        described(neptune, "neptune-hpo-0")
    assert raised.value.response["Error"]["Code"] == "ResourceNotFound"


def test_a_fault_concerns_sagemakers_operation_by_its_name(neptune: NeptuneML) -> None:
    neptune.fail("DescribeHyperParameterTuningJob", "ThrottlingException")
    with pytest.raises(ClientError) as raised:
        described(neptune, "neptune-hpo-0")
    assert raised.value.response["Error"]["Code"] == "ThrottlingException"


def test_another_operation_of_sagemaker_is_not_supported(neptune: NeptuneML) -> None:
    client: Any = SESSION.client("sagemaker", endpoint_url=neptune.url, config=ONCE)
    with pytest.raises(ClientError):
        client.describe_training_job(TrainingJobName="x")


@pytest.mark.parametrize(
    ("stage", "group", "begins"),
    [("hpo", "TrainingJobs", "-002-"), ("processing", "ProcessingJobs", "/"), ("transform", "ProcessingJobs", "/")],
)
def test_the_log_of_what_failed_is_written_once_before_it_is_shown_as_failed(
    neptune: NeptuneML, stage: str, group: str, begins: str
) -> None:
    written: list[Any] = []
    neptune.write_log = lambda *log: written.append(log)
    neptune.fail_job("mine", stage, reason="out of memory")
    shown = after(neptune, 30)
    member = {"hpo": "hpoJob", "processing": "processingJob", "transform": "modelTransformJob"}[stage]
    [(in_group, stream, lines)] = written
    assert in_group == f"/aws/sagemaker/{group}"
    assert stream.startswith(f"{shown[member]['name']}{begins}")
    assert len(lines) > 30
    assert lines[-1] == "out of memory"
