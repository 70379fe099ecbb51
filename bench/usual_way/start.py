"""The usual way to start a training for each upload: one function behind an SQS queue.

Powertools' batch utility reports the failed messages, its idempotency utility keeps a finished request from running
again, and SQS delivers the others again, for instance after Neptune's 429.
"""

import os
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.parser import parse
from aws_lambda_powertools.utilities.parser.models import S3EventNotificationEventBridgeModel
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

logger = Logger()
processor = BatchProcessor(event_type=EventType.SQS)
standard = Config(retries={"mode": "standard"})
neptune = boto3.client("neptunedata", endpoint_url=os.environ["NEPTUNE_ENDPOINT_URL"], config=standard)
jobs = boto3.resource("dynamodb", config=standard).Table(os.environ["JOBS_TABLE"])
sns = boto3.client("sns", config=standard)
seen = DynamoDBPersistenceLayer(table_name=os.environ["IDEMPOTENCY_TABLE"])
config = IdempotencyConfig(event_key_jmespath="[bucket, key, sequencer]")


@idempotent_function(data_keyword_argument="upload", persistence_store=seen, config=config)  # type: ignore[untyped-decorator]
def start(upload: dict[str, str]) -> dict[str, Any]:
    """Start one training, keep its ARN, announce it."""
    directory = f"s3://{upload['bucket']}/{upload['key'].rpartition('/')[0]}"
    started = neptune.start_ml_model_training_job(
        dataProcessingJobId=os.environ["DATA_PROCESSING_JOB_ID"],
        trainModelS3Location=os.environ["TRAIN_MODEL_S3_LOCATION"] + upload["sequencer"],
        trainingInstanceType="ml.g5.2xlarge",
        customModelTrainingParameters={
            "sourceS3DirectoryPath": directory,
            "trainingEntryPointScript": "training.py",
            "transformEntryPointScript": "transform.py",
        },
    )
    job: dict[str, Any] = {"jobId": started["id"], "arn": started["arn"], "status": "STARTED", "upload": upload}
    jobs.put_item(Item=job)
    sns.publish(TopicArn=os.environ["TRAINING_TOPIC_ARN"], Message=str(job))
    return {"jobId": started["id"], "arn": started["arn"]}


def record_handler(record: SQSRecord) -> dict[str, Any]:
    """Read one upload's event and start its training."""
    detail = parse(record.json_body, S3EventNotificationEventBridgeModel).detail
    upload = {"bucket": detail.bucket.name, "key": detail.object.key, "sequencer": str(detail.object.sequencer)}
    started: dict[str, Any] = start(upload=upload)
    return started


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Start a training for each message; report those that failed, so that SQS delivers them again."""
    config.register_lambda_context(context)
    return process_partial_response(event=event, record_handler=record_handler, processor=processor, context=context)
