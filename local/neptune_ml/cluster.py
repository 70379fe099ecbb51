"""The Neptune cluster: which jobs there are, and what each operation does to them."""

import random
import uuid
from collections import deque
from collections.abc import Mapping
from typing import Any, Final, TypeVar

from local.neptune_ml import errors, failure_log, tuning
from local.neptune_ml.errors import NeptuneError
from local.neptune_ml.jobs import DataProcessingJob, Failure, TrainingJob
from local.neptune_ml.options import Options
from local.neptune_ml.parameters import check_id, checked
from local.neptune_ml.sagemaker import STAGES, training_arn

COMPLETED_DATA_PROCESSING_JOB: Final = "local-data-processing"
"""The id of a completed data-processing job that is there from the start."""

_PROBE: Final = "probe-"
"""How the ids begin that `neptune-training doctor --probe` makes up: it needs a job that there is not."""

_ABSENCES: Final = {
    "MLResourceNotFoundException": errors.NOT_FOUND,
    "InvalidParameterException": errors.ID_UNKNOWN,
    "BadRequestException": errors.NO_SUCH_TRAINING,
}

Answer = dict[str, Any]
Job = TypeVar("Job", TrainingJob, DataProcessingJob)


class Cluster:
    """The jobs of one cluster. Each operation returns the body of its answer or raises NeptuneError."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._random = random.Random(options.seed)  # noqa: S311 - chance for tests, no secret
        self.training: dict[str, TrainingJob] = {}
        self.data_processing = {COMPLETED_DATA_PROCESSING_JOB: DataProcessingJob(COMPLETED_DATA_PROCESSING_JOB)}
        self.failures: dict[str, Failure] = {}  # id → how the job of that id is to fail
        self._recent: deque[float] = deque()  # when starts of the last second were accepted
        self.chance_failure: Failure | None = None  # how a job fails that fails by chance; None is any stage

    def start(self, body: object) -> Answer:
        """Answer StartMLModelTrainingJob."""
        given = checked(body)
        now = self._options.clock()
        job_id = given.get("id") or str(uuid.uuid4())
        if self._options.check_ids and job_id in self.training:
            raise NeptuneError("InvalidParameterException", errors.SAME_ID)
        self._require_inputs(given, now)
        self._require_room(now)
        self.training[job_id] = TrainingJob(
            id=job_id,
            began=now,
            stage_seconds=self._options.stage_seconds,
            output=given["trainModelS3Location"],
            neptune_role=given.get("neptuneIamRoleArn"),
            trials=given.get("maxHPONumberOfTrainingJobs", 2),
            failure=self.failures.get(job_id) or self._failure_by_chance(),
        )
        return {"id": job_id, "arn": training_arn(job_id), "creationTimeInMillis": int(now * 1000)}

    def get(self, job_id: str, query: Mapping[str, str]) -> Answer:
        """Answer GetMLModelTrainingJob. Write the log of a job that failed before the first answer that shows it."""
        job, now = self._known(self.training, job_id, query), self._options.clock()
        if job.status(now) == "Failed" and not job.logged and self._options.write_log:
            job.logged = True
            self._options.write_log(*failure_log.of(job, now))
        return job.describe(now)

    def tuning_job(self, body: object) -> Answer:
        """Answer DescribeHyperParameterTuningJob, an operation of SageMaker."""
        name = body.get("HyperParameterTuningJobName") if isinstance(body, dict) else None
        now = self._options.clock()
        for job in self.training.values():
            stage = job.stage("hpo", now)
            if stage and stage["name"] == name:
                return tuning.describe(job, stage)
        raise NeptuneError("ResourceNotFound", errors.NO_TUNING_JOB)

    def cancel(self, job_id: str, query: Mapping[str, str]) -> Answer:
        """Answer CancelMLModelTrainingJob. `clean` has nothing to delete here."""
        job = self._known(self.training, job_id, query)
        now = self._options.clock()
        if job.ended(now):
            raise NeptuneError("InvalidParameterException", errors.ALREADY_ENDED)
        if job.cancelled is None:
            job.cancelled = now
        return {"status": job.status(now)}

    def get_data(self, job_id: str, query: Mapping[str, str]) -> Answer:
        """Answer GetMLDataProcessingJob."""
        self._take_as_processed(job_id)
        return self._known(self.data_processing, job_id, query).describe(self._options.clock())

    def list_ids(self, query: Mapping[str, str]) -> Answer:
        """Answer ListMLModelTrainingJobs, newest first."""
        given = query.get("maxItems", "10")
        if not given.isdecimal() or not 1 <= int(given) <= 1024:
            raise NeptuneError("ConstraintViolationException", "maxItems must be from 1 to 1024.")
        return {"ids": list(reversed(self.training))[: int(given)]}

    def _require_inputs(self, given: Mapping[str, str], now: float) -> None:
        self._take_as_processed(given["dataProcessingJobId"])
        data = self.data_processing.get(given["dataProcessingJobId"])
        if data is None or data.status(now) != "Completed":
            raise NeptuneError("BadRequestException", errors.DATA_NOT_PROCESSED)
        if "previousModelTrainingJobId" in given:
            previous = self.training.get(given["previousModelTrainingJobId"])
            if previous is None:
                raise NeptuneError("BadRequestException", errors.NO_SUCH_TRAINING)
            if previous.status(now) != "Completed":
                raise NeptuneError("BadRequestException", errors.NOT_TRAINED)

    def _require_room(self, now: float) -> None:
        if self._options.starts_per_second is None:
            return
        while self._recent and self._recent[0] <= now - 1.0:
            self._recent.popleft()
        if len(self._recent) >= self._options.starts_per_second:
            raise NeptuneError("TooManyRequestsException", errors.TOO_MANY_STARTS)
        self._recent.append(now)

    def _take_as_processed(self, job_id: str) -> None:
        if self._options.any_data_processing and not job_id.startswith(_PROBE):
            self.data_processing.setdefault(job_id, DataProcessingJob(job_id))

    def _known(self, jobs: Mapping[str, Job], job_id: str, query: Mapping[str, str]) -> Job:
        check_id(job_id)
        job = jobs.get(job_id)
        if job is None:
            raise NeptuneError(self._options.absent, _ABSENCES[self._options.absent])
        if self._options.role_required and job.neptune_role and not query.get("neptuneIamRoleArn"):
            raise NeptuneError("MissingParameterException", errors.NO_ROLE)
        return job

    def _failure_by_chance(self) -> Failure | None:
        if self._random.random() >= self._options.fail_jobs:
            return None
        return self.chance_failure or Failure(self._random.choice(list(STAGES)))
