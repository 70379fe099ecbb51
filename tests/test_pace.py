"""The pace of a drain, as plain calls, and against a cluster that accepts so many starts a second."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neptune_training.flow.pace import LONG_ROW, LONGEST_WAIT, RETRY_FOR, SHORTEST_GAP, Pace

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def seconds(time: timedelta) -> float:
    return round(time.total_seconds(), 3)


def test_a_drain_begins_with_a_quarter_of_a_second_between_two_starts() -> None:
    assert [Pace().wait, Pace().is_over(NOW)] == [SECOND / 4, False]


def test_each_refusal_in_a_row_slows_the_pace_by_two_fifths_and_doubles_the_wait_up_to_four_seconds() -> None:
    pace, waits, gaps = Pace(), [], []
    for _ in range(6):
        pace = pace.after_refusal(NOW)
        waits.append(seconds(pace.wait))
        gaps.append(seconds(pace.gap))
    assert waits == [0.35, 0.98, 2.744, 4.0, 4.0, 4.0]
    assert gaps == [0.35, 0.49, 0.686, 0.96, 1.345, 1.882]


def test_after_an_acceptance_the_wait_is_the_gap_again_and_a_little_shorter() -> None:
    pace = Pace().after_refusal(NOW).after_refusal(NOW).after_acceptance()
    assert [seconds(pace.gap), seconds(pace.wait), pace.refused, pace.refused_since] == [0.483, 0.483, 0, None]


@pytest.mark.parametrize(("accepted", "slower"), [(2, 1.4), (3, 1.15)])
def test_a_refusal_after_at_least_three_acceptances_slows_the_pace_less(accepted: int, slower: float) -> None:
    pace = replace(Pace(), accepted=accepted)
    assert pace.after_refusal(NOW).gap / pace.gap == pytest.approx(slower)


def test_until_a_start_is_refused_each_acceptance_shortens_the_gap_by_a_tenth() -> None:
    assert seconds(Pace().after_acceptance().gap) == 0.225


@pytest.mark.parametrize(("gap", "shorter"), [(0.33, 0.985), (0.32, 0.997)])
def test_near_the_gap_that_was_refused_last_the_gap_shrinks_more_slowly(gap: float, shorter: float) -> None:
    pace = replace(Pace(), gap=SECOND * gap, refused_gap=SECOND * 0.3)
    assert pace.after_acceptance().gap / SECOND == pytest.approx(gap * shorter, abs=1e-5)


def test_after_thirty_acceptances_in_a_row_the_gap_shrinks_by_a_tenth_each_time() -> None:
    long_row = reduce(lambda pace, _: pace.after_acceptance(), range(LONG_ROW - 1), Pace().after_refusal(NOW))
    last = long_row.after_acceptance()
    assert [round(last.gap / long_row.gap, 3), round(last.after_acceptance().gap / last.gap, 3)] == [0.997, 0.9]


def test_a_refusal_ends_the_row_of_acceptances() -> None:
    assert replace(Pace(), accepted=LONG_ROW).after_refusal(NOW).accepted == 0


def test_a_refused_probe_is_over_at_once_and_an_accepted_one_begins_a_drain_that_retries_for_ten_seconds() -> None:
    probe = Pace(retry_for=timedelta())
    assert probe.after_refusal(NOW).is_over(NOW)
    assert probe.after_acceptance().retry_for == RETRY_FOR


def test_a_drain_whose_starts_are_all_refused_is_over_before_ten_seconds_have_passed() -> None:
    pace, now, sent = Pace().after_refusal(NOW), NOW, 1
    while not pace.is_over(now):
        now += pace.wait
        pace, sent = pace.after_refusal(now), sent + 1
    assert [seconds(now - NOW), sent] == [8.074, 5]


@given(answers=st.lists(st.booleans(), max_size=400))
def test_whatever_neptune_answers_no_wait_is_shorter_than_the_shortest_gap_or_longer_than_four_seconds(
    answers: list[bool],
) -> None:
    pace = Pace()
    for accepted in answers:
        pace = pace.after_acceptance() if accepted else pace.after_refusal(NOW)
        assert SHORTEST_GAP <= pace.wait <= LONGEST_WAIT


@pytest.mark.parametrize("rate", [1, 2, 5, 10, 20])
def test_of_a_thousand_starts_at_most_a_twentieth_is_refused_and_they_take_a_tenth_longer_than_they_must(
    rate: int,
) -> None:
    pace, now, number = Pace(), NOW, 1000
    recent: list[datetime] = []
    accepted = refused = 0
    while accepted < number:
        recent = [each for each in recent if now - each < SECOND]
        if len(recent) < rate:
            recent.append(now)
            pace, accepted = pace.after_acceptance(), accepted + 1
        else:
            pace, refused = pace.after_refusal(now), refused + 1
        now += pace.wait
    assert refused / (accepted + refused) <= 0.05
    assert (now - NOW) / SECOND <= 1.1 * number / rate
