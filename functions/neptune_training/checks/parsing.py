"""Parse scripts and regular expressions in a child process with limited memory and time.

A valid script of 45 KB (`import a.a.a…`) takes 522 MB to parse, more than the functions have. The child is limited to
`MAX_MEGABYTES` and `MAX_SECONDS`. An item that needs more is reported as unchecked, never as wrong.
For an ordinary script the child takes 20 to 50 ms, most of it to start (measured).
"""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Literal, NamedTuple

MAX_MEGABYTES = 200  # of the functions' 512; an ordinary script of 130 KB takes 17
MAX_SECONDS = 2  # of CPU time
MAX_WAIT_SECONDS = 10  # of real time: with 512 MB, Lambda gives about a third of a core
MAX_KNOWN = 100
CHILD = Path(__file__).with_name("parsing_child.py")
ENVIRONMENT = {"LC_ALL": "C"}  # no credentials; another locale would take some of the limited memory
LIBRARIES = ("LD_LIBRARY_PATH",)  # where Lambda's Python finds its own

log = logging.getLogger(__name__)


class Item(NamedTuple):
    """Hold what to parse. The text of a script holds its bytes as Latin-1: see `script`."""

    kind: Literal["script", "regex"]
    text: str


@dataclass(frozen=True)
class Parsed:
    """Hold the result for one item.

    `problem` says why it cannot be compiled, at `line` (from 1) with the line's `text`, if these are known. `unchecked`
    says why it could not be checked. If both are None, it compiles. `groups` is the number of groups of a
    regular expression. `options` are all options that a script accepts, such as `--lr`; None if they are not known.
    """

    problem: str | None = None
    unchecked: str | None = None
    line: int | None = None
    text: str | None = None
    groups: int = 0
    options: Sequence[str] | None = None


TOO_MUCH = Parsed(unchecked=f"it takes more than {MAX_SECONDS} seconds or {MAX_MEGABYTES} MB to parse")
TOO_SLOW = Parsed(unchecked=f"it was not parsed within {MAX_WAIT_SECONDS} seconds")
NOT_REACHED = Parsed(unchecked="it was not parsed, because another file or expression took too much memory or time")
NO_CHILD = Parsed(unchecked="the process that parses it could not be started")

_one_child = Lock()
_known: dict[bytes, Parsed] = {}  # a waiting job is checked again every minute


def script(content: bytes) -> Item:
    """Return the item for a script's bytes."""
    return Item("script", content.decode("latin-1"))


def regex(text: str) -> Item:
    """Return the item for a regular expression."""
    return Item("regex", text)


def parse(items: Sequence[Item]) -> list[Parsed]:
    """Return the result of each item, in the same order. One child parses all items without a known result."""
    known = {item: _known.get(digest(item)) for item in items}
    found = {item: answer for item, answer in known.items() if answer}
    new = [item for item in dict.fromkeys(items) if item not in found]
    if new:
        found |= zip(new, ask_alone(new), strict=True)
    return [found[item] for item in items]


def ask_alone(items: Sequence[Item]) -> list[Parsed]:
    """Return the child's answers. Steps side by side take turns: two children could take all of the memory."""
    if not _one_child.acquire(timeout=MAX_WAIT_SECONDS):
        return [TOO_SLOW] * len(items)
    try:
        return ask(items)
    finally:
        _one_child.release()


def ask(items: Sequence[Item]) -> list[Parsed]:
    """Return the child's answers. An item that ends the child, and each item after it, is unchecked."""
    command = [sys.executable or "", "-I", "-S", str(CHILD), str(MAX_MEGABYTES), str(MAX_SECONDS)]
    libraries = {name: os.environ[name] for name in LIBRARIES if name in os.environ}
    try:
        done = subprocess.run(  # noqa: S603 - our own program; what was uploaded is its input only
            command,
            input=json.dumps(items).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=MAX_WAIT_SECONDS,
            env=ENVIRONMENT | libraries,
            check=False,
        )
    except subprocess.TimeoutExpired as expired:
        return answers(items, expired.output or b"", TOO_SLOW)
    except (OSError, ValueError) as error:
        log.warning("the parsing process could not be started", extra={"error": str(error)})
        return [NO_CHILD] * len(items)
    return answers(items, done.stdout, TOO_MUCH if done.returncode < 0 else NO_CHILD)


def answers(items: Sequence[Item], output: bytes, otherwise: Parsed) -> list[Parsed]:
    """Return an answer for each item: a whole line of `output`, or `otherwise` for the first item without one."""
    lines = output.split(b"\n")[:-1]
    found = [Parsed(**json.loads(line)) for line in lines]
    if otherwise is NO_CHILD and len(found) < len(items):
        log.warning("the parsing process failed", extra={"answers": len(found), "items": len(items)})
    remember(items, [*found, TOO_MUCH] if otherwise is TOO_MUCH else found)
    missing = len(items) - len(found)
    return [*found, *[otherwise][:missing], *[NOT_REACHED] * (missing - 1)]


def remember(items: Sequence[Item], found: Sequence[Parsed]) -> None:
    """Keep the answers that would be the same next time. A child that was too slow could be faster then."""
    if len(_known) > MAX_KNOWN:
        _known.clear()
    _known.update(zip(map(digest, items), found, strict=False))


def digest(item: Item) -> bytes:
    """Return the hash by which an item's result is kept."""
    return sha256(f"{item.kind} {item.text}".encode(errors="surrogatepass")).digest()
