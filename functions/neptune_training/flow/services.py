"""The table, Neptune, the checks and the clock that a step uses."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from neptune_training.aws.table import Table
from neptune_training.model.settings import Settings

if TYPE_CHECKING:  # `track` imports this module, and neither calls Neptune nor checks a model
    from neptune_training.aws.neptune import Neptune
    from neptune_training.checks.readiness import Readiness

MARGIN = timedelta(seconds=5)  # beside a start's read timeout: for the claim before it, and the write after it


@dataclass(frozen=True)
class Services:
    """Hold the table, Neptune and the checks. `now` is the only clock, and `sleep` waits for so many seconds."""

    table: Table
    neptune: "Neptune"
    readiness: "Readiness"
    settings: Settings
    now: Callable[[], datetime]
    sleep: Callable[[float], None]

    def last_start(self, deadline: datetime) -> datetime:
        """Return the last moment to send a start, if the invocation ends at `deadline` and the answer is slow."""
        return deadline - timedelta(seconds=self.settings.neptune_read_timeout_seconds) - MARGIN

    def time_to_start(self, deadline: datetime) -> bool:
        """Return True if an invocation that ends at `deadline` has enough time left for one more start."""
        return self.now() < self.last_start(deadline)
