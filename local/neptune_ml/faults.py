"""Faults on demand: what is to go wrong, how often, and for which requests."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypedDict

from local.neptune_ml.errors import STATUSES

START: Final = "StartMLModelTrainingJob"
ANY: Final = "*"

# Kinds after which the request has had its effect, although the client may not know it.
_ACCEPTING: Final = {"drop-after", "slow", "slow-before", "error-after", "not-json"}
KINDS: Final = (*STATUSES, "drop-before", *sorted(_ACCEPTING), "http-500", "http-502", "http-503")


class FaultDetails(TypedDict, total=False):
    """The options of a `Fault` beside its kind and its operation."""

    times: int | None
    share: float | None
    job_id: str | None
    seconds: float
    message: str | None
    status: int


@dataclass(kw_only=True, slots=True)
class Fault:
    """Something to go wrong: `times` times, or with probability `share` until taken away; once if neither is said.

    `kind` is an error code, answered without any effect, or one of:

    - `drop-before`: the connection is closed, nothing was accepted
    - `drop-after`: accepted, then the connection is closed without an answer
    - `slow`: accepted at once, answered after `seconds`
    - `slow-before`: accepted and answered after `seconds`, even if the client has gone by then
    - `error-after`: accepted, then a gateway's HTML page with `status`
    - `not-json`: accepted, then a 200 whose body is no JSON
    - `http-500`, `http-502`, `http-503`: not accepted, a gateway's HTML page

    With any kind but `slow-before`, `seconds` pass between the effect and the answer. `job_id` confines the fault to
    requests for that job, `message` replaces an error's `detailedMessage`. Raises ValueError if this makes no sense.
    """

    kind: str
    operation: str = START
    times: int | None = None
    share: float | None = None
    job_id: str | None = None
    seconds: float = 0.0
    message: str | None = None
    status: int = 500

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"there is no fault {self.kind!r}; there are: {', '.join(KINDS)}")
        if self.times is not None and self.share is not None:
            raise ValueError("a fault has either times or a share")
        if self.times is not None and (type(self.times) is not int or self.times < 1):
            raise ValueError(f"times is {self.times!r}: it is a whole number from 1")
        if self.share is not None and not 0 <= self.share <= 1:
            raise ValueError(f"share is {self.share}: it is from 0 to 1")
        if self.kind.startswith("slow") and self.seconds <= 0:
            raise ValueError(f"{self.kind} needs seconds, more than 0")
        if self.kind.startswith("http-"):
            self.status = int(self.kind.removeprefix("http-"))
        if self.share is None and self.times is None:
            self.times = 1

    @property
    def accepts(self) -> bool:
        """Return True if the operation is carried out."""
        return self.kind in _ACCEPTING

    def concerns(self, operation: str, job_id: str | None) -> bool:
        """Return True if the fault can apply to this request."""
        return self.operation in (operation, ANY) and self.job_id in (None, job_id)


class Faults:
    """The faults in force. Counted ones go first, in the order in which they were added."""

    def __init__(self, seed: int | None, shares: Mapping[str, float]) -> None:
        self._random = random.Random(seed)  # noqa: S311 - chance for tests, no secret
        self._faults = [_shared(name, share) for name, share in shares.items()]

    def add(self, fault: Fault) -> None:
        """Put `fault` in force."""
        self._faults.append(fault)

    def clear(self) -> None:
        """Remove all faults."""
        self._faults.clear()

    def in_force(self) -> list[Fault]:
        """Return the faults that can still happen."""
        return list(self._faults)

    def draw(self, operation: str, job_id: str | None) -> Fault | None:
        """Return the fault that this request gets; None if it gets none."""
        concerned = [fault for fault in self._faults if fault.concerns(operation, job_id)]
        for fault in concerned:
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self._faults.remove(fault)
                return fault
        # One draw for all shares, so that each fault gets its whole share, whichever came first.
        left = self._random.random() if concerned else 1.0
        for fault in concerned:
            left -= fault.share or 0.0
            if left < 0:
                return fault
        return None


def _shared(name: str, share: float) -> Fault:
    kind, _, seconds = name.partition(":")
    return Fault(kind=kind, share=share, seconds=float(seconds or 0))
