"""The field `result` of a job that has ended: its best trial, or the log of what failed.

COMPLETED: {"trials": {"completed": 8, "failed": 2, "stopped": 0}, "bestTrial": {"name": "neptune-hpo-1f…-004-…",
           "metric": {"name": "accuracy", "value": 0.94}, "hyperparameters": {"dropout": "0.3"}, "seconds": 412}}
FAILED:    {"log": {"group": "/aws/sagemaker/TrainingJobs", "stream": "neptune-hpo-1f…", "lines": ["Traceback …"]}}
"""

import math
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from neptune_training.announce.message import printable
from neptune_training.model.stages import STAGES

MAX_LINES = 30
MAX_LINE = 300  # characters; what a script writes decides how long a message is, so not more
MAX_HYPERPARAMETERS = 30  # SageMaker tunes 30 at most (its guide, Resource Limits in Automatic Model Tuning)
MAX_TEXT = 100
LARGEST, SMALLEST = 1e100, 1e-100  # DynamoDB holds numbers up to 1e125 and down to 1e-130
LOG_GROUPS = {  # by the kind of job in an ARN; SageMaker guide, Log Groups and Streams
    "processing-job": "/aws/sagemaker/ProcessingJobs",
    "training-job": "/aws/sagemaker/TrainingJobs",
    "hyper-parameter-tuning-job": "/aws/sagemaker/TrainingJobs",
    "transform-job": "/aws/sagemaker/TransformJobs",
}


class LogLines(StrEnum):
    """Name where the lines of a log are put: the template's parameter IncludeLogLines."""

    RECORD = "record"
    MESSAGES = "messages"
    NOWHERE = "nowhere"


class LogLocation(NamedTuple):
    """Hold where the log of a SageMaker job is: its group, and how the names of its streams begin."""

    group: str
    prefix: str


def tuning_job(stages: Mapping[str, Any]) -> str | None:
    """Return the name of the hyperparameter tuning job; None if `stages` have none."""
    name: str | None = stages.get("hpo", {}).get("name")
    return name


def log_of_failed(stages: Mapping[str, Any]) -> LogLocation | None:
    """Return where the log of the stage that failed is; None if no stage failed, or its kind of job is not known.

    A stream's name begins with the job's name and a slash; a trial's name, with the tuning job's name and a hyphen.
    """
    for stage in (stages[name] for name in reversed(STAGES) if name in stages):
        if stage.get("status", "").lower() == "failed" or stage.get("failureReason"):
            kind = stage.get("arn", "").rpartition(":")[2].partition("/")[0]
            end = "-" if kind == "hyper-parameter-tuning-job" else "/"
            return LogLocation(LOG_GROUPS[kind], stage["name"] + end) if kind in LOG_GROUPS else None
    return None


def trials(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the result of a COMPLETED job from the answer of DescribeHyperParameterTuningJob."""
    count = {name: int(value) for name, value in answer["TrainingJobStatusCounters"].items()}
    failed = count.get("NonRetryableError", 0) + count.get("RetryableError", 0)
    ended = {"completed": count.get("Completed", 0), "failed": failed, "stopped": count.get("Stopped", 0)}
    best = answer.get("BestTrainingJob")
    return {"trials": ended, "bestTrial": best_trial(best)} if best else {"trials": ended}


def best_trial(best: Mapping[str, Any]) -> dict[str, Any]:
    """Return the best trial, with the metric's value to the seven digits of a float.

    Values that SageMaker leaves out are left out.
    """
    metric, tuned = best.get("FinalHyperParameterTuningJobObjectiveMetric", {}), best.get("TunedHyperParameters", {})
    value, began, ended = metric.get("Value", math.nan), best.get("TrainingStartTime"), best.get("TrainingEndTime")
    named = {"name": printable_start(metric["MetricName"])} if "MetricName" in metric else {}
    storable = isinstance(value, int | float) and (value == 0 or SMALLEST < abs(value) < LARGEST)
    return {
        "name": printable_start(best["TrainingJobName"]),
        "metric": {**named, **({"value": float(f"{value:.7g}")} if storable else {})},
        "hyperparameters": {
            printable_start(name): printable_start(tuned[name]) for name in sorted(tuned)[:MAX_HYPERPARAMETERS]
        },
        **({"seconds": int((ended - began).total_seconds())} if began and ended else {}),
    }


def log(group: str, stream: str, messages: Iterable[str]) -> dict[str, Any]:
    """Return the result of a FAILED job. Lines are what users' scripts wrote: cut, with ? for control characters."""
    lines = [printable_start(each.rstrip().expandtabs(4), MAX_LINE) for each in messages]
    return {"log": {"group": group, "stream": stream, "lines": lines[-MAX_LINES:]}}


def without_lines(found: Any, command: str | None) -> dict[str, Any]:
    """Return a result with `command`, which shows the lines, in their place: no line is left.

    `found` may have any form: it can come from a record that a person has written. A `command` of None is left out.
    """
    others = {name: value for name, value in found.items() if name != "log"} if isinstance(found, Mapping) else {}
    match found:
        case {"log": {"group": str(group), "stream": str(stream)}}:
            shown = {"command": command} if command else {}
            return {**others, "log": {"group": group, "stream": stream, **shown}}
    return others


def printable_start(text: str, most: int = MAX_TEXT) -> str:
    """Return the first `most` characters, with ? for each control character."""
    return printable(text[:most])
