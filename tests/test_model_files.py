"""The calls for a model's files to S3 with all their parameters, and what is made of the answers."""

from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.response import StreamingBody
from botocore.stub import Stubber

from neptune_training.aws import model_files
from neptune_training.aws.model_files import (
    STATUS_FILE,
    ContentChanged,
    Denied,
    Directory,
    File,
    Gone,
    ModelFiles,
    TooLarge,
    Unreachable,
)

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
LIST = {"Bucket": "b", "Prefix": "m/", "MaxKeys": 1_000}
SMALL = Directory("b", "m/", {"x/a.py": File("x/a.py", "e", 262_144, NOW)}, whole=True)


@pytest.fixture
def files(s3: Stubber) -> ModelFiles:
    client: Any = s3.client
    return ModelFiles(lambda: client)


def listed(*names: str, at: datetime = NOW) -> list[dict[str, Any]]:
    return [{"Key": f"m/{name}", "ETag": f'"X {name}"', "Size": 7, "LastModified": at} for name in names]


# --- a listing --------------------------------------------------------------------------------------------------------


def test_a_directory_has_its_files_by_name_without_the_folder_itself_and_status_files(
    s3: Stubber, files: ModelFiles
) -> None:
    found = [*listed("", STATUS_FILE, "a.py", f"x/{STATUS_FILE}"), *listed("x/b.py", at=NOW - timedelta(days=1))]
    s3.add_response("list_objects_v2", {"Contents": found, "IsTruncated": False}, LIST)
    directory = files.directory("b", "m/")
    assert directory == Directory(
        "b",
        "m/",
        {
            "a.py": File("a.py", "X a.py", 7, NOW),
            "x/b.py": File("x/b.py", "X x/b.py", 7, NOW - timedelta(days=1)),
        },
        whole=True,
    )
    assert directory.newest == NOW


def test_an_empty_directory_has_no_files_and_no_newest_one(s3: Stubber, files: ModelFiles) -> None:
    s3.add_response("list_objects_v2", {"IsTruncated": False}, LIST)
    directory = files.directory("b", "m/")
    assert directory == Directory("b", "m/", {}, whole=True)
    assert directory.newest is None


@pytest.mark.parametrize(
    ("second_page", "whole"),
    [
        ({"Contents": listed(STATUS_FILE), "IsTruncated": False}, True),
        ({"Contents": listed("3"), "IsTruncated": False}, False),
        ({"Contents": listed(STATUS_FILE), "IsTruncated": True}, False),
        ({"IsTruncated": False}, True),
    ],
)
def test_a_directory_of_more_files_than_are_listed_is_not_whole(
    s3: Stubber, files: ModelFiles, monkeypatch: pytest.MonkeyPatch, second_page: dict[str, Any], whole: bool
) -> None:
    monkeypatch.setattr(model_files, "MAX_FILES", 3)
    first = {**LIST, "MaxKeys": 3}
    page = {"Contents": listed("0", "1", "2"), "IsTruncated": True, "NextContinuationToken": "t"}
    s3.add_response("list_objects_v2", page, first)
    s3.add_response("list_objects_v2", dict(second_page), {**first, "ContinuationToken": "t"})
    directory = files.directory("b", "m/")
    assert [[*directory.files], directory.whole] == [["0", "1", "2"], whole]


def test_a_directory_that_may_not_be_listed_is_denied(s3: Stubber, files: ModelFiles) -> None:
    s3.add_client_error("list_objects_v2", "AccessDenied", "no", http_status_code=403)
    with pytest.raises(Denied, match=r"AccessDenied.*no$"):
        files.directory("b", "m/")


def test_a_bucket_that_cannot_be_called_is_unreachable() -> None:
    error = EndpointConnectionError(endpoint_url="https://s3.invalid")

    class Down:
        def list_objects_v2(self, **_: Any) -> None:
            raise error

    down: Any = Down()
    with pytest.raises(Unreachable) as raised:
        ModelFiles(lambda: down).directory("b", "m/")
    assert str(raised.value) == str(error)


# --- a file -----------------------------------------------------------------------------------------------------------


def test_a_file_is_read_only_as_it_was_listed(s3: Stubber, files: ModelFiles) -> None:
    content = BytesIO(b"print()")
    s3.add_response(
        "get_object", {"Body": StreamingBody(content, 7)}, {"Bucket": "b", "Key": "m/x/a.py", "IfMatch": "e"}
    )
    assert files.read(SMALL, "x/a.py") == b"print()"
    assert content.closed


def test_of_a_file_that_is_larger_than_it_was_listed_only_one_byte_too_many_is_read(
    s3: Stubber, files: ModelFiles
) -> None:
    s3.add_response("get_object", {"Body": StreamingBody(BytesIO(b"x" * 300_000), 300_000)})
    assert len(files.read(SMALL, "x/a.py")) == 262_145


def test_a_large_file_is_not_read(files: ModelFiles) -> None:
    large = Directory("b", "m/", {"a.py": File("a.py", "e", 262_145, NOW)}, whole=True)
    with pytest.raises(TooLarge, match=r"^a\.py$"):
        files.read(large, "a.py")


@pytest.mark.parametrize(
    ("code", "status", "raised"),
    [
        ("NoSuchKey", 404, Gone),
        ("PreconditionFailed", 412, ContentChanged),
        ("AccessDenied", 403, Denied),
        ("InternalError", 500, ClientError),
    ],
)
def test_a_file_that_cannot_be_read_raises_the_reason(
    s3: Stubber, files: ModelFiles, code: str, status: int, raised: type[Exception]
) -> None:
    s3.add_client_error("get_object", code, http_status_code=status)
    with pytest.raises(raised, match=code):
        files.read(SMALL, "x/a.py")
