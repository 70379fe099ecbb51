"""What became of all triggers: read from the table, from Neptune's own log and from what a subscriber received."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.neptune_ml import Summary
from local.soak.promises import FINAL, Promise, identity

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Verdict:
    """The offenders, each with what is wrong with it; none of them if all is well."""

    lost: list[str]
    duplicated: list[str]

    @property
    def well(self) -> bool:
        """Whether every promise was kept."""
        return not self.lost and not self.duplicated


def announced(heard: Iterable[Record]) -> Counter[tuple[str, str]]:
    """How often a subscriber was told of each final status of each job."""
    return Counter((each["jobId"], each["status"]) for each in heard if each["status"] in FINAL)


def judge(promises: Iterable[Promise], records: Iterable[Record], heard: Iterable[Record], summary: Summary) -> Verdict:
    """Hold what was promised against what is there."""
    jobs = defaultdict(list)
    for record in records:
        jobs[identity(record["trigger"])].append(record)
    told = announced(heard)
    kept = list(promises)
    lost = [f"{each.kind} {each.identity}: {fault}" for each in kept for fault in lacks(each, jobs, told, summary)]
    return Verdict(lost, list(duplicates(kept, jobs, summary)))


def lacks(
    promise: Promise, jobs: Mapping[str, list[Record]], told: Mapping[tuple[str, str], int], summary: Summary
) -> Iterator[str]:
    """What one trigger was promised and did not get."""
    if promise.identity not in jobs:
        yield "has no record"
    for job in jobs.get(promise.identity, []):
        job_id, status = job["jobId"], job["status"]
        started = summary["ids"].get(job_id, {"accepted": 0})["accepted"]
        if status not in promise.ends:
            yield f"{job_id} is {status}, not {' or '.join(sorted(promise.ends))}"
        elif (job_id, status) not in told:
            yield f"{job_id} is {status}, and nobody was told"
        if (status == "COMPLETED") != bool(started):
            yield f"{job_id} is {status}, and Neptune has started {started} such jobs"


def duplicates(promises: list[Promise], jobs: Mapping[str, list[Record]], summary: Summary) -> Iterator[str]:
    """Jobs that were started twice, triggers that made two jobs, and jobs that nobody asked for."""
    for job_id, posts in summary["ids"].items():
        if posts["accepted"] > 1:
            yield f"{job_id}: Neptune has started it {posts['accepted']} times"
    for each in promises:
        if len(jobs.get(each.identity, [])) > 1:
            yield f"{each.kind} {each.identity}: has the jobs {', '.join(job['jobId'] for job in jobs[each.identity])}"
    asked = {each.identity for each in promises}
    known = {job["jobId"] for found in jobs.values() for job in found}
    yield from (f"{name}: has a record, and nobody sent it" for name in jobs if name not in asked)
    yield from (f"{job_id}: Neptune has it, and the table has not" for job_id in summary["ids"] if job_id not in known)
