"""What others do in the world: somebody else's starts, a hand in the table, a request that comes late or twice."""

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from local.cloudwatch_logs import write_log
from local.neptune_ml import COMPLETED_DATA_PROCESSING_JOB
from neptune_training.aws.records import item
from neptune_training.aws.slots import CAPACITY
from tests.world.calls import Call
from tests.world.seen import Seen
from tests.world.surroundings import REGION, TABLE


class Hands(Seen):
    """Everything but the functions themselves."""

    def elsewhere(self, job_id: str, output: str = "s3://elsewhere/x") -> None:
        """A start that is not the handlers' own."""
        self._neptunedata.start_ml_model_training_job(
            id=job_id, dataProcessingJobId=COMPLETED_DATA_PROCESSING_JOB, trainModelS3Location=output
        )

    def arrives_late(self, job_id: str) -> None:
        """The handlers' own start of the job, which was under way for long."""
        self.arrives(self.job(job_id)["request"])

    def arrives(self, parameters: Mapping[str, Any]) -> None:
        """A start comes to Neptune when nobody waits for its answer any more."""
        with suppress(ClientError, BotoCoreError):
            self._neptunedata.start_ml_model_training_job(**parameters)

    def sent_once_already(self, call: Call) -> None:
        """The SDK sends a call a second time, since the answer to the first was lost."""
        if call.operation in ("PutItem", "UpdateItem"):
            with suppress(ClientError):
                self._dynamodb._make_api_call(  # type: ignore[attr-defined] # botocore's own name
                    call.operation, json.loads(call.parameters["body"])
                )
        self._keep_stream()

    def keep_logs(self) -> None:
        """From now on, SageMaker leaves the log of each job that fails."""
        logs = boto3.Session(region_name=REGION).client("logs")
        self.neptune.write_log = partial(write_log, logs)

    def hold_slots(self, *job_ids: str) -> None:
        """Slots of jobs that there are no records of."""
        self._dynamodb.update_item(
            TableName=TABLE,
            Key={"jobId": {"S": CAPACITY}},
            UpdateExpression="ADD slots :slots",
            ExpressionAttributeValues={":slots": {"SS": [*job_ids]}},
        )

    def set_capacity(self, **values: str | int) -> None:
        """Somebody else's write to the control item."""
        for name, value in values.items():
            self._dynamodb.update_item(
                TableName=TABLE,
                Key={"jobId": {"S": CAPACITY}},
                UpdateExpression="SET #name = :value",
                ExpressionAttributeNames={"#name": name},
                ExpressionAttributeValues={":value": {"N": str(value)} if isinstance(value, int) else {"S": value}},
            )

    def copy_job(self, job_id: str, times: int) -> None:
        """As many more jobs like this one, each asked for a little later."""
        job = self.services.table.get(job_id)
        assert job
        for number in range(1, times + 1):
            later = job.createdAt + timedelta(milliseconds=number)
            trigger = job.trigger.model_copy(update={"identity": f"{job.trigger.identity} {number}"})
            moved = {"createdAt": later, "nextAttemptAt": later, "trigger": trigger, "jobId": f"{job_id[:40]}-{number}"}
            self._dynamodb.put_item(TableName=TABLE, Item=item(job.model_copy(update=moved)))

    def forget_records(self) -> None:
        """The table as it was in the beginning."""
        self._table().items.clear()
