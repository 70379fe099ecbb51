"""Times as people read them."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from neptune_training.model.times import duration, to_text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 seconds"),
        (119, "119 seconds"),
        (120, "2 minutes"),
        (600, "10 minutes"),
        (3_600, "60 minutes"),
        (7_199, "119 minutes"),
        (7_200, "2 hours"),
        (86_400, "24 hours"),
        (172_800, "2 days"),
        (1_209_600, "14 days"),
    ],
)
def test_a_length_of_time_is_said_in_the_largest_unit_of_which_it_has_at_least_two(seconds: int, text: str) -> None:
    assert duration(timedelta(seconds=seconds)) == text


def test_a_time_is_written_in_utc_wherever_the_process_runs() -> None:
    with pytest.MonkeyPatch.context() as elsewhere:
        elsewhere.setenv("TZ", "JST-9")
        time.tzset()
        written = to_text(datetime(2026, 11, 24, 2, tzinfo=UTC))
    time.tzset()
    assert written == "2026-11-24T02:00:00.000Z"
