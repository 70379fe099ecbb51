"""Valid documents, bent: in their structure first, then in their text."""

import copy
import json
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import yaml
from hypothesis import strategies as st

from tests.fuzz.values import TEXTS, many, nested, values

Place = tuple[str | int, ...]
MOST_BYTES = 1_048_576  # SQS carries no more


def places(document: Any, above: Place = ()) -> Iterator[Place]:
    """Where something stands in `document`, the whole of it first."""
    yield above
    if isinstance(document, dict | list):
        for step, inner in document.items() if isinstance(document, dict) else enumerate(document):
            yield from places(inner, (*above, step))


def at(document: Any, place: Place) -> Any:
    """What stands there."""
    for step in place:
        document = document[step]
    return document


@st.composite
def bent(draw: st.DrawFn, document: Any) -> Any:
    """`document` with one to three things wrong with it, or none."""
    document = copy.deepcopy(document)
    for _ in range(draw(st.integers(0, 3))):
        before, known = copy.deepcopy(document), list(islice(places(document), 2_000))
        place = draw(st.sampled_from(known))
        if not place:
            document = draw(st.one_of(st.just(document), values())) if draw(st.integers(0, 9)) == 0 else document
            continue
        bend(draw, document, place, known)
        if not fits(document):
            return before
    return document


def fits(document: Any) -> bool:
    """Whether a message or a file could hold it: what is repeated in what is repeated soon is larger than memory."""
    room, waiting = MOST_BYTES, [document]
    while waiting and room > 0:
        value = waiting.pop()
        room -= 2 + (len(value) if isinstance(value, str) else 0)
        if isinstance(value, dict):
            waiting += [*value, *value.values()]
        elif isinstance(value, list):
            waiting += value
    return room > 0


def bend(draw: st.DrawFn, document: Any, place: Place, known: list[Place]) -> None:
    """Do one thing to what stands at `place`."""
    holder, step = at(document, place[:-1]), place[-1]
    match draw(
        st.sampled_from(
            ["replace", "replace", "lengthen", "lengthen", "remove", "rename", "add", "swap", "repeat", "nest"]
        )
    ):
        case "replace":
            holder[step] = draw(values())
        case "lengthen" if isinstance(known_text := at(document, place), str):  # what it begins with may be looked at
            holder[step] = known_text + draw(st.sampled_from(TEXTS))
        case "remove":
            del holder[step]
        case "rename" if isinstance(holder, dict):
            holder[draw(st.sampled_from([*TEXTS, str(step).lower(), f"{step}s"]))] = holder.pop(step)
        case "add" if isinstance(holder, dict):
            holder[draw(st.sampled_from(TEXTS) | st.text(max_size=9))] = draw(values())
        case "swap":
            holder[step] = copy.deepcopy(at(document, draw(st.sampled_from(known))))
        case "repeat" if isinstance(holder, list):
            holder += many(at(holder, (step,)), draw(st.sampled_from([1, 40, 2_000])))
        case "nest":
            holder[step] = nested(holder[step], draw(st.integers(1, 40)))


Edit = Callable[[bytes], bytes]
EDITS: dict[str, Edit] = {
    "byte order mark": lambda raw: b"\xef\xbb\xbf" + raw,
    "two byte order marks": lambda raw: b"\xef\xbb\xbf" * 2 + raw,
    "UTF-16": lambda raw: raw.decode(errors="replace").encode("utf-16"),
    "latin-1": lambda raw: raw + "ä".encode("latin-1"),
    "a name twice": lambda raw: raw.replace(b"{", b'{"id": 1, "id": 2,', 1),
    "a name 5,000 times": lambda raw: raw.replace(b"{", b"{" + b'"id": 1,' * 5_000, 1),
    "no number": lambda raw: raw.replace(b": ", b": NaN, ", 1),
    "a long number": lambda raw: raw.replace(b"1", b"1" * 9_000, 1),
    "half a character": lambda raw: raw.replace(b'": "', b'": "\\udc00', 1),
    "single quotes": lambda raw: raw.replace(b'"', b"'"),
    "a comment": lambda raw: b"# models\n" + raw,
    "a last comma": lambda raw: raw.replace(b"}", b",}", 1),
    "the first half": lambda raw: raw[: len(raw) // 2],
    "twice": lambda raw: raw * 2,
    "zero bytes": lambda raw: raw.replace(b" ", b"\0"),
    "much white space": lambda raw: raw + b" " * 1_100_000,
    "deep": lambda raw: b"[" * 50_000 + raw,
}


@st.composite
def edited(draw: st.DrawFn, raws: st.SearchStrategy[bytes]) -> bytes:
    """Text, mostly as it is, else with something done to its bytes."""
    raw = draw(raws)
    match draw(st.integers(0, 9)):
        case 0:
            return EDITS[draw(st.sampled_from(sorted(EDITS)))](raw)
        case 1:
            place = draw(st.integers(0, len(raw)))
            return raw[:place] + draw(st.binary(max_size=8)) + raw[place + draw(st.integers(0, 8)) :]
    return raw


def as_yaml(document: Any) -> bytes:
    """What many take for JSON."""
    try:
        return yaml.safe_dump(document, allow_unicode=True).encode(errors="surrogatepass")
    except yaml.YAMLError:
        return b"- a: b"


def texts(document: Any) -> st.SearchStrategy[bytes]:
    """`document` bent, as JSON, with something done to its text now and then; random bytes too."""
    whole = bent(document)
    any_text = st.one_of(
        edited(whole.map(lambda each: json.dumps(each).encode())),
        edited(whole.map(lambda each: json.dumps(each, ensure_ascii=False).encode(errors="surrogatepass"))),
        whole.map(as_yaml),
        st.binary(max_size=200),
    )
    return any_text.map(lambda raw: raw[:MOST_BYTES])


def lines(raw: bytes, more: list[bytes]) -> st.SearchStrategy[bytes]:
    """Lines of a text and hostile ones, in any order, any number of times."""
    line = st.sampled_from([*raw.splitlines(), *more]) | st.binary(max_size=60)
    times = st.sampled_from([1, 1, 1, 2, 100, 20_000, MOST_BYTES])
    repeated = st.builds(lambda each, times: each * min(times, MOST_BYTES // (len(each) or 1)), line, times)
    return edited(st.builds(b"\n".join, st.lists(repeated, max_size=12)).map(lambda raw: raw[:MOST_BYTES]))
