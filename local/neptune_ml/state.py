"""The local Neptune ML without its wire: its state, and what a test or the control API makes it do."""

import copy
import threading
from dataclasses import dataclass, field
from typing import Unpack

from local.neptune_ml.cluster import Cluster
from local.neptune_ml.faults import Fault, FaultDetails, Faults
from local.neptune_ml.jobs import DataProcessingJob, Failure
from local.neptune_ml.log import Log, Request, Summary
from local.neptune_ml.options import Options


class State:
    """All that a reset throws away."""

    def __init__(self, options: Options) -> None:
        self.cluster = Cluster(options)
        self.faults = Faults(options.seed, options.shares)
        self.log = Log()


@dataclass(kw_only=True, eq=False)
class Neptune(Options):
    """Options, a state, and one lock around the state: any thread may call any method at any time."""

    lock: threading.RLock = field(default_factory=threading.RLock, init=False, repr=False)
    state: State = field(init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.reset()

    def reset(self) -> None:
        """Start again with no jobs, an empty log, and only the faults of the options.

        Requests still under way keep the state they arrived at: a slow one cannot turn up in the next test.
        """
        with self.lock:
            self.state = State(self)

    def fail(self, operation: str, fault: str, **details: Unpack[FaultDetails]) -> None:
        """Let requests for `operation` ("*" for any) get `fault`, once or as `details` say; see `Fault`.

        Raises ValueError for a fault that makes no sense, TypeError for an unknown detail.
        """
        made = Fault(kind=fault, operation=operation, **details)
        with self.lock:
            self.state.faults.add(made)

    def faults(self) -> list[Fault]:
        """Return the faults in force."""
        with self.lock:
            return [copy.copy(fault) for fault in self.state.faults.in_force()]

    def clear_faults(self) -> None:
        """Let nothing go wrong any more, shares included."""
        with self.lock:
            self.state.faults.clear()

    def add_data_processing_job(
        self,
        job_id: str,
        *,
        status: str = "Completed",
        seconds: float | None = None,
        role: str | None = None,
        reason: str | None = None,
    ) -> None:
        """Add a data-processing job, or replace it: in `status` now, Completed after `seconds` if that is given.

        `role` is the `neptuneIamRoleArn` that it was started with, `reason` the `failureReason` of a Failed one.
        """
        with self.lock:
            completes = None if seconds is None else self.clock() + seconds
            job = DataProcessingJob(job_id, status, completes, role, reason)
            self.state.cluster.data_processing[job_id] = job

    def fail_job(
        self,
        job_id: str,
        stage: str = "hpo",
        *,
        reason: str | None = None,
        log_url: str | None = None,
        now: bool = False,
    ) -> None:
        """Let a training job end Failed at the end of `stage`, or at once if `now`; before its start this works, too.

        Raises ValueError for an unknown stage, KeyError if it is to be `now` and there is no such job.
        """
        failure = _failure(stage, reason, log_url)
        with self.lock:
            cluster = self.state.cluster
            if now or job_id in cluster.training:
                cluster.training[job_id].failure = failure
            cluster.failures[job_id] = failure
            if now:
                cluster.training[job_id].hurry(self.clock())

    def fail_jobs_by_chance(
        self, share: float, stage: str | None = None, *, reason: str | None = None, log_url: str | None = None
    ) -> None:
        """Let `share` (0 to 1) of the training jobs started from now on end Failed, in `stage` or in any."""
        if not 0 <= share <= 1:
            raise ValueError(f"share is {share}: it is from 0 to 1")
        with self.lock:
            self.fail_jobs = share
            self.state.cluster.chance_failure = _failure(stage, reason, log_url) if stage else None

    def complete_job(self, job_id: str) -> None:
        """Let a training job be Completed now. Raises KeyError for an unknown one."""
        with self.lock:
            job = self.state.cluster.training[job_id]
            job.failure = None
            job.hurry(self.clock())

    def force_status(self, job_id: str, status: str | None) -> None:
        """Let a training job show `status`, whatever it is; None ends that. Raises KeyError for an unknown job."""
        with self.lock:
            self.state.cluster.training[job_id].forced_status = status

    def forget_job(self, job_id: str) -> None:
        """Remove a training job, as if it had never existed. Raises KeyError for an unknown one."""
        with self.lock:
            del self.state.cluster.training[job_id]

    @property
    def requests(self) -> list[Request]:
        """Return a copy of the requests, in the order of arrival."""
        with self.lock:
            return [copy.copy(entry) for entry in self.state.log.entries]

    def summary(self) -> Summary:
        """Return the counts over all requests."""
        with self.lock:
            return self.state.log.summary()


def _failure(stage: str, reason: str | None, log_url: str | None) -> Failure:
    return Failure(stage, log_url=log_url) if reason is None else Failure(stage, reason, log_url)
