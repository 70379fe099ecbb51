"""The pace at its boundaries, as plain calls: all that it holds after an answer, and exactly when it is over."""

from datetime import timedelta

import pytest

from neptune_training.flow.pace import RETRY_FOR, Pace
from tests.steps import NOW, seconds

SECOND = seconds(1)
PROBE = timedelta()


@pytest.mark.parametrize(
    ("pace", "gap"),
    [
        (Pace(gap=SECOND), 0.9),  # none was refused so far
        (Pace(gap=SECOND, accepted=29, refused_gap=SECOND * 0.5), 0.985),
        (Pace(gap=SECOND, accepted=30, refused_gap=SECOND * 0.5), 0.9),
        (Pace(gap=SECOND, refused_gap=SECOND), 0.997),
        (Pace(gap=SECOND * 1.08, refused_gap=SECOND), 1.08 * 0.985),
        (Pace(gap=SECOND * 1.07, refused_gap=SECOND), 1.07 * 0.997),
        (Pace(gap=SECOND / 50), 0.02),
    ],
)
def test_an_acceptance_shortens_the_gap_to(pace: Pace, gap: float) -> None:
    refused = Pace(pace.gap, pace.accepted, 2, NOW, pace.refused_gap, PROBE)
    assert refused.after_acceptance() == Pace(seconds(gap), pace.accepted + 1, 0, None, pace.refused_gap, RETRY_FOR)


@pytest.mark.parametrize(
    ("accepted", "gap", "longer"), [(0, 1, 1.4), (2, 1, 1.4), (3, 1, 1.15), (3, 3.9, 4), (0, 0.1, 0.14)]
)
def test_a_refusal_lengthens_the_gap_to(accepted: int, gap: float, longer: float) -> None:
    refused = Pace(gap=seconds(gap), accepted=accepted, retry_for=PROBE).after_refusal(NOW)
    assert refused == Pace(seconds(longer), 0, 1, NOW, seconds(gap), PROBE)
    again = refused.after_refusal(NOW + SECOND)
    assert [again.refused, again.refused_since, again.refused_gap] == [2, NOW, seconds(longer)]


@pytest.mark.parametrize(
    ("refused", "gap", "wait"),
    [(0, 0.1, 0.1), (1, 0.1, 0.1), (2, 0.1, 0.2), (3, 0.1, 0.4), (5, 0.3, 4), (10, 0.001, 0.512), (12, 0.001, 0.512)],
)
def test_each_refusal_in_a_row_doubles_the_wait(refused: int, gap: float, wait: float) -> None:
    assert Pace(gap=seconds(gap), refused=refused).wait == seconds(wait)


@pytest.mark.parametrize(
    ("pace", "later", "over"),
    [
        (Pace(refused=3, refused_since=NOW), 9, True),  # the next start would come ten seconds after the first
        (Pace(refused=3, refused_since=NOW), 8.999, False),
        (Pace(refused=2, refused_since=NOW), 99, False),
        (Pace(refused=1, refused_since=NOW, retry_for=PROBE), 0, True),
        (Pace(refused=3), 99, False),
        (Pace(retry_for=PROBE), 99, False),
    ],
)
def test_a_pace_is_over_exactly(pace: Pace, later: float, over: bool) -> None:
    assert pace.is_over(NOW + seconds(later)) is over
