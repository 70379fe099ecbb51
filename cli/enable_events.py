"""`neptune-training enable-events`: let an existing bucket send its events to EventBridge too.

S3 replaces a bucket's whole notification configuration, or none of it. So what is there is read, added to and put back.
"""

from typing import TYPE_CHECKING, Annotated, Any

from botocore.exceptions import ClientError, ParamValidationError
from cyclopts import Parameter

from cli.account import ACCESS, Access
from cli.exits import CommandError, Exit
from cli.screen import Json, print_json, say

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

AFTER = "S3 takes about five minutes to begin. An upload before that starts nothing: upload the configuration again."


def enable_events(
    bucket: Annotated[str, Parameter(help="The bucket's name, without s3://.")],
    /,
    *,
    access: Access = ACCESS,
    json: Json = False,
) -> int:
    """Let an existing bucket send its events to EventBridge too.

    All else that the bucket notifies stays as it is. A bucket that sends its events already is left alone. Needs
    s3:GetBucketNotification and s3:PutBucketNotification.

    For example:

        neptune-training enable-events my-models
    """
    try:
        changed = turn_on(access.session.client("s3"), bucket)
    except (ClientError, ParamValidationError) as error:  # the second for a name that no bucket can have
        if isinstance(error, ClientError) and error.response["Error"].get("Code") != "NoSuchBucket":
            raise
        raise CommandError(f"There is no bucket {bucket}.", "Check the name, without s3://, and --profile.") from error
    if json:
        print_json({"bucket": bucket, "changed": changed})
    elif changed:
        say(f"{bucket} now sends its events to EventBridge. All else is as it was.")
        say(AFTER)
    else:
        say(f"{bucket} sends its events to EventBridge already. Nothing was changed.")
    return Exit.FINE


def turn_on(s3: "S3Client", bucket: str) -> bool:
    """Add EventBridge to what `bucket` notifies. Return False if it is there already."""
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
