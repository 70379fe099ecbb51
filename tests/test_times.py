"""Times as people read them."""

from datetime import timedelta

import pytest

from neptune_training.model.times import duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 seconds"),
        (90, "90 seconds"),
        (600, "10 minutes"),
        (3_600, "60 minutes"),
        (86_400, "24 hours"),
        (1_209_600, "14 days"),
    ],
)
def test_a_length_of_time_is_said_in_the_largest_unit_of_which_it_has_at_least_two(seconds: int, text: str) -> None:
    assert duration(timedelta(seconds=seconds)) == text
