"""The course of trainings on the local stack, line by line, as it happens."""

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from cli.screen import say
from local.stack import Stack
from neptune_training.model.statuses import Status

COLOURS = {"COMPLETED": "green", "FAILED": "red", "REJECTED": "red", "STOPPED": "yellow", "SUPERSEDED": "yellow"}


class Line(NamedTuple):
    """Hold one thing that happened: when (epoch seconds), to which job, what, and more about it."""

    at: float
    job: str
    what: str
    detail: str
    status: str = ""  # the job's, if it was announced

    def show(self, began: float, *, with_job: bool = False) -> None:
        """Print it, with the seconds since `began`; `with_job`, the job's id comes before the detail."""
        about = f"{self.job}  " if with_job and not self.detail.startswith(self.job) else ""
        colour = f"bold {COLOURS.get(self.status, '')}".strip()
        say((f"{self.at - began:7.2f} s", "dim"), "  ", (f"{self.what:<12}", colour), " ", about, self.detail)


class Course:
    """Follow all jobs of a stack: announcements as a subscriber gets them, and stages as the table has them."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._stages: dict[tuple[str, str], str] = {}
        self.messages: list[tuple[float, dict[str, Any]]] = []

    def lines(self, seconds: float = 0.2) -> Iterator[Line]:
        """Yield what is new, and end after `seconds` without an announcement."""
        for at, message in self._stack.messages(seconds):
            yield from self._stage_changes(at)
            self.messages.append((at, message))
            arn = message.get("arn") if message["status"] == Status.STARTED else None
            detail = arn or message.get("waitingFor") or first_problem(message)
            yield Line(at, message["jobId"], message["status"].lower(), detail, message["status"])
        yield from self._stage_changes(time.time())

    def _stage_changes(self, at: float) -> Iterator[Line]:
        for record in self._stack.records():
            for name, stage in record.get("stages", {}).items():
                place, status = (record["jobId"], name), stage.get("status", "")
                if self._stages.get(place) != status:
                    self._stages[place] = status
                    yield Line(at, record["jobId"], f"  {name}", status)


def first_problem(message: dict[str, Any]) -> str:
    """Return the job's id, and the first of its problems if it has any."""
    problems = [f"{each['field']}: {each['problem']}" for each in message.get("reasons", [])]
    return "  ".join([message["jobId"], *problems[:1]])
