"""`make eventbridge BUCKET=name`: let an existing bucket send its events to EventBridge too.

S3 replaces a bucket's whole notification configuration, or none of it. So what is there is read, added to and put back.
"""

import argparse
import sys
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def turn_on(s3: "S3Client", bucket: str) -> bool:
    """Add EventBridge to what `bucket` notifies; False where it is there already."""
    configuration: Any = s3.get_bucket_notification_configuration(Bucket=bucket)
    configuration.pop("ResponseMetadata", None)
    if "EventBridgeConfiguration" in configuration:
        return False
    configuration["EventBridgeConfiguration"] = {}
    s3.put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration=configuration,
        SkipDestinationValidation=True,  # the others are not ours to judge
    )
    return True


def outcome(bucket: str, *, changed: bool) -> str:
    """Return what to do next."""
    if not changed:
        return f"{bucket} sends its events to EventBridge already; nothing was changed."
    return (
        f"{bucket} now sends its events to EventBridge; all else is as it was.\n"
        "S3 takes about five minutes to begin. An upload before that starts nothing: upload the configuration again."
    )


def main() -> int:
    """Run the program."""
    description = "Let an existing bucket send its events to EventBridge too."
    parser = argparse.ArgumentParser(prog="make eventbridge", description=description)
    parser.add_argument("bucket", help="its name")
    bucket = parser.parse_args().bucket
    print(outcome(bucket, changed=turn_on(boto3.client("s3"), bucket)))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (BotoCoreError, ClientError, ValueError) as error:  # a region that is set to nothing is a ValueError
        sys.exit(f"make eventbridge: {error}")
