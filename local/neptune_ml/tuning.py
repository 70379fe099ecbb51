"""Describe a hyperparameter tuning job as SageMaker does: how many trials there were, and which was the best."""

import random
from typing import Any, Final

from local.neptune_ml.jobs import TrainingJob
from local.neptune_ml.sagemaker import ACCOUNT, REGION, Resource

METRIC: Final = {"Type": "Maximize", "MetricName": "accuracy"}


def describe(job: TrainingJob, stage: Resource) -> dict[str, Any]:
    """Return DescribeHyperParameterTuningJob's answer; `stage` is the job's tuning job.

    The counts depend only on the status: a fifth of the trials failed, or all if the job failed.
    """
    completed = job.trials - job.trials // 5 if stage["status"] == "Completed" else 0
    counters = {"Completed": completed, "NonRetryableError": job.trials - completed}
    answer = {
        "HyperParameterTuningJobName": stage["name"],
        "HyperParameterTuningJobArn": stage["arn"],
        "HyperParameterTuningJobStatus": stage["status"],
        "HyperParameterTuningJobConfig": {
            "Strategy": "Bayesian",
            "HyperParameterTuningJobObjective": METRIC,
            "ResourceLimits": {"MaxNumberOfTrainingJobs": job.trials, "MaxParallelTrainingJobs": 2},
        },
        "CreationTime": job.began + job.stage_seconds,
        "LastModifiedTime": job.began + 2 * job.stage_seconds,
        "TrainingJobStatusCounters": {**counters, "InProgress": 0, "RetryableError": 0, "Stopped": 0},
        "ObjectiveStatusCounters": {"Succeeded": completed, "Pending": 0, "Failed": 0},
    }
    return answer | ({"BestTrainingJob": _best(job, stage["name"], completed)} if completed else {})


def _best(job: TrainingJob, tuning_job: str, completed: int) -> dict[str, Any]:
    """Return the summary of the best trial: one of those that have completed."""
    chance = random.Random(job.id)  # noqa: S311 - chance for tests, no secret
    number = chance.randint(1, completed)
    name = f"{tuning_job}-{number:03}-{chance.getrandbits(32):08x}"
    began = job.began + job.stage_seconds
    return {
        "TrainingJobName": name,
        "TrainingJobArn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/{name}",
        "TrainingJobStatus": "Completed",
        "CreationTime": began,
        "TrainingStartTime": began,
        "TrainingEndTime": began + max(1.0, job.stage_seconds),
        "TunedHyperParameters": {
            "made-up-1": f"{chance.uniform(0.001, 0.02):.6f}",
            "made-up-2": str(2 ** chance.randint(5, 9)),
            "made-up-3": f"{chance.uniform(0.1, 0.5):.3f}",
        },
        "FinalHyperParameterTuningJobObjectiveMetric": {**METRIC, "Value": round(chance.uniform(0.85, 0.97), 4)},
        "ObjectiveStatus": "Succeeded",
    }
