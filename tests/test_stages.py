"""The stages of a training job, as a record holds them."""

import pytest

from neptune_training.model.stages import Stages, current_arn, ended_stages

ENDED = {"status": "Completed", "arn": "arn:ended"}
RUNS = {"status": "InProgress", "arn": "arn:runs"}


@pytest.mark.parametrize(
    ("stages", "number"),
    [
        (None, 0),
        ({}, 0),
        ({"processing": RUNS}, 0),
        ({"processing": {}}, 0),
        ({"processing": ENDED, "hpo": RUNS}, 1),
        ({"processing": {"status": "FAILED"}, "hpo": {"status": "stopped"}, "transform": {"status": "Cancelled"}}, 3),
    ],
)
def test_a_stage_has_ended_if_sagemakers_status_is_a_final_one_in_any_case(stages: Stages | None, number: int) -> None:
    assert ended_stages(stages) == number


@pytest.mark.parametrize(
    ("stages", "arn"),
    [
        (None, None),
        ({}, None),
        ({"processing": RUNS}, "arn:runs"),
        ({"hpo": RUNS, "processing": ENDED}, "arn:runs"),
        ({"processing": RUNS, "hpo": ENDED}, None),
        ({"processing": {"arn": "arn:no status"}}, "arn:no status"),
        ({"processing": {"status": "InProgress"}}, None),
        ({"processing": {"status": "InProgress", "arn": ""}}, None),
        ({"another": RUNS}, None),
    ],
)
def test_the_job_that_runs_now_is_the_last_stages_until_that_has_ended(stages: Stages | None, arn: str | None) -> None:
    assert current_arn(stages) == arn
