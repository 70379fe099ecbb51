"""The plan of a tick, as plain calls: who ends, whose turn it is, and what may run at once."""

import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neptune_training.flow.plan import GROUP, LARGEST_GROUP, SPARE_TURNS, Concurrency, plan
from neptune_training.model.capacity import Capacity
from neptune_training.model.statuses import Status, WaitingFor
from neptune_training.model.unfinished import Entry

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LIMITS = Concurrency(slots=3, invocations=5)
FREE = Capacity()


def job(job_id: str, status: Status = Status.STARTED, **said) -> Entry:
    known = {"next_attempt_at": NOW - MINUTE, "created_at": NOW - 2 * MINUTE, "end_by": NOW + 60 * MINUTE, **said}
    return Entry(job_id=job_id, status=status, **known)


def queued(job_id: str, minutes_ago: float = 1, waiting_for: WaitingFor = WaitingFor.SLOT, **said) -> Entry:
    return job(job_id, Status.WAITING, waiting_for=waiting_for, next_attempt_at=NOW - minutes_ago * MINUTE, **said)


def stepped(jobs, capacity=FREE, limits=LIMITS) -> list[str]:
    return [job_id for group in plan(jobs, capacity, NOW, limits).groups for job_id in group]


def test_nothing_unfinished_plans_nothing() -> None:
    done = plan([], FREE, NOW, LIMITS)
    assert [done.expired, done.groups, done.turns] == [(), (), frozenset()]


@pytest.mark.parametrize("status", [Status.WAITING, Status.REQUESTED, Status.STARTED])
def test_a_job_whose_bound_has_passed_ends_and_gets_no_step_whatever_its_status(status: Status) -> None:
    done = plan([job("late", status, end_by=NOW)], FREE, NOW, LIMITS)
    assert [done.expired, done.groups] == [("late",), ()]


def test_a_bound_is_kept_by_a_job_that_is_not_due_too() -> None:
    late = job("late", end_by=NOW, next_attempt_at=NOW + MINUTE, step_until=NOW + MINUTE)
    assert plan([late], FREE, NOW, LIMITS).expired == ("late",)


def test_jobs_that_are_not_due_or_in_a_step_get_none() -> None:
    jobs = [job("later", next_attempt_at=NOW + MINUTE), job("in step", step_until=NOW + MINUTE, failed_steps=1)]
    assert stepped(jobs) == []


def test_jobs_whose_last_step_ended_well_share_an_invocation_and_starts_come_before_looks() -> None:
    jobs = [job("a"), job("b", Status.REQUESTED), job("c", Status.WAITING, waiting_for=WaitingFor.FILES), queued("d")]
    done = plan(jobs, FREE, NOW, LIMITS)
    assert done.groups == (("d", "c", "b", "a"),)
    assert done.turns == {"d"}


def test_a_job_whose_last_step_did_not_end_well_has_an_invocation_of_its_own() -> None:
    assert plan([job("well"), job("odd", failed_steps=1)], FREE, NOW, LIMITS).groups == (("well",), ("odd",))


def test_of_many_that_run_alone_two_go_at_once_and_those_due_longest_first() -> None:
    jobs = [job(f"odd-{number}", failed_steps=1, next_attempt_at=NOW - number * MINUTE) for number in range(1, 9)]
    assert plan([*jobs, job("well")], FREE, NOW, LIMITS).groups == (("well",), ("odd-8",), ("odd-7",))


def test_invocations_of_the_tick_before_that_still_run_are_counted() -> None:
    hung = [job(f"hung-{number}", failed_steps=2, step_until=NOW + number * MINUTE) for number in (1, 2)]
    jobs = [*hung, job("odd", failed_steps=3), *(job(f"well-{number:02}") for number in range(80))]
    groups = plan(jobs, FREE, NOW, LIMITS).groups
    assert len(groups) == 3
    assert "odd" not in {job_id for group in groups for job_id in group}
    hung = [job(f"hung-{number}", failed_steps=1, step_until=NOW + number * MINUTE) for number in range(1, 6)]
    assert plan([*hung, job("well")], FREE, NOW, LIMITS).groups == ()


def test_all_jobs_of_one_invocation_count_as_one() -> None:
    hung = [job(f"hung-{number}", failed_steps=1, step_until=NOW + MINUTE) for number in range(20)]
    assert plan([*hung, job("well")], FREE, NOW, LIMITS).groups == (("well",),)


def test_many_jobs_are_spread_over_few_invocations() -> None:
    groups = plan([job(f"{number:03}") for number in range(45)], FREE, NOW, LIMITS).groups
    assert [len(group) for group in groups] == [15, 15, 15]
    groups = plan([job(f"{number:04}") for number in range(2000)], FREE, NOW, LIMITS).groups
    assert [len(group) for group in groups] == [LARGEST_GROUP] * 5


def test_a_free_slot_goes_to_the_model_with_the_fewest_jobs_then_to_the_first_in_the_queue(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("neptune_training.flow.plan.SPARE_TURNS", 0)
    running = [job("r1", model="fraud", next_attempt_at=NOW + MINUTE)]
    queue = [
        queued("fraud-9", 9, model="fraud"),
        queued("churn-5", 5, model="churn"),
        queued("churn-2", 4, model="churn"),
    ]
    capacity = Capacity(slots=frozenset({"r1"}))
    assert plan([*running, *queue], capacity, NOW, LIMITS).turns == {"churn-5", "fraud-9"}
    assert plan([*running, *queue], capacity, NOW, Concurrency(2, 5)).turns == {"churn-5"}
    assert plan(queue, FREE, NOW, Concurrency(1, 5)).turns == {"fraud-9"}


def test_a_model_that_has_its_limit_running_has_no_turn_not_even_as_the_probe() -> None:
    running = [job("r1", model="fraud", next_attempt_at=NOW + MINUTE)]
    queue = [
        queued("fraud-1", 9, model="fraud"),
        queued("churn-1", 5, model="churn"),
        queued("churn-2", 4, model="churn"),
    ]
    limits = Concurrency(5, 5, per_model=1)
    assert plan([*running, *queue], FREE, NOW, limits).turns == {"churn-1"}
    assert plan([*running, *queue], Capacity(paused_until=NOW), NOW, limits).turns == {"churn-1"}


def test_a_job_whose_steps_fail_takes_no_other_jobs_turn_and_is_not_passed_over() -> None:
    queue = [queued("odd", 9, failed_steps=3), queued("well", 1)]
    assert plan(queue, FREE, NOW, Concurrency(1, 5)).turns == {"odd", "well"}
    assert plan(queue, FREE, NOW, Concurrency(1, 5)).groups == (("well",), ("odd",))


def test_while_starts_are_paused_nobody_has_a_turn_and_afterwards_the_first_in_the_queue_alone() -> None:
    queue = [queued("second", 2), queued("first", 3)]
    assert plan(queue, Capacity(paused_until=NOW + MINUTE), NOW, LIMITS).turns == frozenset()
    assert plan(queue, Capacity(paused_until=NOW), NOW, LIMITS).turns == {"first"}
    full = Capacity(paused_until=NOW, slots=frozenset("abc"))
    assert plan(queue, full, NOW, LIMITS).turns == frozenset()


@pytest.mark.parametrize("paused_until", [None, NOW], ids=["not paused", "pause over"])
def test_when_all_slots_are_taken_jobs_that_waited_for_capacity_get_a_step_without_a_turn(
    paused_until: datetime | None,
) -> None:
    queue = [queued("pause", 3, WaitingFor.CAPACITY), queued("away", 2, WaitingFor.NEPTUNE), queued("slot", 1)]
    full = Capacity(slots=frozenset("abc"), paused_until=paused_until)
    done = plan(queue, full, NOW, LIMITS)
    assert [done.groups, done.turns] == [(("pause", "away"),), frozenset()]


def test_while_starts_are_paused_or_a_slot_is_free_a_job_that_waits_for_capacity_gets_no_step_but_its_turn() -> None:
    queue = [queued("first", 3, WaitingFor.CAPACITY), *(queued(f"{each}", 2, WaitingFor.CAPACITY) for each in range(9))]
    paused = Capacity(slots=frozenset("abc"), paused_until=NOW + MINUTE)
    assert stepped(queue, paused) == []
    assert stepped(queue, Capacity(slots=frozenset("ab"), paused_until=NOW)) == ["first"]


@pytest.mark.parametrize("poisoned", [1, 2, 5])
@pytest.mark.parametrize("jobs", [6, 12])
def test_with_capacity_each_job_that_can_start_does_within_as_many_probes_as_jobs_wait_and_one(
    jobs: int, poisoned: int
) -> None:
    """Play the queue: a refused probe goes behind, a started one ends the pause, and all that have a slot start."""
    places = {f"{number:02}": NOW - (jobs - number) * MINUTE for number in range(jobs)}
    now, capacity, probes = NOW, Capacity(paused_until=NOW), 0
    while any(int(job_id) >= poisoned for job_id in places):
        queue = [queued(job_id, (now - place) / MINUTE) for job_id, place in places.items()]
        queue = [Entry(**{**vars(each), "next_attempt_at": places[each.job_id]}) for each in queue]
        for job_id in sorted(plan(queue, capacity, now, Concurrency(20, 5)).turns):
            probes += capacity.paused_until is not None
            if int(job_id) < poisoned:
                places[job_id], capacity = now, Capacity(paused_until=now + MINUTE / 2)
            else:
                del places[job_id]
                capacity = Capacity()
        now += MINUTE
    assert probes <= jobs + 1


STATUSES = st.sampled_from([Status.WAITING, Status.REQUESTED, Status.STARTED])
TIMES = st.integers(-3, 3).map(lambda minutes: NOW + minutes * MINUTE)


@st.composite
def entries(draw) -> Entry:
    status = draw(STATUSES)
    return Entry(
        job_id=f"job-{draw(st.integers(0, 10**6))}",
        status=status,
        next_attempt_at=draw(TIMES),
        created_at=draw(TIMES),
        model=draw(st.sampled_from("abc")),
        waiting_for=draw(st.sampled_from(WaitingFor)) if status is Status.WAITING else None,
        end_by=draw(st.none() | TIMES),
        step_until=draw(st.none() | TIMES),
        failed_steps=draw(st.integers(0, 3)),
    )


@given(
    jobs=st.lists(entries(), max_size=80, unique_by=lambda each: each.job_id),
    slots=st.integers(1, 5),
    invocations=st.integers(2, 8),
    held=st.integers(0, 6),
    paused=st.none() | TIMES,
)
def test_every_plan_keeps_all_limits_and_leaves_nobody_out_whom_there_is_room_for(
    jobs: list[Entry], slots: int, invocations: int, held: int, paused: datetime | None
) -> None:
    capacity = Capacity(slots=frozenset(map(str, range(held))), paused_until=paused)
    done = plan(jobs, capacity, NOW, Concurrency(slots, invocations))
    by_id = {each.job_id: each for each in jobs}
    taken = [job_id for group in done.groups for job_id in group]
    in_step = [each for each in jobs if each.in_step(NOW)]
    assert max(Counter(taken).values(), default=1) == 1
    assert not {*taken} & {*done.expired}
    assert all(by_id[job_id].next_attempt_at <= NOW and not by_id[job_id].in_step(NOW) for job_id in taken)
    running = {each.step_until for each in in_step}
    alone_running = {each.step_until for each in in_step if each.failed_steps > 1}
    assert len(done.groups) <= max(invocations - len(running), 0)
    alone = [group for group in done.groups if by_id[group[0]].failed_steps]
    assert all(len(group) == 1 for group in alone)
    assert len(alone) + len(alone_running) <= max(invocations // 2, len(alone_running))
    for failed in (False, True):
        chosen = [job_id for job_id in done.turns if bool(by_id[job_id].failed_steps) is failed]
        assert len(chosen) <= (slots - held + SPARE_TURNS if slots > held else 0)
        if paused is not None:
            assert len(chosen) <= (paused <= NOW)
    well = [
        each
        for each in jobs
        if each.next_attempt_at <= NOW
        and each.failed_steps == 0
        and not each.in_step(NOW)
        and not each.in_queue
        and each.job_id not in done.expired
    ]
    room = invocations - len(running) - len(alone)
    if room * GROUP >= len(well) + len(done.turns):
        assert {each.job_id for each in well} <= {*taken}


def test_five_thousand_jobs_are_planned_within_two_seconds() -> None:
    jobs = [queued(f"q-{number}", number % 50, model=f"m-{number % 7}") for number in range(3000)]
    jobs += [job(f"late-{number}", end_by=NOW) for number in range(1000)] + [
        job(f"run-{number}") for number in range(1000)
    ]
    began = time.process_time()
    done = plan(jobs, FREE, NOW, Concurrency(500, 5))
    assert time.process_time() - began < 2
    assert [len(done.turns), len(done.expired)] == [500 + SPARE_TURNS, 1000]
