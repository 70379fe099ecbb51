"""What a run of the tests prints while a long test runs."""

from tests.still_running import SILENCE, StillRunning


def test_a_long_test_is_named_after_some_seconds_of_silence_and_again_after_as_many() -> None:
    said, now = list[str](), [0.0]
    plugin = StillRunning(said.append, lambda: now[0])
    plugin.pytest_runtest_logstart("tests/test_x.py::test_long")
    plugin.pytest_runtest_logstart("tests/test_x.py::test_short")
    now[0] = 5.0
    plugin.pytest_runtest_logfinish("tests/test_x.py::test_short")
    for seconds in (5.0 + SILENCE - 1, 5.0 + SILENCE, 5.0 + 2 * SILENCE - 1, 5.0 + 2 * SILENCE):
        now[0] = seconds
        plugin.look()
    assert said == ["\n  still running: test_long (15 s)", "\n  still running: test_long (25 s)"]
