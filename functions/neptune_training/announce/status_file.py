"""Write `training-job.status.json`: an upload's newest announcement, beside the upload itself.

    models/fraud/model-hpo-configuration.json    what was uploaded
    models/fraud/training-job.status.json        how its training is

The file is a convenience, and never a reason to act: nothing reads it, it starts no training, and it does not count as
a file of the model. Each write says which upload and which version of its record it is about, in the object's metadata,
and is conditional on the object that was read. So an older upload, or an older status, never replaces a newer one,
in whatever order the writes come. Whatever else lies under that name is replaced, unless S3 does not let us
read it.
"""

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from neptune_training.announce.message import message
from neptune_training.aws.model_files import STATUS_FILE

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import PutObjectRequestTypeDef

RANK_METADATA = "training-job-order"  # the name in the object's metadata
RANK = re.compile(r"[0-9A-F]{64} [0-9]{12}")  # as text, a newer status is greater
TRIES = 3
# HeadObject has no body, so its codes are HTTP's. S3 answers 403 for an absent object to those without s3:ListBucket.
# S3 also answers 403 for an object that emit has no permission to read. The conditional write then fails: it stays.
ABSENT = {"403", "404"}
# Another write was faster, or the object was deleted (S3 user guide, Conditional writes).
CHANGED = {"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"}


class S3Object(NamedTuple):
    """Hold where an upload's status file is."""

    bucket: str
    key: str


class NotWritten(Exception):  # noqa: N818
    """Say that the file was not written: others changed it at each try."""


def location_of(job: Mapping[str, Any], bucket: str, prefix: str) -> S3Object | None:
    """Return where the status file of a job is; None if it was not asked for by an upload to a folder below `prefix`.

    `job` comes from the table's stream: a person may have written it.
    """
    trigger = job.get("trigger")
    if not isinstance(trigger, Mapping) or trigger.get("kind") != "upload" or not rank_of(job):
        return None
    directory = str(trigger.get("key")).rpartition("/")[0] + "/"
    inside = directory.startswith(prefix) and directory != prefix
    if not inside or job["model"] != f"s3://{bucket}/{directory}":  # a REJECTED upload's `model` is not its directory
        return None
    return S3Object(bucket, f"{directory}{STATUS_FILE}")


def rank_of(job: Mapping[str, Any]) -> str:
    """Return the rank of a status among all of one directory: the upload's sequencer, then the record's version.

    A directory has one configuration, so its sequencers can be compared: padded with zeros on the right (S3 user guide,
    Event message structure). Empty if one of them is not valid.
    """
    sequencer, version = job["trigger"].get("sequencer"), job.get("version")
    if not isinstance(version, int):
        return ""
    padded = str(sequencer).upper().ljust(64, "0")
    rank = f"{padded} {version:012}"
    return rank if RANK.fullmatch(rank) else ""


def write(s3: "S3Client", file: S3Object, job: Mapping[str, Any]) -> bool:
    """Write the file; return False if what is there is as new.

    Raises:
        NotWritten: it was changed at each try.
        ClientError, BotoCoreError: S3 refuses it, or cannot be reached.
    """
    rank = rank_of(job)
    new: PutObjectRequestTypeDef = {
        "Bucket": file.bucket,
        "Key": file.key,
        "Body": content(job).encode(),
        "ContentType": "application/json",
        "Metadata": {RANK_METADATA: f"{rank} {digest_of(file)}"},
    }
    for _ in range(TRIES):
        etag, present = read_head(s3, file)
        if present >= rank:
            return False
        try:
            s3.put_object(**new, **({"IfMatch": etag} if etag else {"IfNoneMatch": "*"}))
        except ClientError as error:
            if error.response["Error"]["Code"] not in CHANGED:
                raise
        else:
            return True
    raise NotWritten(f"{file.key} was changed at each of {TRIES} tries")


def content(job: Mapping[str, Any]) -> str:
    """Return the message as a person reads it: on many lines, with `trigger` and `stages` last."""
    fields = json.loads(message(job))
    last = {name: fields.pop(name) for name in ("trigger", "stages") if name in fields}
    return f"{json.dumps({**fields, **last}, indent=2)}\n"


def read_head(s3: "S3Client", file: S3Object) -> tuple[str, str]:
    """Return the ETag and the rank of the file that is there; both are empty if there is none.

    The rank is empty, too, if it is not valid or if the object is a copy of another model's file.
    """
    try:
        found = s3.head_object(Bucket=file.bucket, Key=file.key)
    except ClientError as error:
        if error.response["Error"]["Code"] in ABSENT:
            return "", ""
        raise
    rank, _, digest = found["Metadata"].get(RANK_METADATA, "").rpartition(" ")
    return found["ETag"], rank if RANK.fullmatch(rank) and digest == digest_of(file) else ""


def digest_of(file: S3Object) -> str:
    """Return a digest of bucket and key, for the metadata: a copied object keeps its metadata, and is recognised."""
    return sha256(f"{file.bucket}/{file.key}".encode()).hexdigest()[:16]
