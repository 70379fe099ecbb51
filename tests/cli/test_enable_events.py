"""An existing bucket is let to send its events to EventBridge, and keeps all that it had."""

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from cli.enable_events import turn_on
from tests.cli.conftest import REGION, Said

Program = Callable[..., Said]
BUCKET = {"Bucket": "my-models"}
TOPIC = {"Id": "mine", "TopicArn": "arn:aws:sns:us-east-1:123456789012:mine", "Events": ["s3:ObjectRemoved:*"]}
QUEUE = {"Id": "ours", "QueueArn": "arn:aws:sqs:us-east-1:123456789012:ours", "Events": ["s3:ObjectCreated:*"]}


@pytest.fixture
def s3() -> Iterator[Stubber]:
    """S3, which takes the calls that a test expects and no others."""
    client = boto3.client("s3", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.mark.parametrize("found", [{}, {"TopicConfigurations": [TOPIC], "QueueConfigurations": [QUEUE]}])
def test_eventbridge_is_added_to_what_is_there(s3: Stubber, found: dict[str, Any]) -> None:
    s3.add_response("get_bucket_notification_configuration", dict(found), BUCKET)
    merged = {**found, "EventBridgeConfiguration": {}}
    expected = {**BUCKET, "NotificationConfiguration": merged, "SkipDestinationValidation": True}
    s3.add_response("put_bucket_notification_configuration", {}, expected)
    assert turn_on(s3.client, "my-models") is True


def test_a_bucket_that_has_it_already_is_left_alone(s3: Stubber) -> None:
    found: dict[str, Any] = {"TopicConfigurations": [TOPIC], "EventBridgeConfiguration": {}}
    s3.add_response("get_bucket_notification_configuration", dict(found), BUCKET)
    assert turn_on(s3.client, "my-models") is False


def test_the_first_time_says_that_an_upload_of_the_first_minutes_starts_nothing(
    program: Program, aws: boto3.Session
) -> None:
    where: Any = {"LocationConstraint": REGION}
    aws.client("s3").create_bucket(**BUCKET, CreateBucketConfiguration=where)
    done = program("enable-events", "my-models")
    assert done.code == 0
    assert "upload the configuration again" in done.out
    assert program("enable-events", "my-models", "--json").json == {"bucket": "my-models", "changed": True}


def test_a_bucket_that_is_not_there_exits_2_with_what_to_check(program: Program, aws: boto3.Session) -> None:
    done = program("enable-events", "no-such-bucket")
    assert (done.code, done.out) == (2, "")
    assert "There is no bucket no-such-bucket. Check the name" in done.err
