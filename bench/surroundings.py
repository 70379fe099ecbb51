"""Start what the measured functions call: an AWS emulator, local Neptune ML, and a server that takes invocations.

Each function's process gets a table of its own, so that none finds more items than another.
"""

import json
import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import boto3

import start
import step_wiring
import wiring
from local.emulator import Credentials, emulator, stay_on_this_machine
from local.model import EXAMPLE, upload
from local.neptune_ml import COMPLETED_DATA_PROCESSING_JOB, NeptuneML
from neptune_training.checks.events import CONFIGURATION
from neptune_training.flow.services import Services
from tests.world import template

REGION = "us-east-1"
BUCKET, PREFIX, MODEL, BUS = "models-bucket", "models/", "fraud", "default"
FIRST_SEQUENCER = 0x6742A1F3C4D5
CONTEXT: Any = SimpleNamespace(get_remaining_time_in_millis=lambda: 120_000)


class TakesInvocations(BaseHTTPRequestHandler):
    """Answer each request as Lambda answers an asynchronous invocation: 202."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Take an invocation, and forget it."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


class Surroundings:
    """Make tables, events and jobs for the functions."""

    def __init__(self, url: str, neptune: NeptuneML, lambda_url: str) -> None:
        self.url, self.neptune, self._lambda_url = url, neptune, lambda_url
        self._dynamodb, self._s3 = boto3.client("dynamodb"), boto3.client("s3")
        self._s3.create_bucket(Bucket=BUCKET)
        upload(self._s3, EXAMPLE, BUCKET, f"{PREFIX}{MODEL}/")
        self._etag = self._s3.head_object(Bucket=BUCKET, Key=f"{PREFIX}{MODEL}/{CONFIGURATION}")["ETag"].strip('"')
        self._topic = os.environ["TRAINING_TOPIC_ARN"] = boto3.client("sns").create_topic(Name="training")["TopicArn"]
        os.environ["STATUS_EVENT_BUS"] = BUS
        self._tables, self._sequencers = count(1), count(FIRST_SEQUENCER)
        parameters = {
            "NeptuneEndpointUrl": neptune.url,
            "ExistingModelBucket": BUCKET,
            "ModelPrefix": PREFIX,
            "AwsEndpointUrl": url,
            "DataProcessingJobId": COMPLETED_DATA_PROCESSING_JOB,
            "MaxConcurrentTrainingJobs": "500",
            "SettleSeconds": "0",
            "StatusCheckSeconds": "0",  # a job that was started is due at once
        }
        self._variables = template.variables(frozenset(parameters.items()))

    # --- variables ----------------------------------------------------------------------------------------------------

    def variables(self) -> dict[str, str]:
        """Return the variables of one of our functions, with a new table."""
        return {
            **{name: value for name, value in self._variables.items() if value},
            **self._account(),
            "TRAINING_JOBS_TABLE": self._table(template.table()),
            "TRAINING_TOPIC_ARN": self._topic,
            "STEP_FUNCTION": "step",
            "STATUS_EVENT_BUS": BUS,
            "WRITE_STATUS_FILE": "true",
        }

    def variables_of_usual_way(self) -> dict[str, str]:
        """Return the variables of the usual way, with new tables."""
        return {
            **self._account(),
            "POWERTOOLS_SERVICE_NAME": "usual-way",
            "NEPTUNE_ENDPOINT_URL": self.neptune.url,
            "DATA_PROCESSING_JOB_ID": COMPLETED_DATA_PROCESSING_JOB,
            "TRAIN_MODEL_S3_LOCATION": "s3://trained/",
            "TRAINING_TOPIC_ARN": self._topic,
            "JOBS_TABLE": self._table(keyed("jobId")),
            "IDEMPOTENCY_TABLE": self._table(keyed("id")),
        }

    def _account(self) -> dict[str, str]:
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        return {
            **{name: os.environ[name] for name in names},
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ENDPOINT_URL_LAMBDA": self._lambda_url,
            "NO_PROXY": "127.0.0.1",
        }

    def _table(self, parameters: dict[str, Any]) -> str:
        name = f"table-{next(self._tables)}"
        self._dynamodb.create_table(TableName=name, **parameters)
        return name

    # --- events -------------------------------------------------------------------------------------------------------

    def uploaded(self) -> dict[str, Any]:
        """Return what SQS delivers after an upload of the example model; it is another upload each time."""
        number = next(self._sequencers)
        found = {
            "key": f"{PREFIX}{MODEL}/{CONFIGURATION}",
            "etag": self._etag,
            "size": 571,
            "sequencer": f"{number:016X}",
        }
        body = {
            "version": "0",
            "id": f"{number:08x}-1428-4cd3-a780-95db273d1602",
            "detail-type": "Object Created",
            "source": "aws.s3",
            "account": "123456789012",
            "time": "2026-11-24T02:00:00Z",
            "region": REGION,
            "resources": [f"arn:aws:s3:::{BUCKET}"],
            "detail": {
                "version": "0",
                "bucket": {"name": BUCKET},
                "object": found,
                "request-id": "N4N7GDK58NMKJ12R",
                "requester": "123456789012",
                "source-ip-address": "192.0.2.1",
                "reason": "PutObject",
            },
        }
        record = {
            "messageId": f"{number:08x}-87a3-44ab-83d2-661975830a7d",
            "receiptHandle": "handle",
            "body": json.dumps(body),
            "attributes": {
                "ApproximateReceiveCount": "1",
                "SentTimestamp": "1795485600000",
                "SenderId": "AIDAIENQZJOLO23YVJ4VO",
                "ApproximateFirstReceiveTimestamp": "1795485600001",
            },
            "messageAttributes": {},
            "md5OfBody": "8a56cff3e9e40bb0843ac10f0cd11f2b",
            "eventSource": "aws:sqs",
            "eventSourceARN": f"arn:aws:sqs:{REGION}:123456789012:queue",
            "awsRegion": REGION,
        }
        return {"Records": [record]}

    # --- jobs ---------------------------------------------------------------------------------------------------------

    def services(self, variables: dict[str, str]) -> Services:
        """Return what our functions act on, in this process."""
        return step_wiring.services(environment=variables)

    def started(self, services: Services) -> str:
        """Let our `start` start a job from this process; return its id."""
        record = self.uploaded()["Records"][0]
        job = start.begin(services, record["body"], record["messageId"], CONTEXT)
        start.metrics.clear_metrics()  # nothing writes them here
        if job["status"] != "STARTED":
            raise RuntimeError(f"a job that should be STARTED is {job}")
        return str(job["jobId"])

    def item(self, table: str, job_id: str) -> Any:
        """Return the record of a job as DynamoDB has it."""
        return self._dynamodb.get_item(TableName=table, Key={"jobId": {"S": job_id}})["Item"]


def keyed(name: str) -> dict[str, Any]:
    """Return the parameters of CreateTable for a table with one key."""
    return {
        "KeySchema": [{"AttributeName": name, "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }


@contextmanager
def surroundings() -> Iterator[Surroundings]:
    """Start all servers, and stop them at the end. Each job that Neptune gets is completed at once."""
    stay_on_this_machine()
    for each in (wiring.logger, logging.getLogger("neptune_training")):
        each.setLevel("WARNING")  # of what runs in this process
    credentials = Credentials()
    taking = ThreadingHTTPServer(("127.0.0.1", 0), TakesInvocations)
    threading.Thread(target=taking.serve_forever, name="lambda", daemon=True).start()
    with (
        TemporaryDirectory(prefix="bench-") as folder,
        emulator(Path(folder) / "ministack.log", credentials) as url,
        NeptuneML(stage_seconds=0.0) as neptune,
    ):
        os.environ.update(credentials.variables)
        os.environ.update(
            {"AWS_ENDPOINT_URL": url, "AWS_DEFAULT_REGION": REGION, "POWERTOOLS_METRICS_DISABLED": "true"}
        )
        os.environ["AWS_ENDPOINT_URL_LAMBDA"] = f"http://127.0.0.1:{taking.server_address[1]}"
        time.sleep(1.0)  # what the emulator still does after its first answer
        yield Surroundings(url, neptune, os.environ["AWS_ENDPOINT_URL_LAMBDA"])
    taking.shutdown()
