"""Parse scripts and compile regular expressions, in a process with little memory and time.

    python -I -S parsing_child.py MEGABYTES SECONDS

`parsing` starts this program. It reads a JSON list of [kind, text] from stdin. For each item, in the same order, it
writes one line of JSON as soon as it is known. So if an item ends the process, the answers before it are kept.
It imports the standard library only, and it never runs what it parses.
"""

import ast
import json
import re
import resource
import sys
import warnings
from contextlib import suppress
from typing import Any

MAX_OPTIONS = 500
MAX_CHARACTERS = 1_000  # of a line or of a message: the answer stays small
LATER_FLAGS = "global flags not at the start"  # an error since Python 3.11; a warning before
OLD_NAMES = re.compile(r"\b(async|await)\b")  # keywords since Python 3.7; names before


def main() -> None:
    """Limit this process, then answer for each item."""
    megabytes, seconds = map(int, sys.argv[1:])
    limit(resource.RLIMIT_AS, megabytes * 2**20)
    limit(resource.RLIMIT_CPU, seconds, seconds + 1)  # the soft limit ends the process by SIGXCPU
    limit(resource.RLIMIT_CORE, 0)
    for kind, text in json.load(sys.stdin.buffer):
        sys.stdout.write(json.dumps(KINDS[kind](text)) + "\n")
        sys.stdout.flush()


def limit(what: int, soft: int, hard: int | None = None) -> None:
    """Set a limit of the process, if the platform allows it: macOS does not limit the address space."""
    with suppress(OSError, ValueError):
        resource.setrlimit(what, (soft, soft if hard is None else hard))


def script(text: str) -> dict[str, Any]:
    """Parse a script. `text` holds its bytes as Latin-1, so that a script in any encoding can be sent as JSON."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about odd escapes
            tree = ast.parse(text.encode("latin-1"))
    except SyntaxError as error:
        line = (error.text or "")[:MAX_CHARACTERS]
        said = {"line": error.lineno, "text": line}
        if OLD_NAMES.search(line):
            return {**said, "unchecked": f"it may compile with Python 3.6 only: {error.msg}"}
        return {**said, "problem": error.msg[:MAX_CHARACTERS]}
    except ValueError as error:  # null bytes, in Python 3.11
        return {"problem": str(error)[:MAX_CHARACTERS]}
    except Exception as error:  # noqa: BLE001 - no other error says that Python cannot compile the script
        return {"unchecked": too_complex(error)}
    with suppress(MemoryError, RecursionError):
        return {"options": options(tree)}
    return {}


def options(tree: ast.AST) -> list[str] | None:
    """Return the options that the script's argparse knows, such as `--lr`; None if not all of them can be read.

    All can be read if the script has one ArgumentParser, adds all options by `add_argument` with literal names, and
    calls `parse_args()`, which refuses other options.
    """
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    added = [call for call in calls if called(call) == "add_argument"]
    names = [argument.value for call in added for argument in call.args if isinstance(argument, ast.Constant)]
    if not all(isinstance(name, str) for name in names) or len(names) > MAX_OPTIONS:
        return None
    made = [call for call in calls if called(call) == "ArgumentParser"]
    parsers = {place(node.targets[0]) for node in ast.walk(tree) if isinstance(node, ast.Assign) and is_made(node)}
    passed = [each for call in calls for each in (*call.args, *(word.value for word in call.keywords))]
    complete = (
        len(made) == 1
        and not any(word.arg in {None, "parents", "prefix_chars", "fromfile_prefix_chars"} for word in made[0].keywords)
        and all(call.args and all(isinstance(each, ast.Constant) for each in call.args) for call in added)
        and [(call.args, call.keywords) for call in calls if called(call) == "parse_args"] == [([], [])]
        and not any(called(call) in OPEN for call in calls)
        and not any(isinstance(node, ast.Attribute) and node.attr == "argv" for node in ast.walk(tree))
        and not any(each is made[0] or place(each) in parsers for each in passed)
    )
    known = [str(name)[:MAX_CHARACTERS] for name in names if str(name).startswith("-")]
    return known if complete and known else None


def is_made(node: ast.Assign) -> bool:
    """Return True for an assignment of a parser, or of a group of its options."""
    makers = {"ArgumentParser", "add_argument_group", "add_mutually_exclusive_group"}
    return isinstance(node.value, ast.Call) and called(node.value) in makers


def place(node: ast.AST) -> str | None:
    """Return the last name of a variable or an attribute: `parser` for `self.parser`."""
    return getattr(node, "attr", getattr(node, "id", None))


def called(call: ast.Call) -> str:
    """Return the last name of what is called: `ArgumentParser` for `argparse.ArgumentParser()`."""
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def regex(text: str) -> dict[str, Any]:
    """Compile a regular expression and count its groups. It is never matched, because that could take forever."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python's warnings about odd expressions are for programmers
            return {"groups": re.compile(text).groups}
    except (re.error, ValueError) as error:
        said = str(error)[:MAX_CHARACTERS]
        return (
            {"unchecked": f"it compiles with older Pythons only: {said}"} if LATER_FLAGS in said else {"problem": said}
        )
    except (MemoryError, RecursionError, OverflowError) as error:
        return {"unchecked": too_complex(error)}


def too_complex(error: Exception) -> str:
    """Say why an item could not be checked."""
    if isinstance(error, MemoryError | RecursionError):
        return "it takes too much memory, or is nested too deeply"
    return f"{type(error).__name__}: {error}"[:MAX_CHARACTERS]


OPEN = {"parse_known_args", "parse_intermixed_args", "parse_known_intermixed_args", "add_subparsers"}
KINDS = {"script": script, "regex": regex}


if __name__ == "__main__":
    main()
