"""One burst on one design: uploads within a second, what becomes of them, and what it costs."""

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from bench.burst.counts import Counts
from bench.burst.designs import Design
from bench.burst.prices import Usage
from local.artefact import KEPT
from local.model import EXAMPLE, files
from local.neptune_ml import NeptuneML
from local.soak.front import Front
from local.soak.killer import Killer, megabytes
from local.soak.refusals import Refusals
from neptune_training.checks.events import CONFIGURATION

START, LOOK, TOO_MANY = "StartMLModelTrainingJob", "GetMLModelTrainingJob", "TooManyRequestsException"
NEPTUNES_FAULTS = {"drop-after": 0.05, "drop-before": 0.05, "error-after": 0.01, "http-503": 0.01}  # the soak's
LOOKS_FAULT = ("http-503", 0.02)
AGAIN, LATEST = 1 / 5, 9  # the share of events that are delivered twice, and how many seconds later at most
STAGE_SECONDS = 2.0  # three stages: a training takes 6 s
SEED = 1  # the same faults fall to each design, as far as its calls come in the same order
WARM = 12  # uploads before the burst
UPLOADERS = 4


@dataclass(frozen=True)
class Result:
    """Hold what one burst gave. Times are seconds; `delays` are those from an upload to its record as STARTED."""

    design: str
    n: int
    rate: float
    faults: bool
    uploaded_within: float
    wall: float
    delays: list[float]
    posts: int
    refused: int
    lost: int
    duplicated: int
    calls: int
    megabytes: float
    killed: int
    usage: Usage

    @property
    def wall_ratio(self) -> float:
        """Return the time until the last training was recorded, as a multiple of the shortest that is possible."""
        return self.wall / (self.n / self.rate)

    @property
    def share_refused(self) -> float:
        """Return the share of starts that were answered 429."""
        return self.refused / max(self.posts, 1)

    def delay(self, share: float) -> float:
        """Return the delay that `share` of the uploads do not exceed."""
        if not self.delays:
            return float("nan")
        return sorted(self.delays)[min(int(share * len(self.delays)), len(self.delays) - 1)]


class Switched(Refusals):
    """Refuse nothing until switched on."""

    on = False

    def when(self, service: str) -> str:
        """Say when a request is refused."""
        return super().when(service) if self.on else "never"


def run(
    kind: type[Design], n: int, rate: float, *, faults: bool, warm_up: int = WARM, stage_seconds: float = STAGE_SECONDS
) -> Result:
    """Deploy a design, warm it up with some uploads, send the burst, and wait until nothing more happens."""
    chance = random.Random(SEED)  # noqa: S311 - no secret
    refusals = Switched(chance)
    neptune = NeptuneML(stage_seconds=stage_seconds, starts_per_second=rate, seed=SEED)
    with TemporaryDirectory(dir=KEPT, prefix="bench-") as folder, Front(refusals) as front:
        counted = Path(folder) / "counts"
        counted.touch()
        os.environ["BENCH_COUNTS"] = str(counted)
        with kind(neptune, front.before) as design:
            if warm_up:
                warm(design, counted, warm_up)
            burst = Burst(design, n)
            with disturbed(design, neptune, refusals, chance, counted=faults) as killer:
                counts, since, calls = Counts(counted), len(neptune.requests), Counter(front.calls)
                burst.send()
                wait(lambda: burst.is_over(counts, neptune.requests, follows=kind.follows), counts, kind.silence)
            counts.read()
            return result(kind, burst, counts, neptune.requests[since:], front.calls - calls, rate, killer)


def warm(design: Design, counted: Path, n: int) -> None:
    """Let a small burst start the functions' processes. On Lambda they start side by side, and here on few cores."""
    counts = Counts(counted)
    Burst(design, n, "warm").send()
    wait(lambda: len(counts.ended if design.follows else counts.started) >= n, counts, design.silence)
    if not counts.started:
        raise RuntimeError(f"{design.name}: no training for the first uploads within a minute")


class Burst:
    """Uploads of a model each. Their scripts are there before; the last file starts a training."""

    def __init__(self, design: Design, n: int, name: str = "burst") -> None:
        self.n = n
        self._s3, (self._bucket, prefix) = design.client("s3"), design.place
        self._folders = [f"{prefix}{name}-{number}" for number in range(n)]
        self._files = {path.name: path.read_bytes() for path in files(EXAMPLE)}
        self.sent: dict[str, float] = {}  # S3 location of a model → when its last file was sent
        with ThreadPoolExecutor(UPLOADERS) as pool:
            list(pool.map(self._scripts, self._folders))

    def send(self) -> None:
        """Upload the last file of each model."""
        with ThreadPoolExecutor(UPLOADERS) as pool:
            list(pool.map(self._configuration, self._folders))

    def jobs(self, requests: Iterable[Any]) -> dict[str, list[str]]:
        """Return the ids of the jobs that Neptune has started for each upload, by its model's S3 location."""
        found: dict[str, list[str]] = {location: [] for location in self.sent}
        for each in requests:
            if each.started_id and (source := source_of(each.parameters)) in found:
                found[source].append(each.started_id)
        return found

    def is_over(self, counts: Counts, requests: Iterable[Any], *, follows: bool) -> bool:
        """Return True if a job of each upload is recorded as started and, if the design `follows` jobs, as ended."""
        known = counts.ended.keys() & counts.started.keys() if follows else counts.started.keys()
        if len(known) < self.n:
            return False
        return all(any(job in known for job in made) for made in self.jobs(requests).values())

    def _scripts(self, folder: str) -> None:
        for name, content in self._files.items():
            if name != CONFIGURATION:
                self._s3.put_object(Bucket=self._bucket, Key=f"{folder}/{name}", Body=content)

    def _configuration(self, folder: str) -> None:
        self.sent[f"s3://{self._bucket}/{folder}"] = time.time()
        self._s3.put_object(Bucket=self._bucket, Key=f"{folder}/{CONFIGURATION}", Body=self._files[CONFIGURATION])


@contextmanager
def disturbed(
    design: Design, neptune: NeptuneML, refusals: Switched, chance: random.Random, *, counted: bool
) -> Iterator[Killer | None]:
    """Let the soak's faults happen inside the `with`, if `counted` is True."""
    if not counted:
        yield None
        return
    for fault, share in NEPTUNES_FAULTS.items():
        neptune.fail(START, fault, share=share)
    neptune.fail(LOOK, LOOKS_FAULT[0], share=LOOKS_FAULT[1])
    refusals.on = True
    with ExitStack() as stack:
        stack.enter_context(Repeats(design, chance))
        yield stack.enter_context(Killer(chance))
    refusals.on = False
    neptune.clear_faults()


class Repeats:
    """Deliver a fifth of the events of uploads a second time, some seconds later."""

    def __init__(self, design: Design, chance: random.Random) -> None:
        self._design, self._chance, self._stopping = design, chance, threading.Event()
        self._sqs = design.client("sqs")
        self._url = self._sqs.create_queue(QueueName="bench-deliveries")["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])["Attributes"]
        events = design.client("events")
        for rule in events.list_rules()["Rules"]:
            if "Object Created" in rule.get("EventPattern", ""):
                events.put_targets(Rule=rule["Name"], Targets=[{"Id": "bench", "Arn": attributes["QueueArn"]}])

    def __enter__(self) -> None:
        threading.Thread(target=self._repeat, name="repeat", daemon=True).start()

    def __exit__(self, *_: object) -> None:
        self._stopping.set()

    def _repeat(self) -> None:
        due: list[tuple[float, str]] = []
        while not self._stopping.is_set():
            try:
                answer = self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10)
                for each in answer.get("Messages", []):
                    self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=each["ReceiptHandle"])
                    if self._chance.random() < AGAIN:
                        due.append((time.monotonic() + self._chance.uniform(0, LATEST), each["Body"]))
                for when, event in [*due]:
                    if when <= time.monotonic():
                        due.remove((when, event))
                        self._design.again(event)
            except (BotoCoreError, ClientError):
                pass
            self._stopping.wait(0.2)


def wait(over: Callable[[], bool], counts: Counts, silence: float) -> None:
    """Return when `over` returns True, or when no job has started or ended for `silence` seconds."""
    began = time.time()
    while not over() and time.time() - max(began, counts.latest) < silence:
        time.sleep(0.3)
        counts.read()


def result(  # noqa: PLR0917 - all that there is at the end
    kind: type[Design],
    burst: Burst,
    counts: Counts,
    requests: list[Any],
    calls: Counter[str],
    rate: float,
    killer: Killer | None,
) -> Result:
    """Judge by Neptune's own log and by the records."""
    posts = [each for each in requests if each.operation == START]
    jobs = burst.jobs(posts)
    recorded = {
        location: min(counts.started[job] for job in made if job in counts.started)
        for location, made in jobs.items()
        if any(job in counts.started for job in made)
    }
    first = min(burst.sent.values())
    usage = counts.usage
    usage.sqs_requests = kind.sqs_requests * burst.n
    usage.s3_lists, usage.s3_gets = calls["s3 GET"] // 5, calls["s3 GET"] - calls["s3 GET"] // 5
    through_proxy = sum(count for name, count in calls.items() if name.startswith(("s3", "lambda")))
    return Result(
        design=kind.name,
        n=burst.n,
        rate=rate,
        faults=killer is not None,
        uploaded_within=max(burst.sent.values()) - first,
        wall=max(recorded.values(), default=first) - first,
        delays=[at - burst.sent[location] for location, at in recorded.items()],
        posts=len(posts),
        refused=sum(each.answer == TOO_MANY for each in posts),
        lost=burst.n - len(recorded),
        duplicated=sum(len(made) - 1 for made in jobs.values() if made),
        calls=counts.calls + through_proxy + len(requests),
        megabytes=megabytes(),
        killed=killer.killed if killer else 0,
        usage=usage,
    )


def source_of(parameters: dict[str, Any]) -> str:
    """Return where the model of a start is, such as `s3://models/fraud`."""
    source = parameters.get("customModelTrainingParameters", {}).get("sourceS3DirectoryPath", "")
    return str(source).rstrip("/")
