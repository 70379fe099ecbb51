"""The whole application on this machine: this project's own `template.yaml` on ministack, with local Neptune ML.

    with Stack() as stack:
        stack.client("s3").put_object(Bucket=stack.outputs["ModelBucket"], …)
        stack.messages()

Some differences from AWS: the periods in `QUICK` are 0 to 3 seconds; `track` ticks each second; each data-processing
job counts as Completed; local Neptune ML checks no signature and no policy; only `make redrive` moves messages of the
dead-letter queue.
"""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any, Self

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local import artefact, last_run, run_folders
from local.artefact import KEPT, ROOT
from local.cloudwatch_logs import write_log
from local.emulator import Credentials, emulator, stay_on_this_machine
from local.joining import OWNER
from local.neptune_ml import COMPLETED_DATA_PROCESSING_JOB, NeptuneML, sagemaker_events
from neptune_training.aws.dynamodb_items import plain

REGION = "us-east-1"
NAME = "neptune-ml-training"
FUNCTIONS = ("StartFunction", "StepFunction", "TrackFunction", "NotifyFunction", "EmitFunction")
QUICK = {
    "SettleSeconds": "0",
    "FilesGraceSeconds": "3",
    "StatusCheckSeconds": "1",
    "CapacityProbeSeconds": "1",
    "LeaseSlackSeconds": "1",
    "NeptuneReadTimeoutSeconds": "3",
    "MaxConcurrentTrainingJobs": "5",
}


class Stack:
    """Everything that one run starts; leaving the `with` stops it all.

    `parameters` are the template's; those that are not given have the values of a quick local run.
    `front` takes AWS's address and returns the one that the functions get instead, so that something can stand between.
    `port` is the AWS emulator's; 0 is any free one. `emulator_module` is the Python module that runs it.
    `tick_seconds` is the time between two runs of `track`. `progress` gets the name of each thing that starts, such as
    "the AWS emulator". With `wait_until_warm=False` the functions' processes may still start when the `with` is
    entered; what is asked of them then takes some seconds longer. If the `with` ends with an error, the emulator's log
    stays in the folder of the last run.
    """

    def __init__(
        self,
        parameters: Mapping[str, str] | None = None,
        neptune: NeptuneML | None = None,
        front: Callable[[str], str] = lambda url: url,
        *,
        port: int = 0,
        emulator_module: str = "local.guarded_ministack",
        tick_seconds: float = 1.0,
        progress: Callable[[str], object] = lambda _: None,
        wait_until_warm: bool = True,
    ) -> None:
        self.neptune = neptune or NeptuneML(stage_seconds=1.0, any_data_processing=True)
        self.credentials = Credentials()
        self._parameters = parameters or {}
        self._front = front
        self._port, self._emulator_module, self._tick_seconds = port, emulator_module, tick_seconds
        self._progress = progress
        self._wait_until_warm = wait_until_warm
        self._exit = ExitStack()
        self._stopping = threading.Event()
        self.announcements: list[tuple[float, dict[str, Any]]] = []
        self._yielded = 0

    def __enter__(self) -> Self:
        stay_on_this_machine()
        KEPT.mkdir(exist_ok=True)
        run_folders.sweep()
        code = artefact.build()
        with ExitStack() as starting:
            folder = starting.enter_context(run_folders.run_folder(KEPT, run_folders.ON_DISK))
            self.log = folder / "ministack.log"
            starting.push(self._keep_log)
            self._progress("the AWS emulator")
            self.url = starting.enter_context(emulator(self.log, self.credentials, self._port, self._emulator_module))
            self.neptune.write_log = partial(write_log, self.client("logs"))
            starting.enter_context(self.neptune)
            self._progress("this project's template.yaml, deployed to it")
            self.outputs = self._deploy(code)
            self._listen()
            self._progress("the five functions")
            warm = self._warm_up()
            starting.callback(self._stop_ticking, self._begin_ticking(warm))
            starting.enter_context(sagemaker_events.SageMakerEvents(self.neptune, self._put_events))
            if self._wait_until_warm:
                self._join(warm)
            self._exit = starting.pop_all()
        return self

    def __exit__(self, *error: Any) -> None:
        self._exit.__exit__(*error)

    def _keep_log(self, error: type[BaseException] | None, *_: object) -> None:
        """Keep the log of a run that has failed."""
        if error not in (None, KeyboardInterrupt, SystemExit):
            last_run.keep({self.log.name: self.log.read_bytes()})

    def client(self, service: str) -> Any:
        """Return a boto3 client of `service` on this stack."""
        config = Config(retries={"mode": "standard", "total_max_attempts": 5})
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.url,
            region_name=REGION,
            config=config,
            aws_access_key_id=self.credentials.access_key,
            aws_secret_access_key=self.credentials.secret_key,
        )

    @property
    def environment(self) -> dict[str, str]:
        """Shell variables with which any AWS client joins."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "NO_PROXY": os.environ["NO_PROXY"],
            "no_proxy": os.environ["no_proxy"],
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            **self.credentials.variables,
            OWNER: str(os.getpid()),
            "NEPTUNE_ENDPOINT_URL": self.neptune.url,
            "MODEL_BUCKET": self.outputs["ModelBucket"],
            "MODEL_PREFIX": self.outputs["ModelPrefix"],
            "EVENT_BUS": self.outputs["EventBus"],
            "TRAINING_JOBS_TABLE": self.outputs["TrainingJobsTable"],
            "TRAINING_TOPIC_ARN": self.outputs["TrainingTopicArn"],
            "TRAINING_QUEUE_URL": self.outputs["TrainingQueueUrl"],
            "DEAD_LETTER_QUEUE_URL": self.outputs["DeadLetterQueueUrl"],
            "DATA_PROCESSING_JOB_ID": COMPLETED_DATA_PROCESSING_JOB,
        }

    def messages(self, seconds: float = 1.0) -> Iterator[tuple[float, dict[str, Any]]]:
        """Yield the messages that a subscriber of the topic gets from now on; end after `seconds` without one."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self._yielded < len(self.announcements):
                self._yielded += 1
                yield self.announcements[self._yielded - 1]
                until = time.monotonic() + seconds
            time.sleep(0.01)

    def records(self) -> list[dict[str, Any]]:
        """Return the jobs in the table, oldest first."""
        pages = self.client("dynamodb").get_paginator("scan").paginate(TableName=self.outputs["TrainingJobsTable"])
        jobs = (plain(item) for page in pages for item in page["Items"] if "status" in item)
        return sorted(jobs, key=lambda job: str(job["createdAt"]))

    # --- starting -----------------------------------------------------------------------------------------------------

    def _deploy(self, code: Path) -> dict[str, str]:
        """Do what `sam deploy` does: upload the artefact and the template that points at it, create the stack, wait."""
        s3, cloudformation = self.client("s3"), self.client("cloudformation")
        s3.create_bucket(Bucket="artefacts")
        s3.upload_file(str(code), "artefacts", code.name)
        template = (ROOT / "template.yaml").read_text()
        template = template.replace("CodeUri: functions/", f"CodeUri: s3://artefacts/{code.name}")
        s3.put_object(Bucket="artefacts", Key="template.yaml", Body=template.encode())  # too long to go with the call
        parameters = {
            "NeptuneEndpointUrl": self.neptune.url,
            "NeptuneClusterResourceId": "cluster-LOCAL",
            "TrainModelS3Bucket": "trained-models",
            "TrainModelS3Prefix": "neptune-ml/",
            "DataProcessingJobId": COMPLETED_DATA_PROCESSING_JOB,
            "AwsEndpointUrl": self._front(self.url),
            "SageMakerEventSource": sagemaker_events.SOURCE,
            **QUICK,
            **self._parameters,
        }
        try:
            cloudformation.create_stack(
                StackName=NAME,
                TemplateURL=f"{self.url}/artefacts/template.yaml",
                Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
                Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            )
        except ClientError as error:  # a value that the template does not allow
            raise RuntimeError(error.response["Error"]["Message"]) from error
        while (stack := cloudformation.describe_stacks(StackName=NAME)["Stacks"][0])["StackStatus"].endswith(
            "PROGRESS"
        ):
            time.sleep(0.05)
        if stack["StackStatus"] != "CREATE_COMPLETE":
            raise RuntimeError(f"the stack is {stack['StackStatus']}: {stack.get('StackStatusReason')}")
        return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}

    def _listen(self) -> None:
        """Subscribe to the topic, as a user would who wants messages in a queue."""
        sqs, sns = self.client("sqs"), self.client("sns")
        url = sqs.create_queue(QueueName="subscriber")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(from_sns(arn, self.outputs))})
        sns.subscribe(TopicArn=self.outputs["TrainingTopicArn"], Protocol="sqs", Endpoint=arn)
        threading.Thread(target=self._receive, args=(sqs, url), name="subscriber", daemon=True).start()

    def _receive(self, sqs: Any, url: str) -> None:
        while not self._stopping.is_set():
            try:
                batch = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", [])
                for each in batch:
                    self.announcements.append((time.time(), json.loads(json.loads(each["Body"])["Message"])))
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
            except (BotoCoreError, ClientError):
                self._stopping.wait(0.2)

    def _warm_up(self) -> list[threading.Thread]:
        """Start each function's process, side by side, with an empty batch, which does nothing."""
        names = (self.outputs[name] for name in FUNCTIONS)
        threads = [threading.Thread(target=self._warm, args=(name,), name="warm up", daemon=True) for name in names]
        for thread in threads:
            thread.start()
        return threads

    def _warm(self, function: str) -> None:
        with suppress(BotoCoreError, ClientError):  # the stack may end before the function has started
            self.invoke(function, {"Records": []})

    @staticmethod
    def _join(threads: list[threading.Thread]) -> None:
        for thread in threads:
            thread.join()

    def invoke(self, function: str, event: object) -> Any:
        """Invoke a function and return what it returned."""
        return json.loads(
            self.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))["Payload"].read()
        )

    # --- ticking ------------------------------------------------------------------------------------------------------

    def _begin_ticking(self, warm: list[threading.Thread]) -> threading.Thread:
        thread = threading.Thread(target=self._tick, args=(warm,), name="tick", daemon=True)
        thread.start()
        return thread

    def _tick(self, warm: list[threading.Thread]) -> None:
        self._join(warm)  # a tick in that time would start a second process
        while not self._stopping.wait(self._tick_seconds):
            try:
                self.invoke(self.outputs["TrackFunction"], {"source": "local.tick"})
            except (BotoCoreError, ClientError, ValueError):
                continue  # a tick that fails is followed by the next

    def _put_events(self, entries: list[dict[str, Any]]) -> None:
        """Send events to the default bus, as SageMaker does. A lost event does no harm: the ticks find the end."""
        client = self.client("events")
        for first in range(0, len(entries), 10):  # PutEvents takes no more at once
            with suppress(BotoCoreError, ClientError):
                client.put_events(Entries=entries[first : first + 10])

    def _stop_ticking(self, thread: threading.Thread) -> None:
        self._stopping.set()
        thread.join(5)


def from_sns(queue: str, outputs: Mapping[str, str]) -> dict[str, Any]:
    """Return the policy by which a queue takes the topic's messages."""
    return {
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue,
            "Condition": {"ArnEquals": {"aws:SourceArn": outputs["TrainingTopicArn"]}},
        }
    }
