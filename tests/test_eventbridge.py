"""An existing bucket is let to send its events to EventBridge, and keeps all that it had."""

from collections.abc import Iterator
from typing import Any, cast

import boto3
import pytest
from botocore.stub import Stubber

from local.eventbridge import outcome, turn_on

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
    assert turn_on(cast("Any", s3.client), "my-models") is True


def test_a_bucket_that_has_it_already_is_left_alone(s3: Stubber) -> None:
    found: dict[str, Any] = {"TopicConfigurations": [TOPIC], "EventBridgeConfiguration": {}}
    s3.add_response("get_bucket_notification_configuration", dict(found), BUCKET)
    assert turn_on(cast("Any", s3.client), "my-models") is False


def test_it_says_that_an_upload_of_the_first_minutes_starts_nothing() -> None:
    assert "upload the configuration again" in outcome("my-models", changed=True)
    assert "nothing was changed" in outcome("my-models", changed=False)
