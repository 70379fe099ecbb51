"""`training-job.status.json`: the newest status beside the upload, whatever lay there, and never a reason to act."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError

import emit
from cli.check import Folder
from neptune_training.announce.status_file import (
    RANK_METADATA,
    TRIES,
    S3Object,
    content,
    digest_of,
    location_of,
    rank_of,
    read_head,
)
from neptune_training.aws import model_files
from neptune_training.aws.model_files import STATUS_FILE, ModelFiles
from tests.world import Call, World
from tests.world.calls import error
from tests.world.surroundings import BUCKET, PREFIX, session
from tests.world.triggers import MODEL

DOWN, DENIED = error("InternalError", 500), error("AccessDenied", 403)
CHANGED = error("PreconditionFailed", 412)
KEY = f"{PREFIX}fraud/{STATUS_FILE}"


def put(world: World, body: bytes, **metadata: str) -> None:
    """Somebody else's file under that name."""
    world._s3.put_object(Bucket=BUCKET, Key=KEY, Body=body, Metadata=metadata)


def keys(world: World) -> set[str]:
    return {each["Key"] for each in world._s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])}


def changes(world: World) -> list[dict[str, Any]]:
    return world.stream()


def emitted(world: World, records: list[dict[str, Any]]) -> dict[str, int]:
    return emit.handler({"Records": records}, world.context())


# --- what it says -----------------------------------------------------------------------------------------------------


def test_it_is_the_newest_message_of_an_upload_from_its_first_status_to_its_last(world: World) -> None:
    world.queue.send(world.uploaded())
    world.minutes(1)
    assert world.status_file() == world.announcements()[-1]
    world.until_quiet()
    assert world.status_file() == world.announcements()[-1]
    assert (world.status_file() or {})["status"] == "COMPLETED"


def test_it_is_indented_and_says_status_reasons_and_result_before_trigger_and_stages() -> None:
    job = {**JOB, "trigger": {}, "reasons": [], "stages": {}, "result": {"trials": {}}, "createdAt": "2026-11-24"}
    assert content(job) == (
        '{\n  "messageVersion": 1,\n  "jobId": "a",\n  "status": "STARTED",\n  "model": "s3://models-bucket/models/fraud/",\n'
        '  "reasons": [],\n  "result": {\n    "trials": {}\n  },\n  "createdAt": "2026-11-24",\n'
        '  "trigger": {},\n  "stages": {}\n}\n'
    )


def test_a_rejected_upload_finds_its_problems_beside_it(world: World) -> None:
    asked = b'{"trainingInstanceType": "ml.p9.large"}'
    world.queue.send(world.uploaded(contents={**MODEL, "training-job.json": asked}))
    world.until_quiet()
    said = world.status_file()
    assert said
    assert said["status"] == "REJECTED"
    assert [each["field"] for each in said["reasons"]] == ["trainingInstanceType"]
    assert said["reasons"][0]["remedy"]


def test_only_uploads_have_one(world: World) -> None:
    before = keys(world)
    directory = {"sourceS3DirectoryPath": f"s3://{BUCKET}/models/fraud/"}
    for body in (world.requested(customModelTrainingParameters=directory), world.ticked(), "not JSON"):
        world.queue.send(body)
    world.until_quiet()
    assert keys(world) == before


def test_it_is_not_written_where_it_is_turned_off(make_world) -> None:
    world = make_world(WriteStatusFile="false")
    world.queue.send(world.uploaded())
    world.until_quiet()
    assert world.status_file() is None
    assert world.emitted()


def test_it_is_written_without_events_too(make_world) -> None:
    world = make_world(StatusEventBus="")
    world.queue.send(world.uploaded())
    world.until_quiet()
    assert world.emitted() == []
    assert world.status_file()["status"] == "COMPLETED"


UPLOAD = {"kind": "upload", "bucket": BUCKET, "key": f"{PREFIX}fraud/model-hpo-configuration.json", "sequencer": "0A"}
JOB = {"jobId": "a", "status": "STARTED", "model": f"s3://{BUCKET}/{PREFIX}fraud/", "version": 3, "trigger": UPLOAD}


def test_an_uploads_place_is_beside_its_configuration() -> None:
    assert location_of(JOB, BUCKET, PREFIX) == S3Object(BUCKET, KEY)


@pytest.mark.parametrize(
    "changed",
    [
        {"trigger": "upload"},
        {"trigger": {**UPLOAD, "kind": "event"}},
        {"trigger": {**UPLOAD, "key": f"{PREFIX}model-hpo-configuration.json"}, "model": f"s3://{BUCKET}/{PREFIX}"},
        {"trigger": {**UPLOAD, "key": "other/model-hpo-configuration.json"}, "model": f"s3://{BUCKET}/other/"},
        {"trigger": {**UPLOAD, "key": f"{PREFIX}another/model-hpo-configuration.json"}},
        {"trigger": {**UPLOAD, "key": None}},
        {"trigger": {**UPLOAD, "sequencer": "not hexadecimal"}},
        {"trigger": {**UPLOAD, "sequencer": "A" * 65}},
        {"trigger": {**UPLOAD, "sequencer": None}},
        {"model": "s3://elsewhere/models/fraud/"},
        {"model": "aws.s3"},
        {"version": "3"},
        {"version": 10**12},
    ],
)
def test_what_is_no_upload_below_the_prefix_or_was_written_by_hand_has_no_place(changed: dict[str, Any]) -> None:
    assert location_of({**JOB, **changed}, BUCKET, PREFIX) is None


def test_a_later_upload_is_newer_than_each_status_of_an_earlier_one() -> None:
    said = [("0A", 3), ("0A", 12), ("0a1", 1), ("0B", 1)]
    orders = [rank_of({**JOB, "version": version, "trigger": {**UPLOAD, "sequencer": at}}) for at, version in said]
    assert orders == sorted(orders)
    assert len(set(orders)) == 4


# --- nothing older replaces something newer ---------------------------------------------------------------------------


def test_records_that_come_twice_or_in_another_order_leave_the_newest_status(world: World) -> None:
    for _ in range(2):
        world.queue.send(world.uploaded())
        world.until_quiet()
    records, newest = world.stream(), world.announcements()[-1]
    for order in (records, records[::-1], records[:5], [records[-1], *records]):
        for record in order:
            emitted(world, [record])
        assert world.status_file() == newest


def test_of_a_batch_the_newest_uploads_status_is_written_whatever_its_records_order(world: World) -> None:
    for _ in range(2):
        world.queue.send(world.uploaded())
        world.until_quiet()
    records, newest = world.stream(), world.announcements()[-1]
    for batch in (records, records[::-1], [*records[5:], *records[:5]]):
        world._s3.delete_object(Bucket=BUCKET, Key=KEY)
        assert emitted(world, batch)["files"] == 1
        assert world.status_file() == newest


def test_a_late_status_of_an_older_upload_does_not_replace_the_newer_ones(world: World) -> None:
    older, newer = world.uploaded(), world.uploaded(contents={**MODEL, "extra.txt": b"1"})
    for body in (newer, older):
        world.queue.send(body)
    world.until_quiet()
    assert sorted(world.statuses().values()) == ["COMPLETED", "SUPERSEDED"]
    assert (world.status_file() or {})["status"] == "COMPLETED"


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\x00", b"[]", b"x" * 1_000_000])
@pytest.mark.parametrize(
    "order",
    [
        None,
        "",
        "zzz",
        "0" * 64,
        f"{'0' * 64} 00000000000x",
        f"{'F' * 64} {'9' * 12}",
        f"{'F' * 64} {'9' * 12} {'0' * 16}",
        f"{'F' * 64} {'9' * 12} {digest_of(S3Object('another-bucket', KEY))}",
        f"{'F' * 64} {'9' * 11}x {digest_of(S3Object(BUCKET, KEY))}",
    ],
)
def test_whatever_else_lies_under_that_name_is_replaced(world: World, body: bytes, order: str | None) -> None:
    put(world, body, **({RANK_METADATA: order} if order is not None else {}))
    world.start(world.uploaded())
    world.emit()
    assert (world.status_file() or {})["status"] == "WAITING"


def test_a_status_file_that_was_copied_from_a_newer_model_is_replaced(world: World) -> None:
    for name in ("older", "newer"):
        world.start(world.uploaded(name))
    older, newer = (f"{PREFIX}{name}/{STATUS_FILE}" for name in ("older", "newer"))
    records = world.stream()
    emitted(world, records)
    world._s3.copy_object(Bucket=BUCKET, Key=older, CopySource={"Bucket": BUCKET, "Key": newer})
    assert emitted(world, records)["files"] == 1
    said = json.loads(world._s3.get_object(Bucket=BUCKET, Key=older)["Body"].read())
    assert said["model"] == f"s3://{BUCKET}/{PREFIX}older/"


def test_a_file_that_another_invocation_has_written_in_between_is_looked_at_again(world: World) -> None:
    world.start(world.uploaded())
    races: list[Call] = []

    def race(call: Call) -> None:
        if (call.operation, call.moment) == ("PutObject", "before") and not races:
            races.append(call)
            put(world, b"a newer one", **{RANK_METADATA: f"{'F' * 64} {1:012} {digest_of(S3Object(BUCKET, KEY))}"})

    with world.watched(race):
        world.emit()
    assert world._s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read() == b"a newer one"
    assert world.errors == []


def test_a_file_that_was_deleted_in_between_is_written_anew(world: World) -> None:
    world.start(world.uploaded())
    put(world, b"")
    gone: list[Call] = []

    def delete(call: Call) -> None:
        if (call.operation, call.moment) == ("PutObject", "before") and not gone:
            gone.append(call)
            world._s3.delete_object(Bucket=BUCKET, Key=KEY)

    with world.watched(delete):
        world.emit()
    assert (world.status_file() or {})["status"] == "WAITING"


def test_a_file_that_changes_at_each_try_is_given_up_and_counted(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.start(world.uploaded())
    tries: list[Call] = []

    def refuse(call: Call) -> Any:
        if (call.operation, call.moment) == ("PutObject", "before"):
            tries.append(call)
            return CHANGED
        return None

    with world.watched(refuse):
        assert world.emit()
    assert [len(tries), world.status_file()] == [TRIES, None]
    assert '"StatusFilesNotWritten":[1.0]' in capsys.readouterr().out


def test_without_permission_to_list_a_missing_file_is_written_all_the_same(world: World) -> None:
    """S3 answers 403 then, as for a file that may not be read."""
    world.start(world.uploaded())
    with world.outage("s3", error("403", 403), ["HeadObject"]):
        assert world.emit()
    assert (world.status_file() or {})["status"] == "WAITING"


# --- it holds up nothing ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [DOWN, DENIED], ids=["down", "denied"])
def test_while_s3_takes_no_files_for_hours_events_and_messages_come_and_the_next_status_is_written(
    world: World, answer: Any
) -> None:
    world.queue.send(world.uploaded())
    with world.outage("s3", answer, ["HeadObject", "PutObject"]):
        world.minutes(180)
    assert world.errors == []
    assert [each["status"] for each in world.emitted()][-1] == "COMPLETED"
    assert world.emitted() == world.announcements()
    assert world.status_file() is None
    world.queue.send(world.uploaded())
    world.until_quiet()
    assert (world.status_file() or {})["jobId"] == world.announcements()[-1]["jobId"]


@pytest.mark.parametrize(
    ("answer", "looks_and_writes"),
    [(DOWN, 1), (error("SlowDown", 503), 1), ("unreachable", 1), (DENIED, 3), (error("400", 400), 3)],
    ids=["down", "slow down", "unreachable", "denied", "refused"],
)
def test_while_s3_is_down_one_file_of_a_batch_is_tried_and_otherwise_each(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answer: Any,
    looks_and_writes: int,
) -> None:
    monkeypatch.delenv("POWERTOOLS_METRICS_DISABLED")
    for number in range(3):
        world.start(world.uploaded(f"model-{number}"))
    tries: list[Call] = []

    def refuse(call: Call) -> Any:
        if (call.service, call.operation, call.moment) != ("s3", "PutObject", "before"):
            return None
        tries.append(call)
        if answer == "unreachable":
            raise ConnectTimeoutError(endpoint_url="s3")
        return answer

    with world.watched(refuse):
        assert world.emit()
    assert len(tries) == looks_and_writes
    assert '"StatusFilesNotWritten":[3.0]' in capsys.readouterr().out


def test_one_file_that_fails_keeps_no_other_models_file_back(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("POWERTOOLS_METRICS_DISABLED")
    for number in range(3):
        world.start(world.uploaded(f"model-{number}"))

    def refuse(call: Call) -> Any:
        put_first = (call.operation, call.moment) == ("PutObject", "before") and "/model-0/" in str(call.parameters)
        return DENIED if put_first else None

    with world.watched(refuse):
        assert world.emit()
    files = {key for key in keys(world) if key.endswith(STATUS_FILE)}
    assert files == {f"{PREFIX}model-1/{STATUS_FILE}", f"{PREFIX}model-2/{STATUS_FILE}"}
    assert '"StatusFilesNotWritten":[1.0]' in capsys.readouterr().out


def test_a_file_that_may_not_be_read_stays_and_is_counted(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    put(world, b"private")
    world.start(world.uploaded())
    with world.outage("s3", error("403", 403), ["HeadObject"]):
        assert world.emit()
    assert world._s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read() == b"private"
    assert '"StatusFilesNotWritten":[1.0]' in capsys.readouterr().out


def test_no_file_is_begun_that_the_invocation_may_not_finish(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.start(world.uploaded())
    monkeypatch.setattr(world, "timeout", emit.TIME_FOR_A_FILE / 1000 - 1)
    assert world.emit()
    assert [world.status_file(), len(world.emitted()) > 0] == [None, True]


def test_an_outage_of_eventbridge_delays_the_file_and_loses_no_status(world: World) -> None:
    world.queue.send(world.uploaded())
    with world.outage("events", DOWN):
        world.minutes(30)
        assert world.status_file() is None
    world.until_quiet()
    assert (world.status_file() or {})["status"] == "COMPLETED"


# --- it is no file of the model ---------------------------------------------------------------------------------------


def test_it_does_not_count_for_settling_or_for_the_records_etags(make_world) -> None:
    world = make_world(SettleSeconds="120")
    world.start(world.uploaded())
    for _ in range(3):
        world.clock.sleep(50)
        put(world, str(world.clock.now()).encode())
        world.put("fraud/inner", {STATUS_FILE: b"{}"})
    world.track()
    assert world.job()["status"] == "STARTED"
    assert set(world.job()["files"]) == set(MODEL)
    assert world.clock.now() - ModelFiles(lambda: world._s3).directory(BUCKET, f"{PREFIX}fraud/").newest > timedelta(
        seconds=120
    )


def test_a_model_of_a_thousand_files_and_a_status_file_is_whole_and_one_more_is_not(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_files, "MAX_FILES", 5)  # also the size of a page
    files = ModelFiles(lambda: world._s3)
    world.put("many", {f"{number}": b"" for number in range(5)} | {STATUS_FILE: b"{}"})
    found = files.directory(BUCKET, f"{PREFIX}many/")
    assert [found.whole, len(found.files)] == [True, 5]
    world.put("many", {"x": b""})
    assert not files.directory(BUCKET, f"{PREFIX}many/").whole


def test_a_listing_is_bounded_however_many_status_files_there_are(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_files, "MAX_FILES", 5)
    world.put("many", {f"{number}/{STATUS_FILE}": b"{}" for number in range(30)})
    pages: list[Call] = []

    def count(call: Call) -> None:
        if (call.operation, call.moment) == ("ListObjectsV2", "before"):
            pages.append(call)

    client = session().client("s3")
    with world.watched(count):
        found = ModelFiles(lambda: client).directory(BUCKET, f"{PREFIX}many/")
    assert [len(pages), found.whole, found.files] == [2, False, {}]


def test_the_programs_check_passes_over_it_too(tmp_path: Path) -> None:
    (tmp_path / STATUS_FILE).write_text(json.dumps({"status": "REJECTED"}))
    (tmp_path / "training.py").write_text("")
    assert set(Folder(tmp_path).listing().files) == {"training.py"}


def test_the_order_of_a_file_is_read_from_its_metadata(world: World) -> None:
    world.start(world.uploaded())
    world.emit()
    _, order = read_head(world._s3, S3Object(BUCKET, KEY))
    assert order == rank_of(world.job())
