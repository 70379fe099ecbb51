"""Say which tests are running if none has ended for a while, so that a long one does not look like a hang."""

import threading
import time
from collections.abc import Callable

import pytest

SILENCE = 10.0  # seconds


class StillRunning:
    """A plugin of pytest's, for the process that prints: with pytest-xdist, not for its workers."""

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._say, self._clock = say, clock
        self._began: dict[str, float] = {}
        self._last = clock()
        self._ended = threading.Event()

    def pytest_sessionstart(self) -> None:
        threading.Thread(target=self._watch, name="still running", daemon=True).start()

    def pytest_sessionfinish(self) -> None:
        self._ended.set()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._began[nodeid] = self._clock()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self._began.pop(nodeid, None)
        self._last = self._clock()

    def _watch(self) -> None:
        while not self._ended.wait(1.0):
            self.look()

    def look(self) -> None:
        """Say what runs, if nothing has ended or been said for a while."""
        now = self._clock()
        running = [f"{name.rpartition('::')[2]} ({now - began:.0f} s)" for name, began in list(self._began.items())]
        if running and now - self._last >= SILENCE:
            self._last = now
            self._say(f"\n  still running: {', '.join(running)}")


def add_to(config: pytest.Config) -> None:
    """Add the plugin to a run of pytest."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(StillRunning(reporter.write_line), "still-running")
