"""The log of what the server was asked, and the counts that a test wants of it."""

import json
from collections import Counter, defaultdict, deque
from dataclasses import dataclass
from typing import Any, Final, TypedDict

_LONGEST: Final = 200_000  # entries; the counts go on after that


@dataclass(slots=True)
class Request:
    """One request.

    `accepted` is whether a POST had its effect, None for other methods. `answer` is "OK", an error code, "HTTP 502",
    "not JSON", "dropped", or "pending" while there is none; `status` the HTTP status, None if none was sent.
    `started_id` is the id of the job that a POST has started.
    """

    number: int
    time: float
    operation: str
    id: str | None
    body: bytes
    accepted: bool | None = None
    answer: str = "pending"
    status: int | None = None
    started_id: str | None = None
    fault: str | None = None

    @property
    def parameters(self) -> Any:
        """A POST's body, parsed; kept as bytes until asked for, which takes a fifth of the memory."""
        return _parsed(self.body)

    def describe(self) -> dict[str, Any]:
        """Return the entry for the control API."""
        kept = ("number", "time", "operation", "id", "accepted", "answer", "status", "fault")
        return {name: getattr(self, name) for name in kept} | {"parameters": self.parameters}


class PostsOfOneId(TypedDict):
    """Count how often a job was requested, and how often that was accepted. Over 1 is a duplicate."""

    posts: int
    accepted: int


class Summary(TypedDict):
    """The counts; `mostInFlight` is the largest number of POSTs for one id that were ever under way together."""

    requests: int
    mostInFlight: int
    answers: dict[str, int]
    operations: dict[str, dict[str, int]]
    ids: dict[str, PostsOfOneId]


class Log:
    """Entries in the order of arrival."""

    def __init__(self) -> None:
        self.entries: deque[Request] = deque(maxlen=_LONGEST)
        self._arrived = 0
        self._answers: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._posts: Counter[str] = Counter()
        self._accepted: Counter[str] = Counter()
        self._in_flight: Counter[str] = Counter()
        self._most_in_flight = 0

    def arrive(self, time: float, operation: str, job_id: str | None, body: bytes, *, post: bool) -> Request:
        """Open the entry of a request that has arrived."""
        self._arrived += 1
        entry = Request(self._arrived, time, operation, job_id, body, accepted=False if post else None)
        self.entries.append(entry)
        if post and job_id is not None:
            self._posts[job_id] += 1
            self._in_flight[job_id] += 1
            self._most_in_flight = max(self._most_in_flight, self._in_flight[job_id])
        return entry

    def accept(self, entry: Request, job_id: str) -> None:
        """Note that a POST had its effect, on the job `job_id`, which Neptune may have named itself."""
        entry.accepted, entry.started_id = True, job_id
        if entry.id is None:
            self._posts[job_id] += 1
        self._accepted[job_id] += 1

    def leave(self, entry: Request) -> None:
        """Close the entry of a request that is answered, or whose connection is."""
        self._answers[entry.operation][entry.answer] += 1
        if entry.accepted is not None and entry.id is not None:
            self._in_flight[entry.id] -= 1
            if not self._in_flight[entry.id]:
                del self._in_flight[entry.id]

    def summary(self) -> Summary:
        """Return the counts since the log began."""
        return {
            "requests": self._arrived,
            "mostInFlight": self._most_in_flight,
            "answers": dict(sum(self._answers.values(), Counter())),
            "operations": {operation: dict(answers) for operation, answers in self._answers.items()},
            "ids": {i: {"posts": posts, "accepted": self._accepted[i]} for i, posts in self._posts.items()},
        }


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except ValueError:
        return body.decode(errors="replace")
