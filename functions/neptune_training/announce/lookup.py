"""Add `result` to jobs that have ended, from SageMaker and CloudWatch Logs: best effort, for a few seconds.

An announcement without it is better than a late one. So nothing that goes wrong here is raised, nothing is tried twice,
and all jobs of an invocation share five seconds: a stream's shard is in order, so one job would delay the others.
"""

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from neptune_training.announce import result
from neptune_training.announce.result import LogLines
from neptune_training.aws.sagemaker import SageMaker
from neptune_training.model.statuses import Status

logger = logging.getLogger(__name__)
SECONDS = 5.0

Keep = Callable[[dict[str, Any], dict[str, Any]], None]


class Results:
    """Add results to the jobs of one invocation.

    `keep(job, result)` writes a result to the job's record. None writes nothing.
    """

    def __init__(
        self, sagemaker: SageMaker, log_lines: LogLines, keep: Keep | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._sagemaker, self._log_lines, self._keep, self._clock = sagemaker, log_lines, keep, clock
        self._until = clock() + SECONDS

    def added_to(self, job: dict[str, Any]) -> dict[str, Any]:
        """Return the job as it is to be announced: with `result`, if it has ended and that can be read in time."""
        if job["status"] not in (Status.COMPLETED, Status.FAILED):
            return job
        found = self._in_time(job, lambda: self._result(job))
        keep = self._keep
        if not found:
            return job
        if keep:
            self._in_time(job, lambda: keep(job, found))
        with_lines = self._log_lines is LogLines.MESSAGES
        return {**job, "result": found if with_lines else result.without_lines(found, job["jobId"])}

    def _result(self, job: dict[str, Any]) -> dict[str, Any] | None:
        stages = job.get("stages", {})
        if job["status"] == Status.COMPLETED and (name := result.tuning_job(stages)):
            return result.trials(self._sagemaker.tuning_job(name))
        if job["status"] == Status.FAILED and self._log_lines is not LogLines.NOWHERE:
            place = result.log_of_failed(stages)
            found = self._sagemaker.last_lines(*place, result.MAX_LINES) if place else None
            return result.log(place.group, *found) if place and found else None
        return None

    def _in_time(self, job: dict[str, Any], act: Callable[[], Any]) -> Any:
        """Return what `act` returns; None if it fails, or takes longer than is left. It may then go on in its thread.

        The SDK's own timeouts are for each address and each packet, so they are no bound for a call.
        """
        left = self._until - self._clock()
        thread = ThreadPoolExecutor(max_workers=1)
        try:
            return thread.submit(act).result(left) if left > 0 else None
        except Exception as error:  # noqa: BLE001 - whatever it is, the announcement is more important
            logger.warning("announced without a result", extra={"jobId": job["jobId"], "reason": repr(error)})
            return None
        finally:
            thread.shutdown(wait=False, cancel_futures=True)
