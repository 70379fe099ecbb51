"""A restored backup is copied into the live table so that no job is started twice and none is forgotten."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from cli.restore import copy
from tests.cli.conftest import Said
from tests.cli.stack_server import StackServer
from tests.world import World
from tests.world import template as deployed
from tests.world.surroundings import TABLE, session

Program = Callable[..., Said]


@pytest.mark.faults
@pytest.mark.parametrize("check_ids", [True, False], ids=["ids checked", "ids not checked"])
def test_a_restored_table_starts_no_job_twice_and_forgets_none(make_world: Any, check_ids: bool) -> None:
    world: World = make_world(
        {"check_ids": check_ids, "stage_seconds": 1000.0}, MaxConcurrentTrainingJobs="3", GiveUpSeconds="7200"
    )
    world.neptune.add_data_processing_job("night", status="InProgress", seconds=1800)
    world.neptune.add_data_processing_job("long", status="InProgress", seconds=3 * 3600)
    world.start(world.requested())
    world.neptune.fail("StartMLModelTrainingJob", "drop-before")
    world.start(world.requested())
    for detail in ({}, {"id": "mine"}):
        world.start(world.requested(dataProcessingJobId="night", **detail))
    world.start(world.requested(dataProcessingJobId="long"))
    world.queue.send(world.uploaded())
    world.minutes()
    assert sorted(world.statuses().values()) == ["REQUESTED", "STARTED", *["WAITING"] * 4]
    jobs = set(world.jobs())
    world.calls.by_people = {"CreateTable", "Scan"}
    dynamodb = session().client("dynamodb")
    dynamodb.create_table(TableName="backup", **deployed.table())
    for item in dynamodb.scan(TableName=TABLE)["Items"]:
        dynamodb.put_item(TableName="backup", Item=item)
    world.minutes(60)
    assert {*world.statuses().values()} == {"COMPLETED", "STARTED", "WAITING"}
    world.forget_records()
    world.invocations.clear()
    copied, kept = copy(dynamodb, "backup", TABLE, datetime.now(UTC))
    assert jobs <= set(copied)
    assert kept == []
    assert world.running() <= {*world.slots(), "mine"}  # an explicit id is looked up before its claim
    assert copy(dynamodb, "backup", TABLE, datetime.now(UTC)) == ([], copied)
    world.until_quiet()
    assert world.statuses() == dict.fromkeys(jobs, "COMPLETED")
    assert world.accepted() == dict.fromkeys(jobs, 1)
    assert world.slots() == set()


def test_a_restore_is_refused_until_the_application_is_off_and_then_says_what_it_copied_and_kept(
    program: Program, aws: boto3.Session, stack: StackServer
) -> None:
    dynamodb = aws.client("dynamodb")
    dynamodb.create_table(TableName="backup", **deployed.table())
    for table, job_ids in (("backup", ("a", "b", "#capacity")), ("training-jobs", ("b",))):
        for job_id in job_ids:
            dynamodb.put_item(TableName=table, Item={"jobId": {"S": job_id}, "status": {"S": "COMPLETED"}})
    refused = program("restore", "backup")
    assert (refused.code, refused.out) == (2, "")
    assert "neptune-training off" in refused.err
    assert program("off").code == 0
    assert program("restore", "backup").out == "kept as it is in training-jobs: b\n1 copied from backup, 1 kept\n"
    assert program("restore", "backup", "--json").json == {"copied": [], "kept": ["a", "b"]}


def test_the_live_table_itself_and_one_that_is_not_there_are_refused(program: Program, stack: StackServer) -> None:
    assert program("off").code == 0
    assert "is the live table itself" in program("restore", "training-jobs").err
    assert "ResourceNotFoundException" in program("restore", "no-such-backup").err
