"""Each function's role against what the function does: every right it needs, and no right that it does not use.

The three handlers train models of every kind here, and a hook in botocore notes each call that their clients make. What
Lambda does for a function by the same role (polling, logging, tracing) is not a call of its code, so those statements
are named below; `test_template` looks at them.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import Any, NamedTuple
from unittest.mock import patch

import pytest

from local.neptune_ml.sagemaker import KINDS, PROCESSING, STAGES
from tests.rendered import Rendered
from tests.world import World
from tests.world.surroundings import BUCKET, session

STACK = Rendered(ExistingModelBucket=BUCKET)
CLUSTER = "arn:aws:neptune-db:us-east-1:123456789012:cluster-ABC/*"
BY_LAMBDA = {"TakeRequests", "ReadTheStream", "FindTheStream", "Log", "Trace"}
IN_ACCOUNT = "arn:aws:{}:us-east-1:123456789012"
IN_TRANSACTION = {"ConditionCheck": "ConditionCheckItem", "Put": "PutItem", "Update": "UpdateItem"}
IN_NEPTUNE = {
    "StartMLModelTrainingJob": "StartMLModelTrainingJob",
    "CancelMLModelTrainingJob": "CancelMLModelTrainingJob",
    "GetMLModelTrainingJob": "GetMLModelTrainingJobStatus",
    "GetMLDataProcessingJob": "GetMLDataProcessingJobStatus",
}


class Use(NamedTuple):
    """One right, as it was used."""

    action: str
    resource: str
    prefix: str = ""


def uses(service: str, operation: str, parameters: Mapping[str, Any]) -> Iterator[Use]:
    """The rights that a call needs."""
    match service, operation:
        case "dynamodb", "TransactWriteItems":
            for kind in (kind for write in parameters["TransactItems"] for kind in write):
                yield Use(f"dynamodb:{IN_TRANSACTION[kind]}", "TrainingJobs.Arn")
        case "dynamodb", "Query":
            yield Use("dynamodb:Query", f"TrainingJobs.Arn/index/{parameters['IndexName']}")
        case "dynamodb", _:
            yield Use(f"dynamodb:{operation}", "TrainingJobs.Arn")
        case "logs", _:  # AWS names a stream, and the emulator its group
            group = f"{IN_ACCOUNT.format('logs')}:log-group:{parameters['logGroupName']}"
            stream = f"{group}:log-stream:{parameters.get('logStreamName', '')}"
            yield from (Use(f"logs:{operation}", group), Use(f"logs:{operation}", stream))
        case "s3", "ListObjectsV2":
            yield Use("s3:ListBucket", f"arn:aws:s3:::{parameters['Bucket']}", parameters["Prefix"])
        case "s3", "HeadObject":
            yield Use("s3:GetObject", f"arn:aws:s3:::{parameters['Bucket']}/{parameters['Key']}")
        case "s3", _:
            yield Use(f"s3:{operation}", f"arn:aws:s3:::{parameters['Bucket']}/{parameters['Key']}")
        case "neptunedata", _:
            yield Use(f"neptune-db:{IN_NEPTUNE[operation]}", CLUSTER)
        case _:
            yield outside_the_vpc(service, operation, parameters)


def outside_the_vpc(service: str, operation: str, parameters: Mapping[str, Any]) -> Use:
    """The right that a call of `track` or `notify` needs."""
    match service, operation:
        case "lambda", "Invoke":
            assert parameters["FunctionName"] == "step"
            return Use("lambda:InvokeFunction", "StepFunction.Arn")
        case "sagemaker", "DescribeHyperParameterTuningJob":
            name = parameters["HyperParameterTuningJobName"]
            return Use(f"sagemaker:{operation}", f"{IN_ACCOUNT.format('sagemaker')}:hyper-parameter-tuning-job/{name}")
        case "events", _:
            [bus] = {entry["EventBusName"] for entry in parameters["Entries"]}
            return Use(f"events:{operation}", f"{IN_ACCOUNT.format('events')}:event-bus/{bus}")
        case "sns", _:
            return Use(f"sns:{operation}", "TrainingTopic")
        case _:
            pytest.fail(f"{service} {operation}: which right is that?")


class Recorder:
    """What each function has used."""

    def __init__(self) -> None:
        self.used: dict[str, set[Use]] = defaultdict(set)
        self.function = ""

    def note(self, params: Mapping[str, Any], model: Any, **_: Any) -> None:
        self.used[self.function] |= set(uses(model.service_model.service_name, model.name, params))

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hear the clients that the handlers make."""
        session().events.register("before-parameter-build", self.note)
        try:
            yield
        finally:
            session().events.unregister("before-parameter-build", self.note)

    @contextmanager
    def of(self, function: str) -> Iterator[None]:
        self.function = function
        yield


@pytest.fixture(scope="module")
def used() -> dict[str, set[Use]]:
    """What each function uses while models of every kind are trained, with fewer slots than models."""
    recorder = Recorder()
    parameters = {"MaxConcurrentTrainingJobs": "1", "SettleSeconds": "0", "DoubtSeconds": "600"}
    # Which kind of job Neptune makes for the transform is not public.
    transform = {"transform": PROCESSING._replace(arn="transform-job", log_group="TransformJobs")}
    with World(**parameters) as world, recorder.listening(), patch.dict(KINDS, transform):
        directory = {"sourceS3DirectoryPath": f"s3://{BUCKET}/models/first/"}
        with recorder.of("Start"):
            first = world.start(world.uploaded("first"))["jobId"]
            world.start(
                world.requested(
                    id="explicit", previousModelTrainingJobId="LATEST", customModelTrainingParameters=directory
                )
            )
            world.start(world.uploaded("second"))
            world.neptune.add_data_processing_job("night", status="InProgress", seconds=300)
            world.start(world.requested(dataProcessingJobId="night"))
            lost = world.start(world.requested())["jobId"]
            for stage in STAGES:
                world.neptune.fail_job(world.start(world.requested())["jobId"], stage)
            world.neptune.fail("CancelMLModelTrainingJob", "http-500")
            world.start(world.cancelled(first))
            world.start(world.cancelled("comes-later"))
            world.start(world.requested(id="comes-later"))
        world.keep_logs()
        world.neptune.fail("GetMLModelTrainingJob", "http-500", share=1, job_id=lost)
        while not world.quiet():
            with recorder.of("Track"):
                assert world.tick(), world.errors
            with recorder.of("Step"):
                while world.invocations:
                    world.take_step()
            with recorder.of("Notify"):
                assert world.notify(), world.errors
            with recorder.of("Emit"):
                assert world.emit(), world.errors
            world.clock.sleep(60)
        ends = {world.statuses().pop(lost), *world.statuses().values()}
        assert ends == {"FAILED", "COMPLETED", "STOPPED", "SUPERSEDED"}
    return recorder.used


def granted(function: str) -> list[dict[str, Any]]:
    """What the function's role grants to its code."""
    role = STACK[f"{function}Role"]
    managed = [STACK[name]["PolicyDocument"] for name in role.get("ManagedPolicyArns", [])]
    documents = (*managed, *(policy["PolicyDocument"] for policy in role["Policies"]))
    return [each for document in documents for each in document["Statement"] if each["Sid"] not in BY_LAMBDA]


def rights(function: str) -> set[tuple[str, str, str]]:
    """Action, resource and prefix, one by one."""
    return {
        (action, resource, each.get("Condition", {}).get("StringLike", {}).get("s3:prefix", "*"))
        for each in granted(function)
        for action in listed(each["Action"])
        for resource in listed(each["Resource"])
    }


def covers(right: tuple[str, str, str], use: Use) -> bool:
    action, resource, prefix = right
    return use.action == action and fnmatchcase(use.resource, resource) and fnmatchcase(use.prefix, prefix)


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("function", ["Start", "Step", "Track", "Notify", "Emit"])
def test_a_role_grants_all_that_its_function_does(function: str, used: dict[str, set[Use]]) -> None:
    assert [use for use in used[function] if not any(covers(right, use) for right in rights(function))] == []


@pytest.mark.parametrize("function", ["Start", "Step", "Track", "Notify", "Emit"])
def test_a_role_grants_nothing_that_its_function_does_not_do(function: str, used: dict[str, set[Use]]) -> None:
    assert [right for right in rights(function) if not any(covers(right, use) for use in used[function])] == []
