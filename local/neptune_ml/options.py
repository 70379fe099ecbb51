"""Hold the options of a local Neptune ML."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

# Neptune does not say which of its errors means "there is no such job"; each of these is documented.
ABSENT_FORMS = ("MLResourceNotFoundException", "InvalidParameterException", "BadRequestException")


@dataclass(kw_only=True, eq=False)
class Options:
    """The choices; each may also be changed on a running server, and holds from the next request on.

    Raises ValueError for a choice that there is not.
    """

    stage_seconds: float = 2.0
    """Hold how long each of the three stages of a training job takes, and stopping a cancelled job, in seconds."""

    clock: Callable[[], float] = time.time
    """Epoch seconds. Jobs age by it, so a test moves jobs by moving its clock."""

    seed: int | None = None
    """Makes shares (of faults, of failing jobs) fall the same way each time."""

    check_ids: bool = True
    """Off: a start with an id in use is accepted and counted, so that a test can count duplicates."""

    role_required: bool = False
    """On: a request about a job that was started with a `neptuneIamRoleArn` must have one too."""

    any_data_processing: bool = False
    """On: each data-processing job that was not added is Completed, unless its id begins with `probe-`."""

    absent: str = ABSENT_FORMS[0]
    """The form of the error for an unknown job: one of `ABSENT_FORMS`."""

    fail_jobs: float = 0.0
    """The share of training jobs that end Failed, 0 to 1."""

    starts_per_second: float | None = None
    """The most starts that are accepted within any second. The others get TooManyRequestsException. None: no limit."""

    shares: Mapping[str, float] = field(default_factory=dict)
    """Fault → share of the StartMLModelTrainingJob requests it befalls; `slow:5` is `slow` with 5 seconds."""

    check_signature: bool = False
    """On: a request must be signed (SigV4, service `neptune-db`) with `access_key` and `secret_key`."""

    access_key: str = "test"
    secret_key: str = "test"  # noqa: S105 - the local server's own, worth nothing elsewhere

    write_log: Callable[[str, str, Sequence[str]], object] | None = None
    """Is called with group, stream and lines of a failed job's log, before an answer shows that the job failed."""

    def __post_init__(self) -> None:
        if self.absent not in ABSENT_FORMS:
            raise ValueError(f"absent is {self.absent!r}: it can be {', '.join(ABSENT_FORMS)}")
        if not 0 <= self.fail_jobs <= 1:
            raise ValueError(f"fail_jobs is {self.fail_jobs}: a share is from 0 to 1")
        if self.starts_per_second is not None and self.starts_per_second < 1:
            raise ValueError(f"starts_per_second is {self.starts_per_second}: it is 1 or more")
        if self.stage_seconds < 0:
            raise ValueError(f"stage_seconds is {self.stage_seconds}: it cannot be negative")
