"""Read what the emulator has counted (`counting_ministack.py`), and add it up."""

import json
from pathlib import Path
from typing import Any

from bench.burst.prices import Usage
from neptune_training.model.statuses import Status

FINAL = {status.value for status in Status if status.final}


class Counts:
    """Follow the file of counts from where it ends now."""

    def __init__(self, path: Path) -> None:
        self._path, self._at = path, path.stat().st_size
        self.started: dict[str, float] = {}  # job → when it was first recorded as STARTED, epoch seconds
        self.ended: dict[str, float] = {}
        self.usage = Usage()
        self.calls = 0  # by Step Functions itself and for checkpoints: those do not go through the proxy
        self.latest = 0.0  # when a job was last recorded as started or ended

    def read(self) -> None:
        """Add what is new."""
        with self._path.open("rb") as file:
            file.seek(self._at)
            for line in file:
                if not line.endswith(b"\n"):  # it is being written
                    return
                self._at += len(line)
                self._add(json.loads(line))

    def _add(self, found: dict[str, Any]) -> None:
        usage = self.usage
        match found:
            case {"invoked": _, "ms": ms, "memory": memory}:
                usage.invocations += 1
                usage.seconds += ms / 1000
                usage.gigabyte_seconds += ms / 1000 * memory / 1024
            case {"operation": _, "read": read, "write": write, "wrote": wrote}:
                usage.read_units += read
                usage.write_units += write
                self.calls += 1
                for job, status in wrote:
                    self._note(job, status, found["at"])
            case {"transition": _}:
                usage.transitions += 1
            case {"operations": operations, "bytes": size}:
                usage.operations += operations
                usage.durable_bytes += size
                self.calls += 1
            case {"called": "sns"}:
                usage.sns_requests += 1
                self.calls += 1

    def _note(self, job: str, status: str, at: float) -> None:
        kept = self.started if status == "STARTED" else self.ended if status in FINAL else None
        if kept is not None and job not in kept:
            kept[job] = self.latest = at
