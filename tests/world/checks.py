"""The promises, checked against Neptune's log, the table, its stream and the topic."""

from collections import Counter
from collections.abc import Iterable
from itertools import chain
from typing import TYPE_CHECKING, Any

from neptune_training.aws.dynamodb_items import plain
from neptune_training.model.statuses import Status

if TYPE_CHECKING:
    from tests.world.world import World

FINAL = {status for status in Status if status.final}
BEFORE_START = {Status.REJECTED, Status.SUPERSEDED}
COMES_BACK = {Status.WAITING, Status.REQUESTED}
NEXT = {
    Status.WAITING: {Status.WAITING, Status.REQUESTED, Status.STOPPED} | BEFORE_START,
    Status.REQUESTED: {Status.REQUESTED, Status.WAITING, Status.STARTED, Status.FAILED, Status.STOPPED} | BEFORE_START,
    Status.STARTED: {Status.STARTED, Status.COMPLETED, Status.FAILED, Status.STOPPED, Status.REJECTED},
}


def always(world: "World", since: int = 0, *, in_doubt: bool = False) -> None:
    """What holds at every moment, whatever goes on; of the stream, what came after its first `since` records.

    `in_doubt` says that jobs may have ended that run on: those that Neptune has not told of for too long.
    """
    one_start_for_each_trigger(world)
    slots_hold(world, ended_in_doubt(world) if in_doubt else set())
    statuses_move_forward(world, since)


def one_start_for_each_trigger(world: "World") -> None:
    accepted, jobs = world.accepted(), world.jobs()
    twice = {job_id: count for job_id, count in accepted.items() if count > 1}
    assert not twice, f"started more than once: {twice}"
    triggers = Counter(job["trigger"]["identity"] for job_id, job in jobs.items() if job_id in ours(world))
    assert max(triggers.values(), default=0) <= 1, f"one trigger, several jobs: {triggers}"
    assert world.neptune.summary()["mostInFlight"] <= 1, "two starts of one job under way at once"


def ours(world: "World") -> set[str]:
    """The jobs that Neptune has from us: what the tests start as somebody else bears that name."""
    return {job_id for job_id in world.accepted() if not job_id.startswith("somebody-elses")}


def ended_in_doubt(world: "World") -> set[str]:
    """The jobs that are not followed any more although they may be running."""
    ended = {job_id: job for job_id, job in world.jobs().items() if job["status"] == Status.FAILED}
    return {job_id for job_id, job in ended.items() if "may still be running" in str(job.get("reasons"))}


def slots_hold(world: "World", besides: set[str]) -> None:
    slots, most = world.slots(), world.services.settings.max_concurrent_training_jobs
    assert len(slots) <= most, f"{len(slots)} slots of {most}: {slots}"
    running = world.running() & ours(world)
    assert running <= slots | besides, f"running without a slot: {running - slots - besides}"


def statuses_move_forward(world: "World", since: int = 0) -> None:
    for old, new in map(images, world.stream()[since:]):
        if "status" not in old or "status" not in new:
            continue
        if {**new, "result": None} == {**old, "result": None} and "result" not in old:
            continue  # `notify` adds what came of it
        before, after = Status(old["status"]), Status(new["status"])
        assert before not in FINAL, f"a final record was changed: {old} → {new}"
        assert after in NEXT[before], f"{new['jobId']}: {before} → {after}"
        if "cancelledBy" in old:
            assert new.get("cancelledBy") == old["cancelledBy"], f"a cancellation was lost: {old} → {new}"
            assert (before, after) != (Status.REQUESTED, Status.WAITING), f"a cancelled job waits again: {old} → {new}"
        if after is Status.STOPPED and before is not Status.STARTED:
            assert "cancelledBy" in new, f"stopped before its start, by nobody: {new}"


def changes(world: "World") -> list[tuple[dict[str, Any], dict[str, Any]]]:
    return [images(record) for record in world.stream()]


def images(record: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What an item was and what it became."""
    return plain(record["dynamodb"].get("OldImage")), plain(record["dynamodb"].get("NewImage"))


def at_the_end(world: "World") -> None:
    """Check the end of a test: no job lost, no slot left, each status announced."""
    always(world)
    unfinished = {job_id: status for job_id, status in world.statuses().items() if status not in FINAL}
    assert not unfinished, f"unfinished: {unfinished}"
    assert not world.slots(), f"slots left behind: {world.slots()}"
    assert not world.queue.dead, f"dead letters: {world.queue.dead}"
    for said in (announced(world.announcements()), announced(world.emitted())):
        assert not recorded(world) - said, f"recorded and not announced: {recorded(world) - said}"
    known = {job_id for job_id, job in world.jobs().items() if job["status"] not in BEFORE_START and has_run(job)}
    assert ours(world) == known, f"in Neptune and not in the table, or the reverse: {ours(world) ^ known}"


def has_run(job: dict[str, Any]) -> bool:
    """Whether Neptune has had the job: a cancelled one may have ended before its start."""
    return "cancelledBy" not in job or "startedAt" in job


def recorded(world: "World") -> set[tuple[str, str]]:
    """Each status of each job, but for what only another attempt came back to: that is no news."""
    jobs = (image for image in chain.from_iterable(changes(world)) if "status" in image)
    return {(job["jobId"], job["status"]) for job in jobs if job["attempts"] < 2 or job["status"] not in COMES_BACK}


def announced(messages: Iterable[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(message["jobId"], message["status"]) for message in messages}
