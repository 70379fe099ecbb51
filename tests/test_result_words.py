"""A result in words, as people read it."""

from typing import Any

import pytest

from neptune_training.model.result_words import in_words

TRIALS = {"completed": 8, "failed": 2, "stopped": 0}
BEST: dict[str, Any] = {
    "name": "hpo-004",
    "metric": {"name": "accuracy", "value": 0.9432},
    "hyperparameters": {"dropout": "0.3", "lr": "0.01"},
    "seconds": 412,
}
LOG = {"group": "/aws/sagemaker/TrainingJobs", "stream": "hpo-002/algo-1"}


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (
            {"trials": TRIALS, "bestTrial": BEST},
            [
                "Trials: 8 completed, 2 failed, 0 stopped",
                "Best trial: accuracy 0.9432 after 412 s",
                "With: dropout=0.3, lr=0.01",
            ],
        ),
        (
            {"trials": TRIALS, "bestTrial": {"name": "hpo-004"}},
            ["Trials: 8 completed, 2 failed, 0 stopped"],
        ),
        ({"trials": TRIALS}, ["Trials: 8 completed, 2 failed, 0 stopped"]),
        (
            {"log": {**LOG, "lines": ["Traceback", "out of memory"]}},
            ["The end of the log /aws/sagemaker/TrainingJobs hpo-002/algo-1:", "  Traceback", "  out of memory"],
        ),
        (
            {"log": {**LOG, "command": "neptune-training show f-1"}},
            ["The log /aws/sagemaker/TrainingJobs hpo-002/algo-1 says why. Its last lines: neptune-training show f-1"],
        ),
        ({"log": LOG}, ["The log /aws/sagemaker/TrainingJobs hpo-002/algo-1 says why."]),
        ({}, []),
        (None, []),
        ("by hand", []),
        ({"trials": "many", "bestTrial": [], "log": {"lines": 7}}, []),
    ],
)
def test_a_result_is_said_in_words(result: object, words: list[str]) -> None:
    assert [*in_words(result)] == words


def test_the_last_thirty_lines_of_a_log_are_said() -> None:
    lines = [str(number) for number in range(31)]
    assert [*in_words({"log": {**LOG, "lines": lines}})][1:] == [f"  {line}" for line in lines[1:]]
