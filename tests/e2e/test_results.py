"""What came of a training, as its user gets it: the best trial, or the last lines of the log."""

from collections.abc import Callable
from typing import Any

import pytest

from local.stack import Stack

pytestmark = pytest.mark.e2e
Heard = Callable[..., dict[str, Any]]


def kept(stack: Stack, job_id: str) -> dict[str, Any]:
    [record] = (each for each in stack.records() if each["jobId"] == job_id)
    return record["result"]


def test_a_completed_job_is_announced_with_its_best_trial_and_its_record_has_it(
    stack: Stack, upload: Callable[..., str], example: dict[str, bytes], heard: Heard
) -> None:
    message = heard(upload("best", example), "COMPLETED")
    best = message["result"]["bestTrial"]
    assert best["metric"]["name"] == "accuracy"
    assert 0 < best["metric"]["value"] < 1
    assert kept(stack, message["jobId"]) == message["result"]


def test_a_failed_job_is_announced_with_the_command_that_shows_its_last_lines_which_its_record_has(
    stack: Stack, upload: Callable[..., str], example: dict[str, bytes], heard: Heard
) -> None:
    model = upload("out-of-memory", example)
    stack.neptune.fail_job(heard(model, "STARTED")["jobId"], "hpo", reason="CUDA out of memory")
    message = heard(model, "FAILED")
    log = kept(stack, message["jobId"])["log"]
    assert len(log["lines"]) == 30
    assert log["lines"][-1] == "CUDA out of memory"
    assert message["result"]["log"]["command"] == f"neptune-training show {message['jobId']}"
    assert "lines" not in message["result"]["log"]
