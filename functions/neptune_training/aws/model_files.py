"""Read a model's directory in S3: its listing, and its small text files as they were when they were listed.

Uploaders choose sizes and keys. So listings and reads are limited, and a key is never read as a path or a pattern.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MAX_FILES = 1_000  # of a model; S3 lists as many in one page
STATUS_FILE = "training-job.status.json"  # what the application writes there: no file of the model, at any depth
MAX_BYTES = 262_144  # of a file that is read. `checks.scripts` accepts half of it


@dataclass(frozen=True)
class File:
    """Describe one object. `name` is relative to the directory; `size` is in bytes."""

    name: str
    etag: str
    size: int
    last_modified: datetime


@dataclass(frozen=True)
class Directory:
    """Hold the objects below `s3://bucket/prefix`, by name. `whole` is False if there are more than `MAX_FILES`."""

    bucket: str
    prefix: str
    files: dict[str, File]
    whole: bool

    @property
    def newest(self) -> datetime | None:
        """Return when a file in it changed last, None if there are no files."""
        return max((file.last_modified for file in self.files.values()), default=None)


class Gone(Exception):  # noqa: N818
    """Say that the object does not exist."""


class ContentChanged(Exception):  # noqa: N818
    """Say that the object was replaced after it was listed."""


class Denied(Exception):  # noqa: N818
    """Say that S3 refuses the call with a 4xx: no permission, an archived object, no such bucket, or another Region.

    Without s3:ListBucket, S3 also refuses access to an object that does not exist (S3 user guide).
    """


class Unreachable(Exception):  # noqa: N818
    """Say that S3 could not be called for this bucket: botocore refuses its name, or there is no connection."""


class TooLarge(Exception):  # noqa: N818
    """Say that the object is larger than `MAX_BYTES`, and was not read."""


class ModelFiles:
    """Read from S3. Raises the five errors above; other errors of botocore's are raised unchanged.

    `make_client` is called when S3 is first called: most invocations of `step` never call it.
    """

    def __init__(self, make_client: "Callable[[], S3Client]") -> None:
        self._make_client, self._lock = make_client, Lock()
        self._made: S3Client | None = None

    @property
    def _client(self) -> "S3Client":
        with self._lock:  # steps run in threads; boto3's session must not make clients in several (its guide, Session)
            if self._made is None:
                self._made = self._make_client()
            return self._made

    def directory(self, bucket: str, prefix: str) -> Directory:
        """List what is below `prefix`, which ends with a slash. Raises `Denied` or `Unreachable`."""
        try:
            answer = self._client.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=MAX_FILES)
            found = answer.get("Contents", [])
            if more := answer.get("NextContinuationToken"):  # beyond the limit is a status file, perhaps
                answer = self._client.list_objects_v2(
                    Bucket=bucket, Prefix=prefix, MaxKeys=MAX_FILES, ContinuationToken=more
                )
                found = [*found, *answer.get("Contents", [])]
        except ClientError as error:
            raise meaning(error) from error
        except BotoCoreError as error:
            raise Unreachable(str(error)) from error
        files = (
            File(each["Key"].removeprefix(prefix), each["ETag"].strip('"'), each["Size"], each["LastModified"])
            for each in found
        )
        of_model = [file for file in files if file.name and not is_status_file(file.name)]
        whole = not answer["IsTruncated"] and len(of_model) <= MAX_FILES
        return Directory(bucket, prefix, {file.name: file for file in of_model[:MAX_FILES]}, whole)

    def read(self, directory: Directory, name: str) -> bytes:
        """Return the bytes of a file, only if it is unchanged since the listing.

        Raises:
            Gone, ContentChanged: it was deleted or replaced since the listing.
            Denied: the functions have no permission to read it.
            TooLarge: it is larger than `MAX_BYTES`.
        """
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


def is_status_file(name: str) -> bool:
    """Return True for the name of a status file, also of one in a folder, which can be a model's own directory."""
    return name.rpartition("/")[2] == STATUS_FILE


def meaning(error: ClientError) -> Exception:
    """Return an error of S3 as one of the exceptions above, or unchanged. Codes: S3 API reference, Error responses."""
    response: Any = error.response
    code = response.get("Error", {}).get("Code")
    if code in {"NoSuchKey", "404", "NotFound"}:
        return Gone(str(error))
    if code in {"PreconditionFailed", "412"}:
        return ContentChanged(str(error))
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    if code == "PermanentRedirect" or status in range(400, 500):  # a person has to act
        return Denied(str(error))
    return error
