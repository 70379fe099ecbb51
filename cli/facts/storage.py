"""The model bucket, and the KMS keys."""

import json
from dataclasses import dataclass
from typing import Any

from cli.facts.aws import Aws, NotNeeded

NO_BUCKET = ("NoSuchBucket", "404", "NotFound")  # the last two of HEAD, which has no body


@dataclass(frozen=True)
class Key:
    """A KMS key. `state` is `Enabled` if it can be used."""

    arn: str
    state: str


def bucket_region(aws: Aws, name: str) -> str | None:
    """Return the region of a bucket; None if there is no such bucket, or it is another account's."""
    answer = aws.ask("s3", "head_bucket", NO_BUCKET, Bucket=name, ExpectedBucketOwner=aws.account)
    return str(answer.get("BucketRegion") or aws.region) if answer else None


def sends_events(aws: Aws, name: str) -> bool:
    """Return True if a bucket sends its events to EventBridge."""
    answer = aws.ask("s3", "get_bucket_notification_configuration", NO_BUCKET, Bucket=name)
    if answer is None:
        raise NotNeeded("there is no such bucket")
    return "EventBridgeConfiguration" in answer


def bucket_key(aws: Aws, name: str) -> str:
    """Return the KMS key that new objects of a bucket are encrypted with, an ARN or an id; empty if with none."""
    absent = ("ServerSideEncryptionConfigurationNotFoundError", *NO_BUCKET)
    answer = aws.ask("s3", "get_bucket_encryption", absent, Bucket=name)
    rules = answer["ServerSideEncryptionConfiguration"]["Rules"] if answer else []
    defaults = (each.get("ApplyServerSideEncryptionByDefault", {}) for each in rules)
    return next((each.get("KMSMasterKeyID", "alias/aws/s3") for each in defaults if "kms" in each["SSEAlgorithm"]), "")


def bucket_policy(aws: Aws, name: str) -> dict[str, Any]:
    """Return a bucket's policy; empty if it has none."""
    answer = aws.ask("s3", "get_bucket_policy", ("NoSuchBucketPolicy", *NO_BUCKET), Bucket=name)
    return dict(json.loads(answer["Policy"])) if answer else {}


def key(aws: Aws, name: str) -> Key | None:
    """Return a key by its ARN, id or alias; None if there is no such key."""
    answer = aws.ask("kms", "describe_key", ("NotFoundException",), KeyId=name)
    return Key(answer["KeyMetadata"]["Arn"], answer["KeyMetadata"]["KeyState"]) if answer else None


def key_policy(aws: Aws, arn: str) -> dict[str, Any]:
    """Return the policy of a key."""
    return dict(json.loads(aws.ask("kms", "get_key_policy", KeyId=arn, PolicyName="default")["Policy"]))
