"""What an earlier version left in the queue and in the table, this one reads, goes on with and announces.

`records/` holds messages and items as each released version stored them. They are never edited: a release adds its own.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from neptune_training.aws.dynamodb_items import plain, typed
from neptune_training.aws.records import item, job_of
from neptune_training.checks import events
from neptune_training.model import new_jobs
from neptune_training.model.capacity import capacity_of
from neptune_training.model.statuses import Status
from neptune_training.model.times import from_text
from neptune_training.model.unfinished import PROJECTED, entry_of
from tests.world import World, checks
from tests.world.surroundings import TABLE, session

VERSIONS = sorted(each for each in (Path(__file__).parent / "records").iterdir() if each.is_dir())
UNFINISHED = ["waiting", "waiting-for-capacity", "requested", "started"]
MESSAGES = [each for version in VERSIONS for each in json.loads((version / "messages.json").read_text())]
NOW = datetime(2030, 1, 1, tzinfo=UTC)

each_version = pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
each_job = pytest.mark.parametrize("name", [*UNFINISHED, "completed"])


def stored(version: Path, name: str) -> dict[str, Any]:
    return json.loads((version / f"{name}.json").read_text())


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message["jobId"])
def test_a_trigger_delivered_again_after_an_upgrade_has_the_job_id_and_fingerprint_that_it_had(message: Any) -> None:
    asked = events.read(json.dumps(message["body"]))
    job = new_jobs.new(asked.trigger, asked.parameters, NOW, first_step_by=NOW, give_up=timedelta(hours=1))
    assert [job.jobId, job.fingerprint] == [message["jobId"], message["fingerprint"]]


@each_version
@each_job
def test_an_earlier_record_read_and_written_back_is_unchanged(version: Path, name: str) -> None:
    record = stored(version, name)
    assert item(job_of(plain(record))) == record


@each_version
@each_job
def test_what_a_later_version_adds_to_a_record_survives_a_write_by_this_one(version: Path, name: str) -> None:
    later = {"priority": 7, "score": 0.9432, "labels": {"team": "fraud"}}
    record = plain(stored(version, name)) | later
    record["trigger"] |= later
    job = job_of(plain(typed(record)))
    written = plain(item(job.ended(Status.FAILED, NOW)))
    assert later.items() <= written.items()
    assert later.items() <= written["trigger"].items()


@each_version
@pytest.mark.parametrize("name", UNFINISHED)
def test_an_earlier_unfinished_record_is_due_by_what_the_index_holds_of_it(version: Path, name: str) -> None:
    record = plain(stored(version, name))
    indexed = ("jobId", "status", "nextAttemptAt", *PROJECTED)
    entry = entry_of({name: record[name] for name in indexed if name in record})
    assert entry
    assert [entry.job_id, entry.status, entry.waiting_for] == [
        name and record.get(name) for name in ("jobId", "status", "waitingFor")
    ]
    assert entry.created_at == from_text(record["createdAt"])


@each_version
def test_an_earlier_versions_slots_and_pause_are_known(version: Path) -> None:
    held, paused = (capacity_of(plain(stored(version, name))) for name in ("capacity", "capacity-paused"))
    assert held.slots == {plain(stored(version, "started"))["jobId"]}
    assert [paused.paused_until is None, paused.refusals] == [False, 1]


LEFT = {  # the state that a job was left in: the control item beside it, and whether Neptune has the job
    "waiting": ("waiting", None, False),
    "waiting-for-capacity": ("waiting-for-capacity", "capacity-paused", False),
    "requested-and-not-sent": ("requested", "capacity", False),
    "requested-and-sent": ("requested", "capacity", True),
    "started": ("started", "capacity", True),
}


@each_version
@pytest.mark.parametrize(("name", "control", "sent"), LEFT.values(), ids=LEFT)
def test_a_job_that_an_earlier_version_left_is_trained_once_to_its_end_and_announced(
    version: Path, name: str, control: str | None, sent: bool, world: World
) -> None:
    world.put("fraud", {path.name: path.read_bytes() for path in (version / "model").iterdir()})
    for each in filter(None, (name, "newest-upload", control)):
        session().client("dynamodb").put_item(TableName=TABLE, Item=stored(version, each))
    job_id = stored(version, name)["jobId"]["S"]
    if sent:
        world.elsewhere(job_id)
    world.until_quiet()
    checks.at_the_end(world)
    assert world.accepted() == {job_id: 1}
    assert [world.announcements()[-1][field] for field in ("jobId", "status")] == [job_id, "COMPLETED"]


@each_version
def test_a_started_job_of_an_earlier_version_ends_at_a_hint(version: Path, world: World) -> None:
    for each in ("started", "capacity"):
        session().client("dynamodb").put_item(TableName=TABLE, Item=stored(version, each))
    job_id = stored(version, "started")["jobId"]["S"]
    world.elsewhere(job_id)
    world.neptune.complete_job(job_id)
    assert world.hint(world.stage_ended(job_id, "transform"))
    assert [world.job(job_id)["status"], world.slots()] == ["COMPLETED", set()]
