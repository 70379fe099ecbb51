"""Status files that an outage of S3 has cost are written again, by `emit`, and nothing else is sent."""

from collections.abc import Callable
from typing import Any

import boto3
import pytest

import emit
from cli.status_files import time_of, uploads
from neptune_training.aws.dynamodb_items import typed
from tests.cli.conftest import Said
from tests.cli.stack_server import StackServer
from tests.world import World
from tests.world.calls import error
from tests.world.surroundings import TABLE, session

Program = Callable[..., Said]
UPLOAD = {"kind": "upload", "identity": "models/a/x"}


def test_a_final_status_that_an_outage_has_cost_is_written_again_and_no_event_is_repeated(world: World) -> None:
    world.queue.send(world.uploaded())
    with world.outage("s3", error("InternalError", 500), ["HeadObject", "PutObject"]):
        world.until_quiet()
    assert world.status_file() is None
    events = world.emitted()
    world.calls.by_people = {"Scan"}
    [record] = uploads(session().client("dynamodb"), TABLE, time_of("2000-01-01"))
    for files in (1, 0):  # what is there is as new
        event = {"Records": [{"dynamodb": {"NewImage": record}}], "onlyFiles": True}
        assert emit.handler(event, world.context()) == {"emitted": 1, "files": files, "filesNotWritten": 0}
    assert world.status_file() == world.announcements()[-1]
    assert world.emitted() == events


@pytest.fixture
def invocations(stack: StackServer, aws: boto3.Session) -> list[Any]:
    """Return the events that `emit` gets. It writes each second file; the table has 12 uploads and two other jobs."""
    for number in range(12):
        put(aws, f"upload-{number:02}", UPLOAD, "2026-11-30T03:00:00.000Z")
    put(aws, "earlier", UPLOAD, "2026-11-30T02:59:59.999Z")
    put(aws, "event", {"kind": "event", "identity": "b"}, "2026-11-30T03:00:00.000Z")
    got: list[Any] = []

    def invoked(event: Any) -> tuple[Any, bool]:
        got.append(event)
        count = len(event["Records"])
        return {"emitted": count, "files": count // 2, "filesNotWritten": 0}, False

    stack.functions["emit-function"] = invoked
    return got


def put(aws: boto3.Session, job_id: str, trigger: dict[str, str], at: str) -> None:
    record = {"jobId": job_id, "status": "COMPLETED", "model": "m", "trigger": trigger, "updatedAt": at}
    aws.client("dynamodb").put_item(TableName="training-jobs", Item=typed(record))


@pytest.mark.parametrize("since", ["2026-11-30T03:00Z", "2026-11-30T03:00", "2026-11-30T04:00+01:00"])
def test_the_uploads_since_then_are_handed_to_emit_ten_at_a_time(
    program: Program, invocations: list[Any], since: str
) -> None:
    assert program("status-files", "--since", since).out == "6 written, for 12 jobs of uploads\n"
    assert [(len(each["Records"]), each["onlyFiles"]) for each in invocations] == [(10, True), (2, True)]
    handed = [record["dynamodb"]["NewImage"]["jobId"]["S"] for each in invocations for record in each["Records"]]
    assert sorted(handed) == [f"upload-{number:02}" for number in range(12)]
    assert program("status-files", "--since", since, "--json").json == {"jobs": 12, "written": 6, "notWritten": 0}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (
            ({"emitted": 1, "files": 0, "filesNotWritten": 1}, False),
            "2 could not be written. Read why in the log of emit",
        ),
        (({"errorMessage": "it broke"}, True), "emit-function failed: it broke. Read its log"),
    ],
)
def test_files_that_emit_cannot_write_are_exit_code_2(
    program: Program, stack: StackServer, invocations: list[Any], answer: tuple[Any, bool], expected: str
) -> None:
    stack.functions["emit-function"] = lambda _: answer
    said = program("status-files", "--since", "2026-11-30")
    assert [said.code, expected in said.err] == [2, True]


@pytest.mark.parametrize("since", ["yesterday", "0001-01-01T00:00+05:00", ""])
def test_a_time_that_is_none_is_refused(program: Program, stack: StackServer, since: str) -> None:
    said = program("status-files", "--since", since)
    assert [said.code, f"--since {since} is not a time. Write it as 2026" in said.err] == [2, True]


def test_a_stack_that_writes_no_files_says_so(program: Program, stack: StackServer) -> None:
    stack.parameters["WriteStatusFile"] = "false"
    said = program("status-files", "--since", "2026-11-30")
    assert [said.code, "WriteStatusFile is false" in said.err] == [2, True]
