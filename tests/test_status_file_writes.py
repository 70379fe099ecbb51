"""The calls to S3 that write a status file, with all their parameters."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from neptune_training.announce import status_file
from neptune_training.announce.status_file import NotWritten, S3Object

FILE = S3Object("b", "m/fraud/training-job.status.json")
AT_FILE = {"Bucket": "b", "Key": FILE.key}
DIGEST = "540fb920dd31c155"
JOB = {"jobId": "a", "status": "STARTED", "model": "s3://b/m/fraud/", "version": 3, "trigger": {"sequencer": "0a"}}
RANK = "0A" + "0" * 62 + " 000000000003"
WRITTEN = {
    **AT_FILE,
    "Body": status_file.content(JOB).encode(),
    "ContentType": "application/json",
    "Metadata": {"training-job-order": f"{RANK} {DIGEST}"},
}


def write(s3: Stubber, job: dict[str, Any] = JOB) -> bool:
    client: Any = s3.client
    return status_file.write(client, FILE, job)


def expect_head(s3: Stubber, rank: str | None) -> None:
    """S3 has a file with this rank in its metadata; None: it has no file."""
    if rank is None:
        s3.add_client_error("head_object", "404", expected_params=dict(AT_FILE), http_status_code=404)
    else:
        found = {"ETag": '"e"', "Metadata": {"training-job-order": rank}}
        s3.add_response("head_object", found, dict(AT_FILE))


def test_a_new_file_is_written_only_if_there_still_is_none(s3: Stubber) -> None:
    expect_head(s3, None)
    s3.add_response("put_object", {}, {**WRITTEN, "IfNoneMatch": "*"})
    assert write(s3) is True


OLDER_OR_NONE = ["", "0A" + "0" * 62 + f" 000000000002 {DIGEST}", f"{RANK} another", RANK, f"zzz {DIGEST}"]


@pytest.mark.parametrize("rank", OLDER_OR_NONE)
def test_an_older_status_and_what_is_no_status_file_of_this_model_is_replaced_if_it_is_still_there(
    s3: Stubber, rank: str
) -> None:
    expect_head(s3, rank)
    s3.add_response("put_object", {}, {**WRITTEN, "IfMatch": '"e"'})
    assert write(s3) is True


def test_a_file_without_metadata_is_replaced(s3: Stubber) -> None:
    s3.add_response("head_object", {"ETag": '"e"', "Metadata": {}}, dict(AT_FILE))
    s3.add_response("put_object", {}, {**WRITTEN, "IfMatch": '"e"'})
    assert write(s3) is True


@pytest.mark.parametrize("rank", [RANK, "0A" + "0" * 62 + " 000000000004"])
def test_a_status_as_new_is_left_alone(s3: Stubber, rank: str) -> None:
    expect_head(s3, f"{rank} {DIGEST}")
    assert write(s3) is False


@pytest.mark.parametrize(
    ("code", "status"), [("PreconditionFailed", 412), ("ConditionalRequestConflict", 409), ("NoSuchKey", 404)]
)
def test_a_file_that_changes_meanwhile_is_looked_at_again_three_times(s3: Stubber, code: str, status: int) -> None:
    for _ in range(3):
        expect_head(s3, None)
        s3.add_client_error("put_object", code, http_status_code=status)
    with pytest.raises(NotWritten) as raised:
        write(s3)
    assert str(raised.value) == "m/fraud/training-job.status.json was changed at each of 3 tries"
    expect_head(s3, None)
    s3.add_client_error("put_object", code, http_status_code=status)
    expect_head(s3, f"{RANK} {DIGEST}")
    assert write(s3) is False


def test_a_write_that_s3_refuses_is_not_tried_again(s3: Stubber) -> None:
    expect_head(s3, None)
    s3.add_client_error("put_object", "AccessDenied", http_status_code=403)
    with pytest.raises(ClientError, match="AccessDenied"):
        write(s3)


@pytest.mark.parametrize(("code", "read"), [("403", True), ("404", True), ("500", False)])
def test_a_file_is_absent_if_s3_says_so_or_does_not_let_us_look(s3: Stubber, code: str, read: bool) -> None:
    s3.add_client_error("head_object", code, expected_params=dict(AT_FILE), http_status_code=int(code))
    client: Any = s3.client
    if read:
        assert status_file.read_head(client, FILE) == ("", "")
    else:
        with pytest.raises(ClientError, match="500"):
            status_file.read_head(client, FILE)


def test_a_digest_is_of_bucket_and_key() -> None:
    assert [status_file.digest_of(FILE), status_file.digest_of(S3Object("b2", FILE.key))] == [
        DIGEST,
        "fb2afb9aacef0b89",
    ]
