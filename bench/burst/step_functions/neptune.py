"""Call Neptune for the state machine. Step Functions has no integration of its own for the `neptunedata` API.

`start` returns `{"status": "STARTED" or "THROTTLED", "jobId", "arn", "attempt", "waitSeconds"}`, `look` the training's
`{"status"}`. The job's id comes from the upload, so Neptune refuses a second start of the same upload.
"""

import os
import random
from hashlib import sha256
from typing import Any

import boto3
from botocore.config import Config

neptune = boto3.client(
    "neptunedata", endpoint_url=os.environ["NEPTUNE_ENDPOINT_URL"], config=Config(retries={"mode": "standard"})
)
LONGEST_WAIT = 60
ENDED = {"completed", "failed", "stopped"}


def job_id(detail: dict[str, Any]) -> str:
    """Return the same id for each delivery of one upload."""
    upload = f"{detail['bucket']['name']} {detail['object']['key']} {detail['object']['sequencer']}"
    return f"m-{sha256(upload.encode()).hexdigest()[:24]}"


def start(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Start the training. Too many requests are no error: the state machine waits and asks again."""
    detail, attempt = event["detail"], event.get("attempt", 0) + 1
    poll_seconds = int(os.environ["POLL_SECONDS"])
    found = {
        "jobId": job_id(detail),
        "attempt": attempt,
        "arn": "unknown",
        "detail": detail,
        "waitSeconds": poll_seconds,
    }
    try:
        started = neptune.start_ml_model_training_job(
            id=found["jobId"],
            dataProcessingJobId=os.environ["DATA_PROCESSING_JOB_ID"],
            trainModelS3Location=os.environ["TRAIN_MODEL_S3_LOCATION"] + found["jobId"],
            trainingInstanceType="ml.g5.2xlarge",
            customModelTrainingParameters={
                "sourceS3DirectoryPath": f"s3://{detail['bucket']['name']}/{detail['object']['key'].rpartition('/')[0]}",
                "trainingEntryPointScript": "training.py",
                "transformEntryPointScript": "transform.py",
            },
        )
    except neptune.exceptions.TooManyRequestsException:
        longest = min(LONGEST_WAIT, int(os.environ["RETRY_SECONDS"]) * 2**attempt)
        return {**found, "status": "THROTTLED", "waitSeconds": random.randint(1, longest)}  # noqa: S311 - no secret
    except neptune.exceptions.InvalidParameterException as error:
        if "same ID already exists" not in str(error.response.get("detailedMessage")):
            raise
        return {**found, "status": "STARTED"}
    return {**found, "status": "STARTED", "arn": started["arn"]}


def look(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Return how the training is: RUNNING or its end, such as COMPLETED."""
    status = neptune.get_ml_model_training_job(id=event["jobId"])["status"]
    return {**event, "status": status.upper() if status.lower() in ENDED else "RUNNING"}
