"""One step of a job: the state machine.

    WAITING    judge readiness → claim a slot under a lease → StartMLModelTrainingJob
    REQUESTED  once the lease is over: look it up; there → STARTED, absent → as WAITING, unknown → look again later
    STARTED    GetMLModelTrainingJob, until it has ended

`start` takes a job's first step and `track` all others. Any step may be taken again, by anyone, at the same time: each
write is conditional on what the step has seen, and only the holder of the lease may POST. A start that got no answer is
left alone until the lease is over; its invocation never looks it up and starts it again.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from tenacity import RetryCallState, Retrying, wait_random_exponential

from neptune_training.aws import neptune_errors
from neptune_training.aws.neptune import Absent, Accepted, Found, Look, Neptune, Unknown
from neptune_training.aws.neptune_errors import Refused
from neptune_training.aws.table import Changed, Table
from neptune_training.checks.readiness import Never, NotYet, Readiness, Ready, Superseded, id_taken
from neptune_training.flow import messages
from neptune_training.flow.outcomes import Outcomes
from neptune_training.model.capacity import Capacity
from neptune_training.model.jobs import Job, Status, WaitingFor
from neptune_training.model.settings import Settings

log = logging.getLogger(__name__)

RETRY_FOR = timedelta(seconds=10)
MARGIN = timedelta(seconds=5)
FIRST_PAUSE = timedelta(seconds=5)
MOST_DOUBLINGS = 10  # a timedelta has an end: after enough refusals in a row, no pause would fit into one


@dataclass(frozen=True)
class Steps:
    """The state machine, with what it acts on. `now` is the only clock, `sleep` the only wait."""

    table: Table
    neptune: Neptune
    readiness: Readiness
    settings: Settings
    now: Callable[[], datetime]
    sleep: Callable[[float], None]

    @property
    def outcomes(self) -> Outcomes:
        """What writes down what a step comes to."""
        return Outcomes(self.table, self.settings, self.now)

    def first(self, job: Job, deadline: datetime) -> Job:
        """Take a new job's first step. The slots that older jobs wait for are theirs."""
        now = self.now()
        older = (due for due in self.table.due(Status.WAITING, now) if due.waits_for_cluster(now))
        ahead = len(list(islice(older, self.settings.max_concurrent_training_jobs)))
        return self._guarded(job, lambda: self._begin(job, deadline, ahead=ahead))

    def next(self, job: Job, deadline: datetime) -> Job:
        """Take the step that `job` is at, and return the job after it. Raises `Unseen`."""
        match job.status:
            case Status.WAITING:
                return self._guarded(job, lambda: self._resume(job, deadline))
            case Status.REQUESTED if job.leaseUntil is None or self.now() >= job.leaseUntil:
                return self._guarded(job, lambda: self._find(job, deadline))
            case Status.STARTED:
                return self._guarded(job, lambda: self._follow(job))
        return job

    def time_to_start(self, deadline: datetime) -> bool:
        """Whether an invocation that ends at `deadline` has the time for one more start, slow answer and all."""
        return self.now() < self._last_post(deadline)

    def failed(self, job_id: str, error: Exception) -> None:
        """The step of a job could not be taken. If it is WAITING, its record says why, and it is not tried for ever."""
        job = self.table.get(job_id)
        if job and job.status is Status.WAITING:
            self._guarded(job, lambda: self.outcomes.wait(job, WaitingFor.ERROR, (messages.error(error),)))

    def _resume(self, job: Job, deadline: datetime) -> Job:
        """Put off before it is taken, a step that is the end of its process costs no other job its turn."""
        if self.outcomes.had_its_last_step(job):
            return self.outcomes.wait(job, job.waitingFor or WaitingFor.TURN)
        return self._begin(self.outcomes.put_off(job), deadline)

    def _guarded(self, job: Job, step: Callable[[], Job]) -> Job:
        """Somebody else took a step of this job first: what they made of it stands."""
        try:
            return step()
        except Changed:
            return self.table.get(job.jobId) or job

    # --- WAITING ------------------------------------------------------------------------------------------------------

    def _begin(self, job: Job, deadline: datetime, *, ahead: int = 0) -> Job:
        match self.readiness.judge(job, self.now()):
            case Superseded(by):
                return self.outcomes.end(job, Status.SUPERSEDED, (messages.superseded(job, by),), supersededBy=by)
            case Never(reasons):
                return self.outcomes.end(job, Status.REJECTED, reasons)
            case NotYet(waiting_for, reasons, next_attempt):
                return self.outcomes.wait(job, waiting_for, reasons, next_attempt=next_attempt)
            case Ready() as ready:
                return self._claim(job, ready, deadline, ahead=ahead)

    def _claim(self, job: Job, ready: Ready, deadline: datetime, *, ahead: int) -> Job:
        now, capacity = self.now(), self.table.capacity()
        if capacity.paused(now):
            return self.outcomes.wait(job, capacity.paused_for, (messages.paused(capacity.paused_for),))
        most = self.settings.max_concurrent_training_jobs
        if not capacity.free(job.jobId, most - ahead):
            return self.outcomes.wait(job, WaitingFor.SLOT, (messages.no_slot(most),))
        if not self.time_to_start(deadline):
            return job
        what = {"request": ready.request, "files": ready.files, "warnings": ready.warnings}
        claimed = job.claimed(now, self.lease(deadline), **what)
        self.table.claim(
            claimed,
            capacity,
            most=most,
            now=now,
            probe_until=now + timedelta(seconds=self.settings.neptune_read_timeout_seconds) + MARGIN,
        )
        if not self.time_to_start(deadline):  # the claim took long: a POST now could be cut off, and its answer lost
            return self.outcomes.wait(claimed, WaitingFor.TURN)
        return self._start(claimed, capacity, deadline)

    def lease(self, deadline: datetime) -> datetime:
        """Until when nobody else may touch a claimed job: no POST of this invocation can be on its way after that."""
        read_timeout = timedelta(seconds=self.settings.neptune_read_timeout_seconds)
        return deadline + read_timeout + self.settings.lease_slack_seconds

    # --- REQUESTED ----------------------------------------------------------------------------------------------------

    def _start(self, job: Job, seen: Capacity, deadline: datetime) -> Job:
        """POST, as the holder of the lease, and write down what became of it."""
        probing = seen.paused_until is not None
        try:
            until = min(self.now() + RETRY_FOR, self._last_post(deadline))
            accepted = self._attempts(until, probing=probing)(self.neptune.start, job.request or {})
        except neptune_errors.Unanswered as failure:
            log.warning("no answer to the start", extra={"jobId": job.jobId, "failure": str(failure)})
            return job
        except neptune_errors.IdInUse:
            if job.asked.get("id") and not job.unanswered:
                return self.outcomes.end(job, Status.REJECTED, (id_taken(job.jobId),), resume=probing)
            return self._started(job, None, resume=probing)
        except neptune_errors.NeverStarts as failure:
            return self.outcomes.end(job, Status.REJECTED, (failure.reason,), resume=probing)
        except Refused as refused:
            return self._refused(job, refused, seen)
        return self._started(job, accepted, resume=probing)

    def _attempts(self, until: datetime, *, probing: bool) -> Retrying:
        """How often a start is sent: again until then, while Neptune has too much to do."""
        return Retrying(
            retry=lambda state: neptune_errors.worth_another(error_of(state), state.attempt_number, probing=probing),
            wait=wait_random_exponential(multiplier=0.25, max=4),
            stop=lambda state: self.now() + timedelta(seconds=state.upcoming_sleep) >= until,
            sleep=self.sleep,
            reraise=True,
        )

    def _last_post(self, deadline: datetime) -> datetime:
        return deadline - timedelta(seconds=self.settings.neptune_read_timeout_seconds) - MARGIN

    def _started(self, job: Job, accepted: Accepted | None, *, resume: bool = False) -> Job:
        """Record the ARN. It is logged first: should the record fail now, this is the only place that has it."""
        known = {"arn": accepted.arn, "creationTimeInMillis": accepted.creation_time_in_millis} if accepted else {}
        log.info("started", extra={"jobId": job.jobId, **known})
        warnings = job.warnings if accepted else (*job.warnings, messages.arn_unknown(job))
        now = self.now()
        started = job.started(now, look_again=now + self.settings.status_check_seconds, warnings=warnings, **known)
        self.table.save(started, resume=resume)
        return started

    def _refused(self, job: Job, refused: Refused, seen: Capacity) -> Job:
        """WAITING again, and its slot free. What the cluster cannot take now, it cannot take for any job."""
        now = self.now()
        if refused.waiting_for in (WaitingFor.CAPACITY, WaitingFor.NEPTUNE):
            doublings = min(seen.refusals, MOST_DOUBLINGS)
            pause = min(FIRST_PAUSE * 2**doublings, self.settings.capacity_probe_seconds)
            return self.outcomes.wait(job, refused.waiting_for, (refused.reason,), pause_until=now + pause)
        return self.outcomes.wait(job, refused.waiting_for, (refused.reason,), resume=bool(seen.paused_until))

    def _find(self, job: Job, deadline: datetime) -> Job:
        """The lease is over, and nobody knows whether the job was started."""
        look = self.neptune.training(job.jobId, (job.request or {}).get("neptuneIamRoleArn"))
        if isinstance(look, Found):
            return self._started(job, None)
        if isinstance(look, Absent):  # but what was sent may still be on its way
            return self._begin(job.model_copy(update={"unanswered": True}), deadline)
        log.warning("neither found nor absent", extra={"jobId": job.jobId, "failure": str(look.failure)})
        now = self.now()
        later = now + self.settings.status_check_seconds
        unknown = job.becomes(Status.REQUESTED, now, leaseUntil=job.leaseUntil, nextAttemptAt=later)
        self.table.save(unknown)
        return looked_at(unknown, look)

    # --- STARTED ------------------------------------------------------------------------------------------------------

    def _follow(self, job: Job) -> Job:
        now = self.now()
        look = self.neptune.training(job.jobId, (job.request or {}).get("neptuneIamRoleArn"))
        later = now + self._patience(job, now)
        if isinstance(look, Found):
            said: dict[str, Any] = {"neptuneStatus": look.status, "stages": look.stages, "missingSince": None}
            if look.end:
                return self.outcomes.end(job, look.end, messages.failures(look), **said)
            if not look.runs:
                log.warning("a status of no known meaning", extra={"jobId": job.jobId, "neptuneStatus": look.status})
            followed = job.followed(now, look_again=later, **said)
        elif isinstance(look, Absent):
            since = job.missingSince or now
            if now - since >= self.settings.missing_seconds:
                return self.outcomes.end(job, Status.FAILED, (messages.unknown_to_neptune(job),))
            followed = job.followed(now, look_again=later, missingSince=since)
        else:
            log.warning("status unknown", extra={"jobId": job.jobId, "failure": str(look.failure)})
            followed = job.followed(now, look_again=later)
        self.table.save(followed)
        return looked_at(followed, look)

    def _patience(self, job: Job, now: datetime) -> timedelta:
        """A look every minute at first, backing off to five: a tenth of the job's age."""
        least = self.settings.status_check_seconds
        return max(least, min((now - (job.startedAt or now)) / 10, 5 * least))


def looked_at(job: Job, look: Look) -> Job:
    """The job, after a look at it. Raises `Unseen`; that Neptune has too much to do is no news."""
    if isinstance(look, Unknown) and not look.failure.will_pass:
        raise look.failure
    return job


def error_of(state: RetryCallState) -> BaseException | None:
    """What the last attempt raised."""
    return state.outcome.exception() if state.outcome else None
