"""Judge the soak by the table, by Neptune's own log and by what a subscriber received."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local.neptune_ml import Summary
from local.soak.promises import FINAL, IN_DOUBT, Promise, identity

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Evidence:
    """Hold what there is at the end: records, slots, announcements, and what Neptune received."""

    records: Sequence[Record]
    slots: Sequence[str]
    announcements: Sequence[Record]
    neptune: Summary

    def announced(self) -> Counter[tuple[str, str]]:
        """Return how often a subscriber got each final status of each job."""
        return Counter((each["jobId"], each["status"]) for each in self.announcements if each["status"] in FINAL)

    def started(self, job_id: str) -> int:
        """Return how often Neptune has started a job of this id."""
        posts = self.neptune["ids"].get(job_id)
        return posts["accepted"] if posts else 0

    def jobs(self) -> dict[str, list[Record]]:
        """Return the records by the identity of their triggers."""
        found = defaultdict(list)
        for record in self.records:
            found[identity(record["trigger"])].append(record)
        return dict(found)


@dataclass(frozen=True)
class Verdict:
    """The offenders, each with what is wrong with it; none of them if all is well."""

    lost: list[str]
    duplicated: list[str]
    stuck: list[str]

    @property
    def good(self) -> bool:
        """Return True if there is no offender."""
        return not (self.lost or self.duplicated or self.stuck)


def judge(promises: Mapping[str, Promise], evidence: Evidence) -> Verdict:
    """Hold what was promised against what is there."""
    return Verdict([*losses(promises, evidence)], [*duplicates(promises, evidence)], [*left_behind(evidence)])


def losses(promises: Mapping[str, Promise], evidence: Evidence) -> Iterator[str]:
    """Yield the triggers that did not end as was promised."""
    jobs, announced = evidence.jobs(), evidence.announced()
    for name, promise in promises.items():
        if name not in jobs:
            yield f"{promise.kind} {name} has no record"
        for job in (each for each in jobs.get(name, []) if each["status"] in FINAL):
            job_id, status = job["jobId"], job["status"]
            known = (job_id, status) in announced
            for fault in faults(promise, status, was_announced=known, started=evidence.started(job_id)):
                why = "; ".join(f"{each['field']}: {each['problem']}" for each in job.get("reasons", []))
                yield f"{promise.kind} {name}, job {job_id}, {fault} ({why})"


def left_behind(evidence: Evidence) -> Iterator[str]:
    """Yield the jobs that have not ended, and the slots that were not freed."""
    for job in evidence.records:
        if job["status"] not in FINAL:
            yield f"{job['jobId']} is {job['status']} since {job['createdAt']}, {job.get('waitingFor', '')}"
    yield from (f"the slot that {job_id} still holds" for job_id in evidence.slots)


def faults(promise: Promise, status: str, *, was_announced: bool, started: int) -> Iterator[str]:
    """Yield what is wrong with the end of one job."""
    if status not in promise.ends:
        yield f"is {status}, not {' or '.join(sorted(promise.ends))}"
    elif not was_announced:
        yield f"is {status}, and was not announced"
    if (status == "COMPLETED") != bool(started) and promise.ends != IN_DOUBT:
        yield f"is {status}, and Neptune has started it {started} times"


def duplicates(promises: Mapping[str, Promise], evidence: Evidence) -> Iterator[str]:
    """Yield jobs that were started twice, triggers that made two jobs, and jobs without a trigger."""
    for job_id in evidence.neptune["ids"]:
        if evidence.started(job_id) > 1:
            yield f"{job_id} was started {evidence.started(job_id)} times"
    if evidence.neptune["mostInFlight"] > 1:
        yield f"{evidence.neptune['mostInFlight']} starts of one id at once"
    for name, jobs in evidence.jobs().items():
        if len(jobs) > 1:
            yield f"{name} has the jobs {', '.join(job['jobId'] for job in jobs)}"
        if name not in promises:
            yield f"{name} has a record, but was not sent"
    known = {job["jobId"] for job in evidence.records}
    yield from (f"{job_id} is Neptune's and has no record" for job_id in evidence.neptune["ids"] if job_id not in known)
