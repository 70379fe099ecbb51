"""A model's directory in S3: what is in it, and its small text files, read as they were when the event was sent.

Nothing here trusts a size or a key: listings and reads are bounded, keys are taken literally.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MAX_FILES = 1_000
MAX_BYTES = 262_144  # of a file that is read: the JSON documents may be that large, scripts half


@dataclass(frozen=True)
class File:
    """One object, by its name relative to the directory."""

    name: str
    etag: str
    size: int
    last_modified: datetime


@dataclass(frozen=True)
class Directory:
    """The objects below `s3://bucket/prefix`. `whole` is False where there are more than `MAX_FILES`."""

    bucket: str
    prefix: str
    files: dict[str, File]
    whole: bool

    @property
    def newest(self) -> datetime | None:
        """When anything in it changed last."""
        return max((file.last_modified for file in self.files.values()), default=None)


class Gone(Exception):  # noqa: N818
    """The object is not there."""


class Changed(Exception):  # noqa: N818
    """The object is there, with other content than expected."""


class Denied(Exception):  # noqa: N818
    """S3 refuses: the role may not look there (or, without s3:ListBucket, nothing is there), or it is archived."""


class Unreachable(Exception):  # noqa: N818
    """There is no getting to the bucket: its name leads to a service of another kind, or to an address beyond reach."""


class TooLarge(Exception):  # noqa: N818
    """The object is over `MAX_BYTES`, and was not read."""


class Sources:
    """Reads from S3. Errors other than the five above are S3's own and pass through."""

    def __init__(self, client: "S3Client") -> None:
        self._client = client

    def directory(self, bucket: str, prefix: str) -> Directory:
        """List what is below `prefix`, which ends with a slash. Raises `Denied` or `Unreachable`."""
        try:
            answer = self._client.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=MAX_FILES)
        except ClientError as error:
            raise meaning(error) from error
        except BotoCoreError as error:
            raise Unreachable(str(error)) from error
        files = (
            File(each["Key"].removeprefix(prefix), each["ETag"].strip('"'), each["Size"], each["LastModified"])
            for each in answer.get("Contents", [])
        )
        return Directory(bucket, prefix, {file.name: file for file in files if file.name}, not answer["IsTruncated"])

    def read(self, directory: Directory, name: str) -> bytes:
        """Read a file as the listing has it. Raises `Gone`, `Changed`, `Denied` or `TooLarge`."""
        file = directory.files[name]
        if file.size > MAX_BYTES:
            raise TooLarge(name)
        try:
            answer = self._client.get_object(Bucket=directory.bucket, Key=directory.prefix + name, IfMatch=file.etag)
        except ClientError as error:
            raise meaning(error) from error
        with answer["Body"] as body:
            content: bytes = body.read(MAX_BYTES + 1)
        return content


def meaning(error: ClientError) -> Exception:
    """S3's answer as one of the exceptions above; any other is returned as it is."""
    response: Any = error.response
    code = response.get("Error", {}).get("Code", "")
    if code in {"NoSuchKey", "404", "NotFound"}:
        return Gone(str(error))
    if code in {"PreconditionFailed", "412"}:
        return Changed(str(error))
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in {"NoSuchBucket", "PermanentRedirect"} or 400 <= status < 500:  # somebody has to act, and is told
        return Denied(str(error))
    return error
