"""The result in a job's record: the one request that is sent, and what its answer leads to."""

from typing import Any, cast

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from neptune_training.aws.result_field import write_result

JOB = {"jobId": "fraud-1", "status": "COMPLETED", "model": "s3://models/fraud/"}
REQUEST = {
    "TableName": "jobs",
    "Key": {"jobId": {"S": "fraud-1"}},
    "UpdateExpression": "SET #result = :result",
    "ConditionExpression": "#status = :status AND attribute_not_exists(#result)",
    "ExpressionAttributeNames": {"#result": "result", "#status": "status"},
    "ExpressionAttributeValues": {":result": {"M": {"trials": {"N": "3"}}}, ":status": {"S": "COMPLETED"}},
}


def write(dynamodb: Stubber) -> None:
    write_result(cast("Any", dynamodb.client), "jobs", JOB, {"trials": 3})


def test_a_result_is_set_only_in_a_record_with_the_jobs_status_and_without_one(dynamodb: Stubber) -> None:
    dynamodb.add_response("update_item", {}, REQUEST)
    write(dynamodb)


def test_a_record_that_has_a_result_or_another_status_keeps_what_it_has(dynamodb: Stubber) -> None:
    dynamodb.add_client_error("update_item", "ConditionalCheckFailedException", expected_params=REQUEST)
    write(dynamodb)


def test_another_error_is_raised(dynamodb: Stubber) -> None:
    dynamodb.add_client_error("update_item", "AccessDeniedException", expected_params=REQUEST)
    with pytest.raises(ClientError, match="AccessDeniedException"):
        write(dynamodb)
