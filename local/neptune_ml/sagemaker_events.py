"""Send what SageMaker sends to EventBridge when one of its jobs has ended.

No timer runs in local Neptune ML: a job's state follows from the clock. So a thread looks at all jobs a few times a
second. PutEvents takes no event from `aws.sagemaker`, so these come from `local.sagemaker`.
"""

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any, Final, Self

from local.neptune_ml.sagemaker import KINDS, STAGES, Resource
from local.neptune_ml.state import Neptune

SOURCE: Final = "local.sagemaker"
EVERY_SECONDS: Final = 0.2
_ENDED: Final = ("Completed", "Failed", "Stopped")

Entry = dict[str, Any]


class SageMakerEvents:
    """Call `send` with the entries of PutEvents, inside the `with`, for each SageMaker job of `neptune` that ends."""

    def __init__(self, neptune: Neptune, send: Callable[[list[Entry]], object]) -> None:
        self._neptune, self._send = neptune, send
        self._sent: set[str] = set()
        self._state = neptune.state
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sagemaker events", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def send_new(self) -> None:
        """Send an event for each job that has ended since the last call. One that cannot be sent is lost."""
        if entries := list(self._new()):
            self._send(entries)

    def _run(self) -> None:
        while not self._over.wait(EVERY_SECONDS):
            self.send_new()

    def _new(self) -> Iterator[Entry]:
        with self._neptune.lock:
            if self._state is not self._neptune.state:  # a reset: the same ids may come again
                self._state, self._sent = self._neptune.state, set()
            now = self._neptune.clock()
            answers = [job.describe(now) for job in self._state.cluster.training.values()]
        for answer in answers:
            for stage, member in STAGES.items():
                resource: Any = answer.get(member)
                if resource and resource["status"] in _ENDED and resource["arn"] not in self._sent:
                    self._sent.add(resource["arn"])
                    yield entry(stage, resource)


def entry(stage: str, resource: Resource) -> Entry:
    """Return the event for the end of a stage's job. A real event's detail has all that the job's description has."""
    kind = KINDS[stage]
    detail = {f"{kind.field}{field.title()}": resource[field] for field in ("name", "arn", "status")}
    if "failureReason" in resource:
        detail["FailureReason"] = resource["failureReason"]
    return {
        "Source": SOURCE,
        "DetailType": f"SageMaker {kind.event} Job State Change",
        "Resources": [resource["arn"]],
        "Detail": json.dumps(detail),
    }
