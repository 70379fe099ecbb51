"""What Neptune could answer, through botocore's own parser: broken proxies, half answers, other types."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from hypothesis import strategies as st

import wiring
from neptune_training.aws.dynamodb_items import typed
from neptune_training.aws.neptune import Accepted, Neptune
from neptune_training.aws.neptune_errors import Failure
from tests.fuzz.mutations import texts
from tests.fuzz.target import Target, Unfit

STAGE = {"name": "n", "arn": "arn:aws:x", "status": "Failed", "failureReason": "r", "cloudwatchLogUrl": "https://x"}
ANSWERS: list[dict[str, Any]] = [
    {"id": "my-job", "arn": "arn:aws:neptune-db:x", "creationTimeInMillis": 1795485661000},
    {"id": "my-job", "status": "Completed", "processingJob": STAGE, "hpoJob": STAGE, "modelTransformJob": STAGE},
    {"id": "my-job", "status": "InProgress", "mlModels": [{"name": "a", "arn": "b"}]},
    {"code": "InvalidParameterException", "detailedMessage": "same ID already exists", "requestId": "r"},
    {"__type": "ThrottlingException", "message": "slow down"},
]
STATUSES = [200, 302, 400, 404, 408, 429, 500, 503]


class Raw:
    """A body as urllib3 has it."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: Any) -> Iterator[bytes]:
        """All of it at once."""
        yield self._content


class Answering:
    """Neptune, answering each call with what `ask` was given."""

    def __init__(self) -> None:
        self._answer: tuple[int, str | None, bytes] = (200, None, b"")
        once = Config(retries={"total_max_attempts": 1})
        url, secret = "https://neptune.invalid:8182", "secret"
        session = boto3.Session(aws_access_key_id="key", aws_secret_access_key=secret, region_name="us-east-1")
        client = session.client("neptunedata", endpoint_url=url, config=once)
        send: Any = self._send  # botocore's stubs know no handler with an answer of its own
        client.meta.events.register("before-send", send)
        self._neptune = Neptune(client, looks=client, now=wiring.now, sleep=lambda _: None)

    def _send(self, request: Any, **_: Any) -> AWSResponse:
        status, error, content = self._answer
        headers = {"x-amzn-errortype": error} if error else {}
        return AWSResponse(request.url, status, headers, Raw(content))  # type: ignore[arg-type]  # stands for urllib3's

    def ask(self, answer: tuple[int, str | None, bytes]) -> str:
        """Make all three calls; what they say must fit a record."""
        self._answer = answer
        job, place = "my-job", "s3://models-bucket/trained/x"
        looks = [self._neptune.training(job, None), self._neptune.data_processing(job, None)]
        for look in looks:
            keep(getattr(look, "stages", {}))
            keep({"status": getattr(look, "status", "")})
        try:
            accepted = self._neptune.start(
                {"dataProcessingJobId": job, "trainModelS3Location": place}, until=wiring.now()
            )
        except Failure as failure:
            keep(failure.problem.model_dump(exclude_none=True))
            return f"{type(looks[0]).__name__} {type(failure).__name__}"
        keep(accepted._asdict())
        return f"{type(looks[0]).__name__} {Accepted.__name__}"


def keep(said: dict[str, Any]) -> None:
    """What is recorded of an answer is small and of DynamoDB's types."""
    size = len(json.dumps(typed(said)))
    if size > 120_000:
        raise Unfit(f"{size} bytes to record")


def targets() -> list[Target]:
    """Neptune's answers."""
    bodies = st.one_of(*map(texts, ANSWERS))
    errors = st.sampled_from([None, "MLResourceNotFoundException", "a#b:c", "", "ä"])
    return [Target("answers", st.tuples(st.sampled_from(STATUSES), errors, bodies), Answering().ask)]
