"""The output NeptuneMLRolePolicy: what Neptune ML's own roles have to be allowed in the stack's buckets."""

import json
from typing import Any

import pytest

from tests.rendered import Rendered

KEY = "arn:aws:kms:us-east-1:123456789012:key/1"
OTHER_KEY = "arn:aws:kms:us-east-1:123456789012:key/2"


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def neptunes(**parameters: str) -> list[dict[str, Any]]:
    """Return the statements that a stack says to add to Neptune ML's roles."""
    return json.loads(Rendered(**parameters).outputs["NeptuneMLRolePolicy"]["Value"])["Statement"]


def permitted(statements: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {
        (action, resource)
        for each in statements
        for action in listed(each["Action"])
        for resource in listed(each["Resource"])
        if each["Effect"] == "Allow"
    }


def test_the_policy_for_neptune_mls_roles_reads_models_and_writes_trained_models() -> None:
    assert permitted(neptunes(ExistingModelBucket="mine", ModelPrefix="a/b/", TrainModelS3Bucket="other")) == {
        ("s3:ListBucket", "arn:aws:s3:::mine"),
        ("s3:ListBucket", "arn:aws:s3:::other"),
        ("s3:GetObject", "arn:aws:s3:::mine/a/b/*"),
        ("s3:GetObject", "arn:aws:s3:::other/trained/*"),
        ("s3:PutObject", "arn:aws:s3:::other/trained/*"),
        ("s3:DeleteObject", "arn:aws:s3:::other/trained/*"),
        ("s3:AbortMultipartUpload", "arn:aws:s3:::other/trained/*"),
    }


def test_the_policy_for_neptune_mls_roles_names_the_bucket_that_the_stack_makes() -> None:
    assert ("s3:GetObject", "arn:aws:s3:::ModelBucket/models/*") in permitted(neptunes())
    assert ("s3:PutObject", "arn:aws:s3:::ModelBucket/trained/*") in permitted(neptunes())


@pytest.mark.parametrize(
    ("parameters", "keys"),
    [
        ({"KmsKeyArn": KEY}, {KEY}),
        ({"KmsKeyArn": KEY, "ModelBucketKmsKeyArn": OTHER_KEY}, {KEY, OTHER_KEY}),
        ({"KmsKeyArn": KEY, "ExistingModelBucket": "mine"}, set()),
        ({"KmsKeyArn": KEY, "ExistingModelBucket": "mine", "ModelBucketKmsKeyArn": OTHER_KEY}, {OTHER_KEY}),
    ],
    ids=["a new bucket", "a new bucket with a former key", "an existing bucket", "an existing bucket under a key"],
)
def test_the_policy_for_neptune_mls_roles_has_the_buckets_keys(parameters: dict[str, str], keys: set[str]) -> None:
    asked = {(action, key) for key in keys for action in ("kms:Decrypt", "kms:GenerateDataKey")}
    assert {each for each in permitted(neptunes(**parameters)) if each[0].startswith("kms:")} == asked
