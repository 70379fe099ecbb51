"""The functions themselves, through moto and local Neptune ML: whatever comes, it ends as a record."""

import contextlib
import io
import json
from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError
from hypothesis import strategies as st

import emit
import notify
import start
import wiring
from neptune_training.checks.events import CONFIGURATION
from neptune_training.model.statuses import Status
from tests.fuzz import limits, parsers
from tests.fuzz.mutations import bent, texts
from tests.fuzz.target import Target, Unfit, kind
from tests.fuzz.values import NAMES, TEXTS, values
from tests.world import Call, World
from tests.world.surroundings import BUCKET
from tests.world.world import Context

MISCHIEF = ["none", "none", "changes", "vanishes", "5 GB"]
MINUTES = 3


class Upload(NamedTuple):
    """A model under a hostile name, and what happens to it between the listing and the read."""

    name: str
    contents: dict[str, bytes]
    mischief: str


@contextlib.contextmanager
def listening() -> Iterator[io.StringIO]:
    """All that the functions write: logs, and metrics between them."""
    heard = io.StringIO()
    handlers = [each for logger in (wiring.logger, notify.logger, emit.logger) for each in logger.handlers]
    before = [each.stream for each in handlers]  # type: ignore[attr-defined]  # Powertools writes to a stream
    for each in handlers:
        each.setStream(heard)  # type: ignore[attr-defined]
    with contextlib.redirect_stdout(heard):
        yield heard
    for each, stream in zip(handlers, before, strict=True):
        each.setStream(stream)  # type: ignore[attr-defined]


class Handlers:
    """One world for all inputs, set back after each."""

    def __init__(self, world: World) -> None:
        self._world, self._new = world, world.remember()

    def body(self, body: str) -> str:
        """A message's body, whoever sent it."""
        with self._lived():
            answer = self._world.start(body)
            return self._follow(answer)

    def event(self, event: Any) -> str:
        """An event without a queue around it."""
        with self._lived():
            answer = start.handler(json.loads(json.dumps(event)), Context(self._world.clock, 60))
            return self._follow(answer) if answer else "warm"

    def upload(self, upload: Upload) -> str:
        """A model that was uploaded."""
        name = upload.name.encode(errors="replace").decode().strip("/") or "model"
        with self._lived(), self._world.watched(partial(self._interfere, name, upload.mischief)):
            try:
                body = self._world.uploaded(name, upload.contents)
            except (BotoCoreError, ClientError):
                return "no such key"
            self._world.clock.sleep(90)
            return self._follow(self._world.start(body))

    def images(self, images: dict[str, Any]) -> str:
        """Items that somebody wrote into the table by hand, as the stream shows them."""
        with self._lived():
            records = [{"dynamodb": {"NewImage": new, "OldImage": old}} for new, old in images["pairs"]]
            emitted = emit.handler({"Records": records}, self._world.context())
            return f"{notify.handler({'Records': records}, self._world.context())} {emitted}"

    def _follow(self, answer: dict[str, Any]) -> str:
        """What is unfinished goes on for some minutes; each record is announced."""
        job_id = answer["jobId"]
        for _ in range(MINUTES):
            record = self._world.jobs().get(job_id)
            if record is None:
                raise Unfit("no record")
            if "nextAttemptAt" not in record or record["status"] == Status.STARTED:
                break
            self._world.clock.sleep(60)
            self._world.track()
        self._world.notify()
        self._world.emit()
        assert record
        reasons = record["reasons"]
        return f"{record['status']} {kind(reasons[0]['problem']) if reasons else ''}"

    @contextlib.contextmanager
    def _lived(self) -> Iterator[None]:
        self._world.go_back(self._new)
        self._world.errors.clear()
        with listening() as log, self._world.watched(limits.hold):
            yield
        for error in self._world.errors:
            raise error
        limits.one_line_each(log.getvalue())
        empty(self._world)

    def _interfere(self, name: str, mischief: str, call: Call) -> None:
        world = self._world
        if call.operation == "ListObjectsV2" and call.moment == "after":
            for each in call.parameters.get("Contents", []) if mischief == "5 GB" else ():
                each["Size"] = 5 * 2**30
        if call.operation == "GetObject" and call.moment == "before":
            match mischief:
                case "5 GB":
                    raise Unfit("read whole")
                case "changes":
                    world.put(name, {CONFIGURATION: b"changed", "training.py": b"changed"})
                case "vanishes":
                    world.remove(name, CONFIGURATION)


def empty(world: World) -> None:
    """No objects are left for the next input."""
    s3 = world._s3  # the world has no other hand for it
    for each in s3.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        s3.delete_object(Bucket=BUCKET, Key=each["Key"])


def attributes() -> st.SearchStrategy[Any]:
    """Attribute values of every type that DynamoDB has."""
    text = st.sampled_from([each for each in TEXTS if each.isprintable() or "\n" in each]) | st.text(max_size=20)
    numbers = st.sampled_from(["0", "1.5", "-7", "1E+40", "99999999999999999999999999999999999999"])
    leaves = st.one_of(
        st.builds(lambda value: {"S": value}, text),
        st.builds(lambda value: {"N": value}, numbers),
        st.sampled_from([{"NULL": True}, {"BOOL": False}, {"SS": ["a"]}, {"NS": ["1"]}]),
        st.sampled_from([{"B": "AA=="}, {"BS": ["AA==", ""]}, {"B": "A"}]),  # text, as Lambda delivers bytes
        st.sampled_from([{"S": "a" * 300_000}, {"S": "\U0001f600" * 90_000}, {"B": "AAAA" * 100_000}]),
    )
    return st.recursive(
        leaves,
        lambda inner: (
            st.builds(lambda each: {"L": [each] * 3}, inner) | st.builds(lambda each: {"M": {"a": each}}, inner)
        ),
        max_leaves=6,
    )


def images(record: Any) -> st.SearchStrategy[Any]:
    """Pairs of images: a valid record's, some attributes replaced."""
    valid = record["Records"][0]["dynamodb"]["NewImage"]
    changed = st.dictionaries(st.sampled_from([*valid, "reasons", "supersededBy", "endedAt"]), attributes(), max_size=4)
    image: st.SearchStrategy[Any] = changed.map(lambda changes: valid | changes) | st.just({})
    return st.fixed_dictionaries({"pairs": st.lists(st.tuples(image, image), max_size=3)})


def targets(world: World, events: list[Any], record: Any) -> list[Target]:
    """The entry points."""
    handlers = Handlers(world)
    bodies = st.one_of(*map(texts, events)).map(lambda raw: raw.decode(errors="replace"))
    large = st.sampled_from(events).map(lambda each: json.dumps({**each, "x": "ä" * 500_000}, ensure_ascii=False))
    names = st.sampled_from([*NAMES, "x" * 980]) | st.text(max_size=30)
    uploads = st.builds(Upload, names, parsers.files(), st.sampled_from(MISCHIEF))
    return [
        Target("start, a message", bodies | bodies | bodies | large, handlers.body, seconds=5),
        Target("start, an event", st.one_of(*map(bent, events), values()), handlers.event, seconds=3),
        Target("start and track, an upload", uploads, handlers.upload, seconds=5),
        Target("notify and emit, the stream", images(record), handlers.images, seconds=2),
    ]
