"""Each call of the handlers to AWS or Neptune, by botocore's hooks: before it goes out, and after it took effect.

A watcher may look, count, raise (`Crash` is the end of the process: nothing catches it), or answer in the
service's place.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any, Literal, NamedTuple

from build_artefact.service_models import OPERATIONS

Moment = Literal["before", "after"]
WRITES = ("PutItem", "UpdateItem", "TransactWriteItems", "Publish", "PutEvents", "StartMLModelTrainingJob")


class Crash(BaseException):
    """The process ends here and now."""


class Hang(Crash):
    """The call never ends; the process ends with its function's timeout."""


class Call(NamedTuple):
    """One call at one moment. `parameters` is what goes out or what came back."""

    service: str
    operation: str
    moment: Moment
    parameters: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.moment} {self.service} {self.operation}"


Watcher = Callable[[Call], Any]


class Calls:
    """Hands each call to the watchers, in the order in which they came."""

    def __init__(self) -> None:
        self.watchers: list[Watcher] = []
        self.otherwise: Watcher = lambda _: None  # answers what no watcher has answered
        self.not_in_the_artefact: set[str] = set()  # operations that were called and that it has no model of
        self.by_people: set[str] = set()  # operations that a test calls in an operator's place

    @contextmanager
    def seen_by(self, events: Any) -> Iterator[None]:
        """Be there when clients are made."""
        hooks: dict[str, Any] = {"before-call": self._before, "after-call": self._after}
        for name, hook in hooks.items():
            events.register(name, hook)
        try:
            yield
            assert not self.not_in_the_artefact, "add them to OPERATIONS in functions/build_artefact/service_models.py"
        finally:
            for name, hook in hooks.items():
                events.unregister(name, hook)

    def _before(self, model: Any, params: dict[str, Any], **_: Any) -> Any:
        service = model.service_model.service_name
        if model.name not in OPERATIONS[service] | self.by_people:
            self.not_in_the_artefact.add(f"{service} {model.name}")
        return self._tell(Call(service, model.name, "before", params))

    def _after(self, model: Any, parsed: dict[str, Any], **_: Any) -> None:
        self._tell(Call(model.service_model.service_name, model.name, "after", parsed))

    def _tell(self, call: Call) -> Any:
        answers = [watcher(call) for watcher in list(self.watchers)]
        return next((answer for answer in answers if answer is not None), None) or self.otherwise(call)


def error(code: str, status: int = HTTPStatus.INTERNAL_SERVER_ERROR, **more: Any) -> Any:
    """An answer in the service's place, as it comes when all of the SDK's own retries have met with it."""
    parsed = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}, **more}
    return SimpleNamespace(status_code=status), parsed
