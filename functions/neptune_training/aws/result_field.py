"""Add the field `result` to the record of a job that has ended."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from neptune_training.aws.dynamodb_items import typed

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def write_result(client: "DynamoDBClient", table: str, job: dict[str, Any], result: dict[str, Any]) -> None:
    """Set `result`, if the record has the job's status and no result.

    The record's version does not change, because no step depends on `result`.
    """
    with suppress(client.exceptions.ConditionalCheckFailedException):
        client.update_item(
            TableName=table,
            Key={"jobId": {"S": job["jobId"]}},
            UpdateExpression="SET #result = :result",
            ConditionExpression="#status = :status AND attribute_not_exists(#result)",
            ExpressionAttributeNames={"#result": "result", "#status": "status"},
            ExpressionAttributeValues=typed({":result": result, ":status": job["status"]}),
        )
