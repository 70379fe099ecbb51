"""The limits that a plan keeps, as plain calls: of slots, of one model, and of invocations."""

import pytest

from neptune_training.flow.plan import Concurrency, plan
from neptune_training.model.capacity import Capacity
from tests.settings import settings
from tests.test_plan import FREE, LIMITS, MINUTE, NOW, job, queued


def test_the_limits_are_the_operators() -> None:
    said = settings(max_concurrent_training_jobs=7, max_concurrent_steps=8, max_concurrent_training_jobs_per_model=9)
    assert Concurrency.of(said) == Concurrency(slots=7, invocations=8, per_model=9)


def test_the_probe_is_the_first_in_the_queue_whatever_else_of_its_model_runs() -> None:
    jobs = [
        job("r", model="fraud", next_attempt_at=NOW + MINUTE),
        queued("fraud", 9, model="fraud"),
        queued("churn", 5, model="churn"),
    ]
    assert plan(jobs, Capacity(paused_until=NOW), NOW, LIMITS).turns == {"fraud"}


@pytest.mark.parametrize(("running", "turns"), [(0, {"q-3", "q-2"}), (1, {"q-3"}), (2, set())])
def test_a_model_gets_as_many_turns_as_its_limit_leaves(running: int, turns: set[str]) -> None:
    jobs = [
        *(job(f"r-{number}", model="fraud", next_attempt_at=NOW + MINUTE) for number in range(running)),
        *(queued(f"q-{number}", number, model="fraud") for number in (1, 2, 3)),
    ]
    assert plan(jobs, FREE, NOW, Concurrency(9, 5, per_model=2)).turns == turns


def test_an_invocation_for_many_jobs_takes_no_room_of_those_for_one_job() -> None:
    in_step = [job(f"hung-{number}", failed_steps=1, step_until=NOW + number * MINUTE) for number in (1, 2)]
    odd = [job("odd-1", failed_steps=1), job("odd-2", failed_steps=2)]
    assert plan([*in_step, *odd], FREE, NOW, LIMITS).groups == (("odd-1",), ("odd-2",))


@pytest.mark.parametrize("trouble", [{}, {"step_until": NOW + MINUTE}])
def test_while_a_step_has_failed_or_is_under_way_the_other_jobs_are_spread_over_all_invocations(trouble) -> None:
    well = [job(f"well-{number}") for number in range(6)]
    groups = plan([*well, job("odd", failed_steps=1, **trouble)], FREE, NOW, LIMITS).groups
    assert groups[:4] == (("well-0", "well-4"), ("well-1", "well-5"), ("well-2",), ("well-3",))
    assert plan(well, FREE, NOW, LIMITS).groups == (tuple(each.job_id for each in well),)
