"""Build the log that SageMaker would leave of a job that failed."""

from local.neptune_ml.jobs import TrainingJob
from local.neptune_ml.sagemaker import KINDS

EPOCHS = 40  # more lines than anybody is shown


def of(job: TrainingJob, now: float) -> tuple[str, str, list[str]]:
    """Return log group, stream and lines for what failed of `job`.

    A stream's name begins with that of the processing job, or of the trial, whose name begins with the tuning job's.
    """
    failed = job.failure.stage if job.failure else "hpo"
    stage = job.stage(failed, now)
    name = stage["name"] if stage else failed
    trial = f"{name}-{job.trials:03}-0a1b2c3d" if failed == "hpo" else name
    reason = job.failure.reason if job.failure else "unknown"
    lines = [f"epoch {epoch:3}  loss {1 / epoch:.4f}" for epoch in range(1, EPOCHS + 1)]
    lines += ["Traceback (most recent call last):", '  File "/opt/ml/code/training.py", line 12, in <module>', reason]
    return f"/aws/sagemaker/{KINDS[failed].log_group}", f"{trial}/algo-1-{int(job.began)}", lines
