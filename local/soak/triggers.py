"""Send the soak's uploads, events and runs of a schedule. One of ten is invalid, in one of many ways."""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from local.model import EXAMPLE, files
from local.soak.deliveries import Deliveries
from local.soak.promises import IN_DOUBT, REFUSED, REPLACED, TRAINED, Promise, upload_identity
from local.stack import REGION, Stack
from neptune_training.checks.events import CONFIGURATION, DETAIL_TYPE
from neptune_training.model.new_jobs import derived_id

START, LOOK = "StartMLModelTrainingJob", "GetMLModelTrainingJob"
SCHEDULE = f"arn:aws:scheduler:{REGION}:000000000000:schedule/default/soak"
FIRST_TICK = datetime(2026, 1, 1, tzinfo=UTC)


class Triggers:
    """Sends triggers and keeps what was promised for each."""

    def __init__(self, stack: Stack, deliveries: Deliveries, chance: random.Random) -> None:
        self._s3, self._events = stack.client("s3"), stack.client("events")
        self._bucket, self._prefix = stack.outputs["ModelBucket"], stack.outputs["ModelPrefix"]
        self._bus, self._deliveries, self._chance = stack.outputs["EventBus"], deliveries, chance
        self._neptune = stack.neptune
        self._files = {path.name: path.read_bytes() for path in files(EXAMPLE)}
        self.promises: dict[str, Promise] = {}
        self._uploads: list[Promise] = []  # those that nothing has replaced yet

    def send(self, n: int) -> Iterator[Promise]:
        """Send `n` triggers in random order. A tenth is invalid, and a tenth has a fault that never heals."""
        valid = (self.upload, self.event, self.tick, self.upload_again, self.event_with_id, self.upload, self.latest)
        invalid = (
            self.without_script,
            self.over_limit,
            self.not_json,
            self.unknown_parameter,
            self.broken_configuration,
            self.placeholder,
        )
        faulty = (self.always_an_error, self.always_throttled, self.never_seen, self.always_slow)
        kinds: list[Callable[[int], Promise]] = [valid[i % len(valid)] for i in range(n)]
        for tenth in range(n // 10):
            kinds[10 * tenth + 8] = faulty[tenth % len(faulty)]
            kinds[10 * tenth + 9] = invalid[tenth % len(invalid)]
        self._chance.shuffle(kinds)
        for number, kind in enumerate(kinds):
            promise = kind(number)
            self.promises[promise.identity] = promise
            yield promise

    # --- valid ones ---------------------------------------------------------------------------------------------------

    def upload(self, number: int) -> Promise:
        """Send a model of its own."""
        promise = self._upload(f"model-{number}", number, self._files)
        self._uploads.append(promise)
        return promise

    def upload_again(self, number: int) -> Promise:
        """Another version of a model's configuration. Whichever the older one gets to, this one must be trained."""
        if not self._uploads:
            return self.upload(number)
        older = self._uploads.pop()
        self.promises[older.identity] = Promise(older.identity, older.kind, REPLACED)
        key = older.identity.partition(" ")[0]
        return self._configure(key, self._files[CONFIGURATION] + b"\n" * number, "newer upload", TRAINED)

    def event(self, number: int) -> Promise:
        """Send a request for a built-in model."""
        return self._event({"maxHPONumberOfTrainingJobs": 2 + number % 50}, "event", TRAINED)

    def event_with_id(self, number: int) -> Promise:
        """Send a request with an explicit id."""
        return self._event({"id": f"soak-{number}"}, "event with id", TRAINED)

    def tick(self, number: int) -> Promise:
        """One night of a schedule."""
        return self._tick(number, "tick")

    def latest(self, number: int) -> Promise:
        """One that goes on from the newest completed job."""
        return self._tick(number, "tick, LATEST", previousModelTrainingJobId="LATEST")

    # --- with a fault that never heals --------------------------------------------------------------------------------

    def always_an_error(self, number: int) -> Promise:
        """Send a request that Neptune always answers with a 500."""
        return self._faulty(number, "always an error", REFUSED, (START, "http-500", 0))

    def always_throttled(self, number: int) -> Promise:
        """Send a request that alone always meets 429."""
        return self._faulty(number, "always throttled", REFUSED, (START, "TooManyRequestsException", 0))

    def never_seen(self, number: int) -> Promise:
        """Send a request whose start is not answered, and whose status Neptune never says."""
        job_id = derived_id("", f"schedule {SCHEDULE} {time_of(number)}")
        self._fail(job_id, (START, "drop-after", 0), (LOOK, "http-500", 0))
        return replace(self._tick(number, "never seen"), ends=IN_DOUBT)

    def always_slow(self, number: int) -> Promise:
        """Send a request whose looks take most of the read timeout."""
        return self._faulty(number, "always slow", TRAINED, (LOOK, "slow", 1.5))

    def _faulty(self, number: int, kind: str, ends: frozenset[str], *faults: tuple[str, str, float]) -> Promise:
        job_id = f"faulty-{number}"
        self._fail(job_id, *faults)
        return self._event({"id": job_id}, kind, ends)

    def _fail(self, job_id: str, *faults: tuple[str, str, float]) -> None:
        for operation, fault, seconds in faults:
            self._neptune.fail(operation, fault, times=1_000_000, job_id=job_id, seconds=seconds)  # before any share

    # --- invalid ones -------------------------------------------------------------------------------------------------

    def without_script(self, number: int) -> Promise:
        """Send a model whose transform script never comes."""
        some = {name: content for name, content in self._files.items() if name != "transform.py"}
        return self._upload(f"incomplete-{number}", number, some, REFUSED)

    def broken_configuration(self, number: int) -> Promise:
        """Send a configuration that ends in the middle."""
        half = self._files[CONFIGURATION][: len(self._files[CONFIGURATION]) // 2]
        return self._upload(f"broken-{number}", number, {**self._files, CONFIGURATION: half}, REFUSED)

    def over_limit(self, _number: int) -> Promise:
        """More than the operator allows."""
        return self._event({"trainingTimeOutInSeconds": 1_000_000}, "over limit", REFUSED)

    def unknown_parameter(self, _number: int) -> Promise:
        """Send a parameter with a misspelt name."""
        return self._event({"trainingInstanceTyp": "ml.g5.2xlarge"}, "unknown parameter", REFUSED)

    def not_json(self, number: int) -> Promise:
        """Send an event that cannot be read, once: only its message's id identifies it."""
        return Promise(self._deliveries.send(f"train model {number}, please"), "not JSON", REFUSED)

    def placeholder(self, _number: int) -> Promise:
        """Send the run of a schedule whose placeholders are not filled in."""
        return Promise(self._deliveries.send(tick_of("<aws.scheduler.scheduled-time>")), "placeholder", REFUSED)

    # --- sending ------------------------------------------------------------------------------------------------------

    def _upload(self, name: str, number: int, model: dict[str, bytes], ends: frozenset[str] = TRAINED) -> Promise:
        for file, content in model.items():
            if file != CONFIGURATION:
                self._s3.put_object(Bucket=self._bucket, Key=f"{self._prefix}{name}/{file}", Body=content)
        content = model[CONFIGURATION] + b"\n" * number
        return self._configure(f"{self._prefix}{name}/{CONFIGURATION}", content, name.partition("-")[0], ends)

    def _configure(self, key: str, content: bytes, kind: str, ends: frozenset[str]) -> Promise:
        answer = self._s3.put_object(Bucket=self._bucket, Key=key, Body=content)
        return Promise(upload_identity(key, answer["ETag"]), kind, ends)

    def _tick(self, number: int, kind: str, **detail: str) -> Promise:
        """Put a run of the schedule into the queue: the emulator's scheduler does not fill in placeholders."""
        time = time_of(number)
        body = tick_of(time, **detail)
        self._deliveries.send(body, self._chance.randint(0, 3))
        self._deliveries.perhaps_again(body)
        return Promise(f"{SCHEDULE} {time}", kind, TRAINED)

    def _event(self, detail: dict[str, Any], kind: str, ends: frozenset[str]) -> Promise:
        entry = {"EventBusName": self._bus, "Source": "soak", "DetailType": DETAIL_TYPE, "Detail": json.dumps(detail)}
        return Promise(self._events.put_events(Entries=[entry])["Entries"][0]["EventId"], kind, ends)


def time_of(number: int) -> str:
    """Return the scheduled time of a night."""
    return (FIRST_TICK + timedelta(days=number)).isoformat()


def tick_of(time: str, **detail: str) -> str:
    """Return a run of the schedule as its target's input has it."""
    return json.dumps({"source": "aws.scheduler", "resources": [SCHEDULE], "time": time, "detail": detail})
