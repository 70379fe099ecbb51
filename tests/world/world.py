"""The world itself: everything that one test starts, and what it can do there."""

import copy
import json
import os
import random
import threading
import warnings
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any, NamedTuple, Self
from unittest.mock import patch

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from moto import mock_aws
from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID, botocore_stubber

import notify
import start
import track
from local.model import EXAMPLE, files
from local.neptune_ml import COMPLETED_DATA_PROCESSING_JOB, NeptuneML
from neptune_training.items import plain
from neptune_training.steps import Steps
from neptune_training.table import CAPACITY, Table, item
from neptune_training.times import from_text
from neptune_training.triggers import CONFIGURATION, DETAIL_TYPE
from tests.world import checks, template
from tests.world.calls import Call, Calls, Crash, Watcher
from tests.world.clock import Clock
from tests.world.queue import Message, Queue

REGION = "us-east-1"
BUCKET, PREFIX, TABLE = "models-bucket", "models/", "training-jobs"
SCHEDULE = "arn:aws:scheduler:us-east-1:123456789012:schedule/default/weekly"
STAGE_SECONDS = 100.0
MODEL = {path.name: path.read_bytes() for path in files(EXAMPLE)}


class Context(SimpleNamespace):
    """Lambda's context: `remaining` seconds from the moment when it is made."""

    def __init__(self, clock: Clock, remaining: float) -> None:
        super().__init__(
            function_name="function", memory_limit_in_mb=512, invoked_function_arn="arn:aws:lambda", aws_request_id="1"
        )
        self._clock, self.deadline = clock, clock.now() + timedelta(seconds=remaining)

    def get_remaining_time_in_millis(self) -> int:
        return round((self.deadline - self._clock.now()).total_seconds() * 1000)


class World:
    """AWS, Neptune and time.

    `neptune` are options of local Neptune ML. `parameters` are the template's; the others keep its own defaults.
    """

    model = MODEL

    def __init__(self, neptune: Mapping[str, Any] | None = None, **parameters: str) -> None:
        self.clock = Clock()
        self.neptune = NeptuneML(
            **{"clock": self.clock.epoch, "stage_seconds": STAGE_SECONDS, "seed": 1, **(neptune or {})}
        )
        self.parameters = {"DataProcessingJobId": COMPLETED_DATA_PROCESSING_JOB, **parameters}
        self.timeout = float(self.parameters.get("FunctionTimeoutSeconds", template.default("FunctionTimeoutSeconds")))
        self.errors: list[Exception] = []
        self._moment = threading.RLock()
        self._uploads = 0
        self._events = 0
        self.phase = "deliver"
        self._announced_from = 0
        self._streamed: list[dict[str, Any]] = []
        self._exit = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            starting.enter_context(self.neptune)
            starting.enter_context(mock_aws())
            starting.enter_context(one_at_a_time(self._moment))
            self._s3, self._sns, self._dynamodb = (session().client(name) for name in ("s3", "sns", "dynamodb"))
            self._neptunedata = session().client("neptunedata", endpoint_url=self.neptune.url)
            self._s3.create_bucket(Bucket=BUCKET)
            self._dynamodb.create_table(TableName=TABLE, **template.table())
            self.topic = self._sns.create_topic(Name="training")["TopicArn"]
            starting.enter_context(patch.dict(os.environ, self._environment()))
            starting.enter_context(self._own_time())
            starting.enter_context(warnings.catch_warnings())
            warnings.filterwarnings(
                "ignore", "No application metrics"
            )  # two handlers at once share powertools' metrics
            starting.enter_context(self._own_session())
            for function in (start, track):  # read when the module was, before there was this environment
                namespace = os.environ["POWERTOOLS_METRICS_NAMESPACE"]
                starting.enter_context(patch.object(function.metrics.provider, "namespace", namespace))
            self.queue = Queue(self.clock.now)
            self._exit = starting.pop_all()
        return self

    def __exit__(self, *error: Any) -> None:
        self._exit.__exit__(*error)

    def _environment(self) -> dict[str, str]:
        said = {"NeptuneEndpointUrl": self.neptune.url, "ModelPrefix": PREFIX, **self.parameters}
        trained = f"s3://{BUCKET}/{template.default('TrainModelS3Prefix')}"
        made = {"TRAINING_JOBS_TABLE": TABLE, "MODEL_BUCKET": BUCKET, "TRAIN_MODEL_S3_LOCATION": trained}
        variables = {name: value for name, value in template.environment(said, made).items() if value}
        return variables | {
            "TRAINING_TOPIC_ARN": self.topic,
            "AWS_DEFAULT_REGION": REGION,
            "POWERTOOLS_METRICS_DISABLED": "true",
        }

    @contextmanager
    def _own_time(self) -> Any:
        """Nobody looks at another clock: not the functions, not the waits between tries, not S3."""
        with (
            patch("wiring.now", self.clock.now),
            patch("wiring.time", SimpleNamespace(sleep=self.clock.sleep)),
            patch.object(Table.__init__, "__defaults__", (self.clock.sleep,)),
            patch("moto.s3.models.utcnow", self.clock.naive),
        ):
            yield

    @contextmanager
    def _own_session(self) -> Any:
        """The handlers make their clients anew, with our hooks in them."""
        made = (start.steps, track.steps, notify.sns)
        self.calls = Calls()
        self.calls.watchers.append(self._keep_stream)
        with patch("boto3.DEFAULT_SESSION", session()), self.calls.seen_by(session().events):
            for each in made:
                each.cache_clear()
            yield
        for each in made:
            each.cache_clear()

    # --- triggers -----------------------------------------------------------------------------------------------------

    def put(self, name: str, contents: Mapping[str, bytes]) -> None:
        """Write files into a model's directory; nobody is told."""
        for file, content in contents.items():
            self._s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}{name}/{file}", Body=content)

    def remove(self, name: str, file: str) -> None:
        self._s3.delete_object(Bucket=BUCKET, Key=f"{PREFIX}{name}/{file}")

    def uploaded(self, name: str = "fraud", contents: Mapping[str, bytes] = MODEL) -> str:
        """Upload a model, its configuration last, and return the event that S3 makes of that."""
        self.put(name, contents)
        self._uploads += 1
        key = f"{PREFIX}{name}/{CONFIGURATION}"
        etag = self._s3.head_object(Bucket=BUCKET, Key=key)["ETag"].strip('"')
        found = {"key": key, "etag": etag, "size": 1, "sequencer": f"{0x6742A1F3C4D5 + self._uploads:016X}"}
        detail = {"version": "0", "bucket": {"name": BUCKET}, "object": found, "reason": "PutObject"}
        return self._enveloped("Object Created", "aws.s3", detail)

    def requested(self, **detail: Any) -> str:
        """An event on the stack's bus that asks for a training."""
        return self._enveloped(DETAIL_TYPE, "com.example.features", detail)

    def ticked(self, time: str = "2026-11-24T02:00:00Z", **detail: Any) -> str:
        """A night of a schedule, as its input says it."""
        return json.dumps({"source": "aws.scheduler", "resources": [SCHEDULE], "time": time, "detail": detail})

    def _enveloped(self, detail_type: str, source: str, detail: Mapping[str, Any]) -> str:
        self._events += 1
        said = {"version": "0", "id": f"event-{self._events}", "detail-type": detail_type, "source": source}
        return json.dumps({**said, "time": self.clock.now().isoformat(), "detail": detail})

    def elsewhere(self, job_id: str) -> None:
        """A start that is not the handlers' own, or was under way for long."""
        self._neptunedata.start_ml_model_training_job(
            id=job_id, dataProcessingJobId=COMPLETED_DATA_PROCESSING_JOB, trainModelS3Location="s3://elsewhere/x"
        )

    def arrives(self, parameters: Mapping[str, Any]) -> None:
        """A start comes to Neptune when nobody waits for its answer any more."""
        with suppress(ClientError, BotoCoreError):
            self._neptunedata.start_ml_model_training_job(**parameters)

    def sent_once_already(self, call: Call) -> None:
        """The SDK sends a call a second time, since the answer to the first was lost."""
        if call.operation in ("PutItem", "UpdateItem"):
            with suppress(ClientError):
                self._dynamodb._make_api_call(call.operation, json.loads(call.parameters["body"]))
        self._keep_stream()

    def hold_slots(self, *job_ids: str) -> None:
        """Slots of jobs that there are no records of."""
        self._dynamodb.update_item(
            TableName=TABLE,
            Key={"jobId": {"S": CAPACITY}},
            UpdateExpression="ADD slots :slots",
            ExpressionAttributeValues={":slots": {"SS": [*job_ids]}},
        )

    def copy_job(self, job_id: str, times: int) -> None:
        """As many more jobs like this one, each asked for a little later."""
        job = self.steps.table.get(job_id)
        for number in range(1, times + 1):
            later = job.createdAt + timedelta(milliseconds=number)
            trigger = job.trigger.model_copy(update={"identity": f"{job.trigger.identity} {number}"})
            moved = {"createdAt": later, "nextAttemptAt": later, "trigger": trigger, "jobId": f"{job_id[:40]}-{number}"}
            self._dynamodb.put_item(TableName=TABLE, Item=item(job.model_copy(update=moved)))

    def forget_records(self) -> None:
        """The table as it was in the beginning."""
        self._table().items.clear()

    # --- invocations --------------------------------------------------------------------------------------------------

    def context(self) -> Context:
        return Context(self.clock, self.timeout)

    def start(self, body: str, message_id: str | None = "message-0") -> dict[str, Any]:
        """Invoke `start` as SQS does, and return its answer."""
        record = {"messageId": message_id, "eventSource": "aws:sqs", "body": body}
        return start.handler({"Records": [record]}, self.context())

    def deliver(self) -> None:
        """Give each visible message to `start` once; it goes only when the handler has returned."""
        for message in self.queue.visible():
            self.receive(message)

    def receive(self, message: Message) -> bool:
        """One delivery. A message stays until a handler has returned."""
        self.queue.receive(message)
        survived = self.survives(lambda: self.start(message.body, message.id))
        if survived:
            self.queue.delete(message)
        return survived

    def track(self) -> bool:
        """A tick."""
        return self.survives(lambda: track.handler({"source": "aws.events"}, self.context()))

    def notify(self) -> bool:
        """Hand the stream's new records on; an error leaves its place as it was."""
        records = self.stream()[self._announced_from :]
        survived = self.survives(lambda: notify.handler({"Records": records}, self.context())) if records else True
        if survived:
            self._announced_from += len(records)
        return survived

    def survives(self, invocation: Callable[[], Any]) -> bool:
        """Lambda: whatever goes wrong in an invocation ends that one only. Its jitter is the same each time."""
        random.seed(1)
        try:
            invocation()
        except Crash:
            return False
        except Exception as error:  # noqa: BLE001 - Lambda catches them all
            self.errors.append(error)
            return False
        return True

    # --- time ---------------------------------------------------------------------------------------------------------

    def minutes(self, count: float = 1) -> None:
        """Let time pass, as AWS does: what is visible is delivered, `track` ticks, the stream flows."""
        for _ in range(round(count)):
            while self.step() != "sleep":
                pass

    def step(self) -> str:
        """The next thing that happens in a minute: one invocation, or the rest of the minute passes."""
        if self.phase == "deliver" and (visible := self.queue.visible()):
            self.receive(visible[0])
            return "deliver"
        now = self.phase = {"deliver": "track"}.get(self.phase, self.phase)
        self.phase = {"track": "notify", "notify": "sleep", "sleep": "deliver"}[now]
        {"track": self.track, "notify": self.notify, "sleep": lambda: self.clock.sleep(60)}[now]()
        return now

    def until_quiet(self, most: int = 24 * 60) -> int:
        """Let time pass until nothing is left to do, and return how many minutes that took."""
        for minute in range(most):
            if self.quiet():
                return minute
            self.minutes()
        raise AssertionError(
            f"not quiet after {most} minutes: {self.statuses()}, {self.queue.messages}, {self.errors[-3:]}"
        )

    def quiet(self) -> bool:
        unfinished = any("nextAttemptAt" in job for job in self.jobs().values())
        return not unfinished and not self.queue.messages and self._announced_from == len(self.stream())

    # --- trouble ------------------------------------------------------------------------------------------------------

    @contextmanager
    def watched(self, watcher: Watcher) -> Any:
        self.calls.watchers.append(watcher)
        try:
            yield
        finally:
            self.calls.watchers.remove(watcher)

    @contextmanager
    def outage(self, service: str, answer: Any, operations: Iterable[str] = ()) -> Any:
        """All calls to `service`, or these of them, are answered with `answer` and have no effect."""

        def refuse(call: Call) -> Any:
            concerned = call.moment == "before" and call.service == service
            return answer if concerned and (not operations or call.operation in operations) else None

        with self.watched(refuse):
            yield

    # --- what a crash leaves ------------------------------------------------------------------------------------------

    def remember(self) -> "Remembered":
        """All that outlives a process: the table, its stream, Neptune, the queue, the topic. S3 is only read here."""
        with self._moment, self.neptune.lock:
            return Remembered(
                time=self.clock.time,
                phase=self.phase,
                queue=copy.deepcopy(self.queue.__dict__, {id(self.queue.now): self.queue.now}),
                table=copy.deepcopy(self._table()),
                neptune=copy.deepcopy(self.neptune.state, {id(self.neptune): self.neptune}),
                streamed=[*self.stream()],
                announced_from=self._announced_from,
                heard=[*self._topic().sent_notifications],
            )

    def go_back(self, then: "Remembered") -> None:
        """Be what was remembered."""
        self.clock.time, self.phase, self._announced_from = then.time, then.phase, then.announced_from
        self.queue.__dict__.update(copy.deepcopy(then.queue, {id(self.queue.now): self.queue.now}))
        get_backend("dynamodb")[DEFAULT_ACCOUNT_ID][REGION].tables[TABLE] = copy.deepcopy(then.table)
        self.neptune.state = copy.deepcopy(then.neptune, {id(self.neptune): self.neptune})
        self._streamed = [*then.streamed]
        self._topic().sent_notifications[:] = then.heard

    def fingerprint(self) -> str:
        """Equal for worlds whose future is the same."""
        heard = {(message["jobId"], message["status"]) for message in self.announcements()}
        waiting = [(each.id, each.visible_at) for each in self.queue.messages]
        pending = [checks.images(record) for record in self.stream()[self._announced_from :]]
        with self.neptune.lock:
            training = {job_id: job.began for job_id, job in self.neptune.state.cluster.training.items()}
        durable = (self.clock.time, self.phase, sorted(heard), waiting, pending, training)
        return repr((*durable, self.accepted(), sorted(self.items().items(), key=str)))

    # --- what happened ------------------------------------------------------------------------------------------------

    @property
    def steps(self) -> Steps:
        return track.steps()

    def _table(self) -> Any:
        return get_backend("dynamodb")[DEFAULT_ACCOUNT_ID][REGION].get_table(TABLE)

    def items(self) -> dict[str, dict[str, Any]]:
        """All items of the table, as DynamoDB has them."""
        with self._moment:
            items = [plain(each.to_json()["Attributes"]) for each in self._table().all_items()]
        return {each["jobId"]: each for each in items}

    def jobs(self) -> dict[str, dict[str, Any]]:
        return {key: each for key, each in self.items().items() if not key.startswith("#")}

    def job(self, job_id: str | None = None) -> dict[str, Any]:
        """The record of `job_id`, or of the only job."""
        jobs = self.jobs()
        if job_id is None:
            [job_id] = jobs
        return jobs[job_id]

    def statuses(self) -> dict[str, str]:
        return {job_id: job["status"] for job_id, job in self.jobs().items()}

    def slots(self) -> set[str]:
        return set(self.items().get(CAPACITY, {}).get("slots", ()))

    def paused_until(self) -> str | None:
        return self.items().get(CAPACITY, {}).get("pausedUntil")

    def stream(self) -> list[dict[str, Any]]:
        """The table's stream since the beginning."""
        self._keep_stream()
        return self._streamed

    def _keep_stream(self, _: Call | None = None) -> None:
        """Take the stream out of moto, which would copy all of it at each transaction."""
        with self._moment:
            shard = self._table().stream_shard
            self._streamed += [record.to_json() for record in shard.items]
            shard.items.clear()

    def _topic(self) -> Any:
        return get_backend("sns")[DEFAULT_ACCOUNT_ID][REGION].topics[self.topic]

    def announcements(self) -> list[dict[str, Any]]:
        """What a subscriber of the topic has heard."""
        return [json.loads(message) for _, message, *_ in self._topic().sent_notifications]

    @staticmethod
    def epoch(text: str) -> float:
        """A time of the record as Neptune's log has it."""
        return from_text(text).timestamp()

    def posts(self, job_id: str | None = None) -> int:
        """How often a start of `job_id`, or of any job, reached Neptune."""
        ids = self.neptune.summary()["ids"]
        return sum(counts["posts"] for each, counts in ids.items() if job_id in (None, each))

    def accepted(self) -> dict[str, int]:
        """How often Neptune started each job."""
        return {
            job_id: counts["accepted"] for job_id, counts in self.neptune.summary()["ids"].items() if counts["accepted"]
        }

    def running(self) -> set[str]:
        """The jobs that Neptune is running."""
        with self.neptune.lock:
            now, jobs = self.clock.epoch(), self.neptune.state.cluster.training
            return {job_id for job_id, job in jobs.items() if not job.ended(now)}


class Remembered(NamedTuple):
    """A world at one moment."""

    time: datetime
    phase: str
    queue: dict[str, Any]
    table: Any
    neptune: Any
    streamed: list[Any]
    announced_from: int
    heard: list[Any]


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
