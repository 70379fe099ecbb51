"""Faults of Neptune that stay: for an operation, a job, a status of the job, until the end of the world."""

import json
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError
from hypothesis import strategies as st

from tests.world.calls import Call, Hang, error

if TYPE_CHECKING:
    from tests.world.world import World

CODES = {  # one or more of each class of neptune_errors
    "TooManyRequestsException": 429,
    "ThrottlingException": 500,
    "AccessDeniedException": 403,
    "InvalidSignatureException": 403,
    "BadRequestException": 400,
    "InvalidParameterException": 400,
    "ConstraintViolationException": 400,
    "ClientTimeoutException": 408,
    "InternalFailureException": 500,
    "SomethingNewException": 422,
    "500": 500,
}
WAYS = ("no connection", "drop-before", "drop-after", "slow-before", "slow-after", "hang-before", "hang-after")
KINDS = st.sampled_from([*CODES, *WAYS])
URL = "https://neptune"


class Fault(NamedTuple):
    """`kind` is a code of CODES or one of WAYS. None stands for each job, or each status."""

    operation: str
    kind: str
    job_id: str | None
    status: str | None

    def concerns(self, operation: str, job_id: str | None, status: str | None) -> bool:
        mine = self.operation == operation and self.job_id in (None, job_id)
        return mine and self.status in (None, status)


class Lasting:
    """A watcher that lets each of its faults befall each call that it concerns."""

    def __init__(self, world: "World") -> None:
        self.world, self.faults = world, list[Fault]()
        self._own = threading.local()

    def add(self, operation: str, kind: str, job_id: str | None = None, status: str | None = None) -> None:
        self.faults.append(Fault(operation, kind, job_id, status))

    def concerns(self, operation: str, job_id: str, status: str) -> bool:
        return any(fault.concerns(operation, job_id, status) for fault in self.faults)

    def __call__(self, call: Call) -> Any:
        if call.service != "neptunedata" or not self.faults:
            return None
        if call.moment == "before":
            job_id = job_of(call)
            status = self.world.jobs().get(job_id or "", {}).get("status")
            concerned = (fault for fault in self.faults if fault.concerns(call.operation, job_id, status))
            self._own.fault = next(concerned, None)
        fault = self._own.fault
        if fault is None:
            return None
        if fault.kind in CODES:
            return error(fault.kind, CODES[fault.kind]) if call.moment == "before" else None
        way, _, moment = fault.kind.partition("-")
        if way == "no connection":
            raise EndpointConnectionError(endpoint_url=URL)
        if moment == call.moment:
            self._go_wrong(way)
        return None

    def _go_wrong(self, way: str) -> None:
        match way:
            case "drop":
                raise ConnectionClosedError(endpoint_url=URL)
            case "slow":
                in_group = len(self.world.stepping) > 1
                self.world.clock.sleep(5 if in_group else self.world.services.settings.neptune_read_timeout_seconds)
                raise ReadTimeoutError(endpoint_url=URL)
        raise Hang


def job_of(call: Call) -> str | None:
    """The training job that a call to Neptune is about, before it goes out."""
    if call.operation == "StartMLModelTrainingJob":
        return str(json.loads(call.parameters["body"])["id"])
    if call.operation in ("GetMLModelTrainingJob", "CancelMLModelTrainingJob"):
        return str(call.parameters["url_path"].rpartition("/")[2])
    return None
