"""The meaning of S3's errors and of the names of its objects, as plain calls."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from neptune_training.aws import model_files


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("NoSuchKey", 404, model_files.Gone),
        ("404", 404, model_files.Gone),
        ("NotFound", 404, model_files.Gone),
        ("PreconditionFailed", 412, model_files.ContentChanged),
        ("412", 412, model_files.ContentChanged),
        ("NoSuchBucket", 404, model_files.Denied),
        ("PermanentRedirect", 301, model_files.Denied),
        ("AccessDenied", 403, model_files.Denied),
        ("InvalidRequest", 400, model_files.Denied),
        ("Other", 499, model_files.Denied),
        ("InternalError", 500, ClientError),
        ("Moved", 399, ClientError),
    ],
)
def test_an_error_of_s3_means_this(code: str, status: int, kind: type[Exception]) -> None:
    response: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    error = ClientError(response, "GetObject")
    found = model_files.meaning(error)
    assert [type(found), str(found)] == [kind, str(error)]


def test_an_error_of_s3_without_code_and_status_is_the_error_as_it_is() -> None:
    bare = ClientError({}, "GetObject")
    assert model_files.meaning(bare) is bare


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("training-job.status.json", True),
        ("folder/training-job.status.json", True),
        ("my-training-job.status.json", False),
        ("training-job.status.json/x", False),
    ],
)
def test_a_status_file_is_known_by_its_name_at_any_depth(name: str, is_one: bool) -> None:
    assert model_files.is_status_file(name) is is_one
