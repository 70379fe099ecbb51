"""What a world is made of: moto, local Neptune ML, the functions' environment, their clock and their clients."""

import json
import logging
import os
import sys
import threading
import warnings
from collections.abc import Mapping
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from types import SimpleNamespace
from typing import Any, Self, TextIO, cast
from unittest.mock import patch

import boto3
from moto import mock_aws
from moto.backends import get_backend
from moto.core import botocore_stubber
from moto.core.models import DEFAULT_ACCOUNT_ID

import emit
import notify
import result_wiring
import start
import step
import track
from local.neptune_ml import COMPLETED_DATA_PROCESSING_JOB, NeptuneML
from neptune_training.aws.table import Table
from tests.world import quick_moto, template
from tests.world.calls import Call, Calls
from tests.world.clock import Clock
from tests.world.step_threads import StepThreads
from wiring import logger

REGION = "us-east-1"
BUCKET, PREFIX, TABLE = "models-bucket", "models/", "training-jobs"
STAGE_SECONDS = 100.0

quick_moto.install()


class Surroundings:
    """AWS, Neptune and time.

    `neptune` are options of local Neptune ML. `parameters` are the template's; the others keep its own defaults.
    """

    def __init__(self, neptune: Mapping[str, Any] | None = None, **parameters: str) -> None:
        self.clock = Clock()
        options = {"clock": self.clock.epoch, "stage_seconds": STAGE_SECONDS, "seed": 1, **(neptune or {})}
        self.neptune = NeptuneML(**options)
        self.parameters = {"DataProcessingJobId": COMPLETED_DATA_PROCESSING_JOB, **parameters}
        self._moment = threading.RLock()
        self._streamed: list[dict[str, Any]] = []
        self.invocations: list[dict[str, Any]] = []  # of `step`, that `track` has asked for
        self.events: list[dict[str, Any]] = []  # that EventBridge has taken, as PutEvents named them
        self._own = threading.local()
        self._exit = ExitStack()

    @property
    def stepping(self) -> list[str]:
        """The jobs of the invocation of `step` that runs in this thread."""
        return getattr(self._own, "stepping", [])

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            starting.enter_context(self.neptune)
            starting.enter_context(mock_aws())
            starting.enter_context(one_at_a_time(self._moment))
            self._s3, self._sns, self._dynamodb = (
                session().client("s3"),
                session().client("sns"),
                session().client("dynamodb"),
            )
            self._neptunedata = session().client("neptunedata", endpoint_url=self.neptune.url)
            self._s3.create_bucket(Bucket=BUCKET)
            self._dynamodb.create_table(TableName=TABLE, **template.table())
            self.topic = self._sns.create_topic(Name="training")["TopicArn"]
            starting.enter_context(patch.dict(os.environ, self._environment()))
            starting.enter_context(self._own_time())
            starting.enter_context(warnings.catch_warnings())
            warnings.filterwarnings("ignore", "No application metrics")  # handlers side by side share powertools' set
            starting.enter_context(self._own_session())
            handler = cast("logging.StreamHandler[TextIO]", logger.registered_handler)
            handler.stream = sys.stdout  # it has that of an earlier test, which is closed: setStream would flush it
            for function in (start, step, track):  # read when the module was, before there was this environment
                namespace = os.environ["POWERTOOLS_METRICS_NAMESPACE"]
                starting.enter_context(patch.object(function.metrics.provider, "namespace", namespace))
            self._exit = starting.pop_all()
        return self

    def __exit__(self, *error: Any) -> None:
        self._exit.__exit__(*error)

    def _environment(self) -> dict[str, str]:
        neptune = {"NeptuneEndpointUrl": self.neptune.url}
        said = {**neptune, "ExistingModelBucket": BUCKET, "ModelPrefix": PREFIX, **self.parameters}
        return {
            **{name: value for name, value in template.variables(frozenset(said.items())).items() if value},
            "TRAINING_JOBS_TABLE": TABLE,
            "STEP_FUNCTION": "step",
            "TRAINING_TOPIC_ARN": self.topic,
            "STATUS_EVENT_BUS": self.parameters.get("StatusEventBus", template.default("StatusEventBus")),
            "WRITE_STATUS_FILE": self.parameters.get("WriteStatusFile", template.default("WriteStatusFile")),
            "AWS_DEFAULT_REGION": REGION,
            "POWERTOOLS_METRICS_DISABLED": "true",
            "AWS_ENDPOINT_URL_SAGEMAKER": self.neptune.url,
            "INCLUDE_LOG_LINES": self.parameters.get("IncludeLogLines", "record"),
        }

    @contextmanager
    def _own_time(self) -> Any:
        """Nobody looks at another clock: not the functions, not the waits between tries, not S3."""
        with (
            patch("wiring.now", self.clock.seen),
            patch("step_wiring.now", self.clock.seen),
            patch("track_wiring.now", self.clock.seen),
            patch("step.StepThreads", partial(StepThreads, self.clock)),
            patch("neptune_training.flow.drain.StepThreads", partial(StepThreads, self.clock)),
            patch("step_wiring.time", SimpleNamespace(sleep=self.clock.sleep)),
            patch.object(Table.__init__, "__defaults__", (self.clock.sleep,)),
            patch("moto.s3.models.utcnow", self.clock.naive),
        ):
            yield

    @contextmanager
    def _own_session(self) -> Any:
        """The handlers make their clients anew, with our hooks in them."""
        made = (start.services, step.services, track.tracker, notify.sns, emit.events, emit.s3, result_wiring.client)
        self.calls = Calls()
        self.calls.otherwise = self._take_invocation
        self.calls.watchers += [self._keep_stream, self._keep_events]
        with patch("boto3.DEFAULT_SESSION", session()), self.calls.seen_by(session().events):
            for each in made:
                each.cache_clear()
            try:
                yield
            finally:
                for each in made:
                    each.cache_clear()

    def _take_invocation(self, call: Call) -> Any:
        """Lambda takes an event for later; moto would want a container for it."""
        if (call.service, call.operation, call.moment) != ("lambda", "Invoke", "before"):
            return None
        with self._moment:
            self.invocations.append(json.loads(call.parameters["body"]))
        return SimpleNamespace(status_code=202), {"StatusCode": 202, "ResponseMetadata": {"HTTPStatusCode": 202}}

    def _keep_events(self, call: Call) -> None:
        """Keep the entries of a call that EventBridge has taken."""
        if call.operation != "PutEvents":
            return
        if call.moment == "before":
            self._own.entries = json.loads(call.parameters["body"])["Entries"]
        elif "Error" not in call.parameters and not call.parameters["FailedEntryCount"]:
            self.events += self._own.entries

    def _table(self) -> Any:
        return get_backend("dynamodb")[DEFAULT_ACCOUNT_ID][REGION].get_table(TABLE)

    def _topic(self) -> Any:
        return get_backend("sns")[DEFAULT_ACCOUNT_ID][REGION].topics[self.topic]

    def _keep_stream(self, _: Call | None = None) -> None:
        """Take the stream out of moto, which would copy all of it at each transaction."""
        with self._moment:
            shard = self._table().stream_shard
            self._streamed += [record.to_json() for record in shard.items]
            shard.items.clear()


@cache
def session() -> boto3.Session:
    """One for all worlds: it reads the services' models, which takes longer than most tests."""
    return boto3.Session(region_name=REGION)


@contextmanager
def one_at_a_time(lock: threading.RLock) -> Any:
    """Each request to AWS takes effect at one moment; moto leaves that to the one thread that it expects."""
    process = botocore_stubber.BotocoreStubber.process_request

    def locked(self: Any, request: Any) -> Any:
        with lock:
            return process(self, request)

    with patch.object(botocore_stubber.BotocoreStubber, "process_request", locked):
        yield
