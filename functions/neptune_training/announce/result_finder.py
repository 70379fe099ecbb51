"""Add `result` to jobs that have ended, from SageMaker and CloudWatch Logs: best effort, for a few seconds.

An announcement without it is better than a late one. So nothing that goes wrong here is raised, nothing is tried twice,
and all jobs of an invocation share five seconds: a stream's shard is in order, so one job would delay the others.
"""

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from neptune_training.announce import result
from neptune_training.announce.result import LogLines, LogLocation
from neptune_training.aws.cloudwatch_logs import CloudWatchLogs
from neptune_training.aws.sagemaker import SageMaker
from neptune_training.model.statuses import Status

logger = logging.getLogger(__name__)
TIME_LIMIT_SECONDS = 5.0

WriteToRecord = Callable[[dict[str, Any], dict[str, Any]], None]


class ResultFinder:
    """Add results to the jobs of one invocation.

    `sagemaker()`, `logs()` and `writer()` make a client when it is first needed. They are called in the handler's own
    thread: boto3's default session must not make clients in several threads at once (boto3 guide, Session).
    `writer()` returns what writes a result to a job's record, `write(job, result)`. None: another function writes it.
    """

    def __init__(
        self,
        sagemaker: Callable[[], SageMaker],
        logs: Callable[[], CloudWatchLogs],
        log_lines: LogLines,
        writer: Callable[[], WriteToRecord] | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sagemaker, self._logs, self._log_lines = sagemaker, logs, log_lines
        self._writer, self._clock = writer, clock
        self._until = clock() + TIME_LIMIT_SECONDS

    def with_result(self, job: dict[str, Any]) -> dict[str, Any]:
        """Return the job as it is to be announced: with `result`, if it has ended and that can be read in time.

        A job can have a `result` already: a restored record has. Its log's lines are left out, too.
        """
        found = self._in_time(job, lambda: self._look_up(job))
        known = found or job.get("result")
        if not known:
            return job
        in_record = self._write(job, found) if found else True
        if self._log_lines is LogLines.MESSAGES:
            return {**job, "result": known}
        command = f"neptune-training show {job['jobId']}" if in_record else None
        return {**job, "result": result.without_lines(known, command)}

    def _write(self, job: dict[str, Any], found: dict[str, Any]) -> bool:
        """Write the result to the record, unless another function does. Return False if the record may lack it."""
        if not (writer := self._writer):
            return True

        def prepare() -> Callable[[], bool]:
            write = writer()
            return lambda: write(job, found) or True

        return bool(self._in_time(job, prepare))

    def _look_up(self, job: dict[str, Any]) -> Callable[[], dict[str, Any] | None] | None:
        """Return the call that looks for the job's result; None if it has none."""
        stages = job.get("stages", {})
        if job["status"] == Status.COMPLETED and (name := result.tuning_job(stages)):
            sagemaker = self._sagemaker()
            return lambda: result.trials(sagemaker.tuning_job(name))
        if job["status"] == Status.FAILED and self._log_lines is not LogLines.NOWHERE:
            location = result.log_of_failed(stages)
            return partial(log_of, self._logs(), location) if location else None
        return None

    def _in_time(self, job: dict[str, Any], prepare: Callable[[], Callable[[], Any] | None]) -> Any:
        """Call the function that `prepare` returns, in a thread. Return its result; None if it fails or takes too long.

        A call that takes too long goes on in its thread, and its answer is dropped. The SDK's timeouts do not limit a
        whole call: they are for each address and each packet.
        """
        thread = ThreadPoolExecutor(max_workers=1)
        try:
            act = prepare() if self._left() > 0 else None
            return thread.submit(act).result(self._left()) if act else None
        except Exception as error:  # noqa: BLE001 - whatever it is, the announcement is more important
            logger.warning("announced without a result", extra={"jobId": job["jobId"], "reason": repr(error)})
            return None
        finally:
            thread.shutdown(wait=False, cancel_futures=True)

    def _left(self) -> float:
        """Return how many seconds are left for the calls of this invocation."""
        return self._until - self._clock()


def log_of(logs: CloudWatchLogs, location: LogLocation) -> dict[str, Any] | None:
    """Return the result of a FAILED job; None if it has no log."""
    found = logs.last_lines(*location, result.MAX_LINES)
    return result.log(location.group, *found) if found else None
