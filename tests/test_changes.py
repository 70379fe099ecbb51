"""Which changes of the table are announced, and what is done with one that cannot be, as plain calls."""

import json
from typing import Any

import pytest

from neptune_training.announce.batch import announce_each
from neptune_training.announce.changes import (
    CannotBeAnnounced,
    job_to_announce,
    needs_announcement,
    read,
    with_bytes,
)

NEW = {"jobId": {"S": "a"}, "status": {"S": "STARTED"}, "model": {"S": "s3://m/"}}


def change(new: Any, old: Any = None) -> dict[str, Any]:
    return {"dynamodb": {"Keys": {"jobId": {"S": "a"}}, "NewImage": new, "OldImage": old}}


def test_an_image_is_read_in_pythons_own_types_with_bytes_at_any_depth() -> None:
    image = {
        "b": {"B": "AAE="},
        "bs": {"BS": ["AA==", "AQ=="]},
        "m": {"M": {"b": {"B": "AA=="}, "n": {"N": "1"}}},
        "l": {"L": [{"B": "AQ=="}, {"S": "AQ=="}]},
        "s": {"S": "AQ=="},
    }
    found = read(image)
    assert bytes(found["b"]) == b"\x00\x01"
    assert {bytes(each) for each in found["bs"]} == {b"\x00", b"\x01"}
    assert [bytes(found["m"]["b"]), found["m"]["n"]] == [b"\x00", 1]
    assert [bytes(found["l"][0]), found["l"][1], found["s"]] == [b"\x01", "AQ==", "AQ=="]
    assert read(None) == {}


def test_binary_values_become_bytes_and_keep_their_types() -> None:
    value = {"M": {"l": {"L": [{"B": "AAE="}, {"BS": ["AA=="]}, {"S": "AA=="}]}}}
    assert with_bytes(value) == {"M": {"l": {"L": [{"B": b"\x00\x01"}, {"BS": [b"\x00"]}, {"S": "AA=="}]}}}


@pytest.mark.parametrize(
    ("new", "old", "announced"),
    [
        ({"status": "WAITING", "waitingFor": "files"}, {}, True),
        (
            {"status": "WAITING", "waitingFor": "files"},
            {"status": "WAITING", "waitingFor": "files"},
            False,
        ),
        (
            {"status": "WAITING", "waitingFor": "a slot"},
            {"status": "WAITING", "waitingFor": "files"},
            True,
        ),
        (
            {"status": "WAITING", "waitingFor": "capacity"},
            {"status": "REQUESTED", "waitedFor": "capacity"},
            False,
        ),
        (
            {"status": "WAITING", "waitingFor": "capacity"},
            {"status": "REQUESTED", "waitingFor": "files", "waitedFor": "capacity"},
            True,
        ),
        ({"status": "REQUESTED", "attempts": 1}, {"status": "WAITING"}, True),
        ({"status": "REQUESTED", "attempts": 2}, {"status": "WAITING"}, False),
        ({"status": "REQUESTED", "attempts": 1}, {"status": "REQUESTED"}, False),
        ({"status": "STARTED", "arn": "a"}, {"status": "STARTED", "arn": "a"}, False),
        ({"status": "STARTED", "arn": "b"}, {"status": "STARTED", "arn": "a"}, True),
        ({"status": "STARTED", "arn": "a"}, {"status": "STARTED"}, True),
        ({"status": "COMPLETED"}, {"status": "STARTED"}, True),
        ({"status": "COMPLETED"}, {"status": "COMPLETED"}, False),
        ({"status": "FROM A NEWER RELEASE"}, {"status": "STARTED"}, True),
        ({"status": "FROM A NEWER RELEASE"}, {"status": "FROM A NEWER RELEASE"}, False),
    ],
)
def test_a_new_status_or_arn_is_announced_and_a_wait_only_if_it_is_for_something_else(
    new: dict[str, Any], old: dict[str, Any], announced: bool
) -> None:
    assert needs_announcement(new, old) is announced


@pytest.mark.parametrize(
    "stream_record", [{}, {"dynamodb": {}}, change({}), change({"jobId": {"S": "#capacity"}}), change(NEW, NEW)]
)
def test_what_is_no_news_about_a_job_is_not_announced(stream_record: dict[str, Any]) -> None:
    assert job_to_announce(stream_record) is None


def test_a_new_job_is_announced_as_it_is() -> None:
    assert job_to_announce(change(NEW)) == {"jobId": "a", "status": "STARTED", "model": "s3://m/"}


INCOMPLETE = "an item with a status has no jobId or no status or no model, or one that is not text"


@pytest.mark.parametrize(
    ("new", "said"),
    [
        ({**NEW, "n": {"N": "one"}}, "the item cannot be read"),
        ({**NEW, "n": "1"}, "the item cannot be read"),
        ({**NEW, "b": {"B": "A"}}, "the item cannot be read"),
        ({**NEW, "model": {"S": ""}}, INCOMPLETE),
        ({**NEW, "model": {"N": "1"}}, INCOMPLETE),
        ({"jobId": {"S": "a"}, "status": {"S": "STARTED"}}, INCOMPLETE),
        ({"model": {"S": "m"}, "status": {"S": "STARTED"}}, INCOMPLETE),
    ],
)
def test_an_item_that_cannot_be_read_or_lacks_a_field_cannot_be_announced(new: dict[str, Any], said: str) -> None:
    with pytest.raises(CannotBeAnnounced) as raised:
        job_to_announce(change(new))
    assert str(raised.value) == said


def test_a_record_that_cannot_be_announced_is_logged_and_counted_and_the_next_one_is_sent(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Test")
    sent: list[str] = []
    broken = change({**NEW, "model": {"S": ""}})
    broken["dynamodb"]["Keys"] = {"jobId": {"S": "k" * 200}}
    assert announce_each([change(NEW), broken, {}, change(NEW)], lambda job: sent.append(job["jobId"])) == 2
    assert sent == ["a", "a"]
    [logged] = caplog.records
    said = vars(logged)
    assert [logged.levelname, logged.message, said["reason"]] == ["ERROR", "not announced", INCOMPLETE]
    assert said["keys"] == repr({"jobId": {"S": "k" * 200}})[:99]
    [metric] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert metric["NotAnnounced"] == [1.0]
    assert metric["_aws"]["CloudWatchMetrics"][0]["Metrics"] == [{"Name": "NotAnnounced", "Unit": "Count"}]


def test_any_other_error_is_raised_so_that_lambda_sends_the_batch_again() -> None:
    def refused(_: dict[str, Any]) -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        announce_each([change(NEW)], refused)
