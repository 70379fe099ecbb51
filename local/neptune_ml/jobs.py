"""Jobs, and how they move: by the clock alone, computed when somebody looks.

No timer runs. A job knows when it began and how long a stage takes, so at any moment its state follows from the time.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from local.neptune_ml.sagemaker import STAGES, Resource, model, resource


@dataclass(frozen=True, slots=True)
class Failure:
    """Let a training job end as Failed, at the end of `stage` (one of `STAGES`).

    `reason` and `log_url` are what Neptune then shows as `failureReason` and `cloudwatchLogUrl`; without a `log_url`
    the stage keeps its own.
    """

    stage: str = "hpo"
    reason: str = "AlgorithmError: the training script exited with code 1"
    log_url: str | None = None

    def __post_init__(self) -> None:
        if self.stage not in STAGES:
            raise ValueError(f"stage is {self.stage!r}: it can be {', '.join(STAGES)}")

    def shown(self, stage: Resource) -> Resource:
        """Return what Neptune shows of the failed `stage`."""
        stage["failureReason"] = self.reason
        if self.log_url is not None:
            stage["cloudwatchLogUrl"] = self.log_url
        return stage


@dataclass(slots=True)
class TrainingJob:
    """One model-training job. Times are epoch seconds."""

    id: str
    began: float
    stage_seconds: float
    output: str
    neptune_role: str | None = None
    trials: int = 2
    failure: Failure | None = None
    logged: bool = False
    cancelled: float | None = None
    forced_status: str | None = None

    def status(self, now: float) -> str:
        """Return the job's status at `now`: InProgress, Completed, Failed, Stopping or Stopped, or the forced one."""
        if self.forced_status is not None:
            return self.forced_status
        if self.cancelled is not None:
            return "Stopped" if now >= self.cancelled + self.stage_seconds else "Stopping"
        if now < self._end():
            return "InProgress"
        return "Failed" if self.failure else "Completed"

    def ended(self, now: float) -> bool:
        """Return True if nothing more happens to the job after `now`."""
        return self.status(now) in {"Completed", "Failed", "Stopped"}

    def hurry(self, now: float) -> None:
        """Let the job be at its end `now`."""
        self.began -= max(0.0, self._end() - now)

    def describe(self, now: float) -> dict[str, object]:
        """Return GetMLModelTrainingJob's answer at `now`. As in Neptune it has no top-level `arn`."""
        status = self.status(now)
        answer: dict[str, object] = {"status": status, "id": self.id, **dict(self._stages(now))}
        if status == "Completed":
            answer["mlModels"] = [model(self.id)]
        return answer

    def stage(self, name: str, now: float) -> Resource | None:
        """Return the SageMaker job of a stage, such as "hpo"; None if the job has not reached that stage."""
        return dict(self._stages(now)).get(STAGES[name])

    def _end(self) -> float:
        last = list(STAGES).index(self.failure.stage) if self.failure else len(STAGES) - 1
        return self.began + (last + 1) * self.stage_seconds

    def _stages(self, now: float) -> Iterator[tuple[str, Resource]]:
        """Yield each stage that the job has reached: a cancelled job reaches no further one."""
        reached = now if self.cancelled is None else self.cancelled
        for number, (stage, member) in enumerate(STAGES.items()):
            if reached < self.began + number * self.stage_seconds:
                return
            done = reached >= self.began + (number + 1) * self.stage_seconds
            if done and self.failure and self.failure.stage == stage:
                yield member, self.failure.shown(resource(self.id, stage, "Failed", self.output))
                return
            status = "Completed" if done else self.status(now)
            yield member, resource(self.id, stage, status, self.output)


@dataclass(slots=True)
class DataProcessingJob:
    """One data-processing job: in `given_status`, and Completed from `completes` (epoch seconds) on if that is set."""

    id: str
    given_status: str = "Completed"
    completes: float | None = None
    neptune_role: str | None = None
    failure_reason: str | None = None

    def status(self, now: float) -> str:
        """Return the job's status at `now`."""
        return "Completed" if self.completes is not None and now >= self.completes else self.given_status

    def describe(self, now: float) -> dict[str, object]:
        """Return GetMLDataProcessingJob's answer at `now`."""
        status = self.status(now)
        processing = resource(self.id, "processing", status, "s3://local-neptune-ml/processed")
        if status == "Failed" and self.failure_reason is not None:
            processing["failureReason"] = self.failure_reason
        return {"status": status, "id": self.id, "processingJob": processing}
