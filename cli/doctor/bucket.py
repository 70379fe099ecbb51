"""The model bucket."""

from collections.abc import Iterator

from cli.doctor.findings import Wrong, check
from cli.facts import storage
from cli.facts.facts import Facts


@check("The model bucket is in this account and region")
def bucket(facts: Facts) -> Iterator[Wrong]:
    """Look the bucket up."""
    name = facts.existing_bucket
    region = storage.bucket_region(facts.aws, name)
    if region is None:
        why = "There are no models to read, and no uploads that start trainings."
        yield Wrong(f"There is no bucket {name} in this account", why, "Correct ExistingModelBucket and deploy again")
    elif region != facts.aws.region:
        why = "S3 sends a bucket's events to EventBridge in the bucket's own region, so uploads start nothing."
        fix = f"Name a bucket in {facts.aws.region} as ExistingModelBucket and deploy again"
        yield Wrong(f"The bucket {name} is in {region}", why, fix)


@check("The bucket sends its events to EventBridge")
def bucket_events(facts: Facts) -> Iterator[Wrong]:
    """Look at what the bucket notifies."""
    name = facts.existing_bucket
    if not storage.sends_events(facts.aws, name):
        yield Wrong(
            f"{name} does not send its events to EventBridge",
            "Uploads start nothing.",
            f"neptune-training enable-events {name}",
        )


@check("The functions can use the bucket's key")
def bucket_key(facts: Facts) -> Iterator[Wrong]:
    """Compare the bucket's key with those that start and step can use."""
    name = facts.existing_bucket
    used = storage.bucket_key(facts.aws, name)
    if not used or "alias/aws/s3" in used:
        return
    key = storage.key(facts.aws, used)
    arn = key.arn if key else used
    if arn not in (facts.value("KmsKeyArn"), facts.value("ModelBucketKmsKeyArn")):
        yield Wrong(
            f"{name} encrypts with {arn}, which is neither KmsKeyArn nor ModelBucketKmsKeyArn",
            "start cannot read models: jobs wait for access, then are rejected.",
            f"Set ModelBucketKmsKeyArn: {arn} and deploy again",
        )
