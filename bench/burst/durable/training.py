"""One durable execution for each upload: start the training, record and announce it, poll until it has ended.

The job's id comes from the upload, so Neptune refuses a second start of the same upload. So a step that was interrupted
can be run again.
"""

import json
import os
import random
from hashlib import sha256
from typing import Any

import boto3
from aws_durable_execution_sdk_python import DurableContext, StepContext, durable_execution, durable_step
from aws_durable_execution_sdk_python.config import Duration
from botocore.config import Config

standard = Config(retries={"mode": "standard"})
neptune = boto3.client("neptunedata", endpoint_url=os.environ["NEPTUNE_ENDPOINT_URL"], config=standard)
jobs = boto3.resource("dynamodb", config=standard).Table(os.environ["JOBS_TABLE"])
sns = boto3.client("sns", config=standard)
LONGEST_WAIT = 60
ENDED = {"completed", "failed", "stopped"}


@durable_step
def start(_context: StepContext, job_id: str, upload: dict[str, str]) -> dict[str, Any]:
    """Start the training. Too many requests are no error: the execution waits and asks again."""
    try:
        started = neptune.start_ml_model_training_job(
            id=job_id,
            dataProcessingJobId=os.environ["DATA_PROCESSING_JOB_ID"],
            trainModelS3Location=os.environ["TRAIN_MODEL_S3_LOCATION"] + job_id,
            trainingInstanceType="ml.g5.2xlarge",
            customModelTrainingParameters={
                "sourceS3DirectoryPath": f"s3://{upload['bucket']}/{upload['key'].rpartition('/')[0]}",
                "trainingEntryPointScript": "training.py",
                "transformEntryPointScript": "transform.py",
            },
        )
    except neptune.exceptions.TooManyRequestsException:
        return {"throttled": True, "jitter": random.random()}  # noqa: S311 - no secret
    except neptune.exceptions.InvalidParameterException as error:
        if "same ID already exists" not in str(error.response.get("detailedMessage")):
            raise
        return {"throttled": False, "arn": "unknown"}
    return {"throttled": False, "arn": started["arn"]}


@durable_step
def record(_context: StepContext, job: dict[str, Any]) -> None:
    """Write down how the job is, and announce it."""
    jobs.put_item(Item=job)
    sns.publish(TopicArn=os.environ["TRAINING_TOPIC_ARN"], Message=json.dumps(job))


@durable_step
def look(_context: StepContext, job_id: str) -> str:
    """Return the training's status."""
    return str(neptune.get_ml_model_training_job(id=job_id)["status"])


@durable_execution
def handler(event: dict[str, Any], context: DurableContext) -> dict[str, Any]:
    """Train one upload, from its event to its end."""
    found = event["detail"]["object"]
    upload = {"bucket": event["detail"]["bucket"]["name"], "key": found["key"], "sequencer": found["sequencer"]}
    job_id = f"m-{sha256(' '.join(upload.values()).encode()).hexdigest()[:24]}"
    attempt = 0
    while (started := context.step(start(job_id, upload)))["throttled"]:
        attempt += 1
        longest = min(LONGEST_WAIT, int(os.environ["RETRY_SECONDS"]) * 2**attempt)
        context.wait(Duration.from_seconds(1 + int(started["jitter"] * longest)))
    job = {"jobId": job_id, "arn": started["arn"], "status": "STARTED", "upload": upload}
    context.step(record(job))
    while True:
        context.wait(Duration.from_seconds(int(os.environ["POLL_SECONDS"])))
        if (status := context.step(look(job_id))).lower() in ENDED:
            break
    job["status"] = status.upper()
    context.step(record(job))
    return job
