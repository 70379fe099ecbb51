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
from neptune_training.aws.cloudwatch_logs import CloudWatchLogs
from neptune_training.aws.sagemaker import SageMaker
from neptune_training.model.statuses import Status

logger = logging.getLogger(__name__)
TIME_LIMIT_SECONDS = 5.0

WriteToRecord = Callable[[dict[str, Any], dict[str, Any]], None]


class ResultFinder:
    """Add results to the jobs of one invocation.

    `write_to_record(job, result)` writes a result to the job's record. None: another function does so.
    """

    def __init__(
        self,
        sagemaker: SageMaker,
        logs: CloudWatchLogs,
        log_lines: LogLines,
        write_to_record: WriteToRecord | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sagemaker, self._logs, self._log_lines = sagemaker, logs, log_lines
        self._write_to_record, self._clock = write_to_record, clock
        self._until = clock() + TIME_LIMIT_SECONDS

    def with_result(self, job: dict[str, Any]) -> dict[str, Any]:
        """Return the job as it is to be announced: with `result`, if it has ended and that can be read in time.

        A job can have a `result` already: a restored record has. Its log's lines are left out, too.
        """
        ended = job["status"] in (Status.COMPLETED, Status.FAILED)
        found = self._in_time(job, lambda: self._result(job)) if ended else None
        known = found or job.get("result")
        if not known:
            return job
        in_record = self._write(job, found) if found else True
        if self._log_lines is LogLines.MESSAGES:
            return {**job, "result": known}
        command = f"neptune-training show {job['jobId']}" if in_record else None
        return {**job, "result": result.without_lines(known, command)}

    def _write(self, job: dict[str, Any], found: dict[str, Any]) -> bool:
        """Return False if the record may not have the result. True if another function writes it."""
        write = self._write_to_record
        return write is None or bool(self._in_time(job, lambda: write(job, found) or True))

    def _result(self, job: dict[str, Any]) -> dict[str, Any] | None:
        stages = job.get("stages", {})
        if job["status"] == Status.COMPLETED and (name := result.tuning_job(stages)):
            return result.trials(self._sagemaker.tuning_job(name))
        if job["status"] == Status.FAILED and self._log_lines is not LogLines.NOWHERE:
            location = result.log_of_failed(stages)
            found = self._logs.last_lines(*location, result.MAX_LINES) if location else None
            return result.log(location.group, *found) if location and found else None
        return None

    def _in_time(self, job: dict[str, Any], act: Callable[[], Any]) -> Any:
        """Return what `act` returns; None if it fails, or takes longer than is left.

        A call that takes too long goes on in its thread, and its answer is dropped. The SDK's timeouts do not limit a
        whole call: they are for each address and each packet.
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
