"""Everything that the programs print: what users wrote is shown as text, and never obeyed.

A file's name, an S3 key or a value in a JSON file can hold escape sequences, which move the cursor or set the window's
title, and words in brackets, which `rich` takes for markup. All output for people goes through `visible`.

Results go to stdout, and errors to stderr. With `--json`, stdout has one JSON value and nothing else.
"""

import json
import sys
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.highlighter import JSONHighlighter
from rich.prompt import Confirm
from rich.table import Table
from rich.text import Text

from cli.exits import CommandError

console = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)
Yes = Annotated[bool, Parameter(name=("--yes", "-y"), negative="", show_default=False, help="Do not ask.")]
Json = Annotated[bool, Parameter(name="--json", negative="", show_default=False, help="Print JSON, for programs.")]


def visible(text: object) -> str:
    r"""Return `text` on one line, each character that does not print as JSON writes it: `\n`, `\u001b`."""
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in str(text))


def visible_lines(text: object) -> str:
    """Return `text` with its line breaks, and each line `visible`."""
    return "\n".join(visible(line) for line in str(text).split("\n"))


def say(*parts: object, style: str = "", end: str = "\n") -> None:
    """Print `parts` one after another; a part with a style of its own is a tuple, `("red text", "red")`."""
    styled = [(visible(each[0]), each[1]) if isinstance(each, tuple) else visible(each) for each in parts]
    console.print(Text.assemble(*styled, style=style), end=end)


def say_json(data: object) -> None:
    """Print `data` as JSON, coloured."""
    text = json.dumps(data, indent=2, ensure_ascii=False, default=repr)
    console.print(JSONHighlighter()(Text(visible_lines(text))))


def say_wide(table: Table) -> None:
    """Print a table of which no line is cut or folded: a terminal wraps it, and another program can read it."""
    Console(highlight=False, markup=False, emoji=False, width=1_000).print(table)


def print_json(data: object) -> None:
    """Print `data` as JSON for a program: in ASCII, so that nothing in it can harm a terminal either."""
    sys.stdout.write(f"{json.dumps(data, indent=2, default=repr)}\n")


def complain(problem: object, remedy: object) -> None:
    """Print to stderr what is wrong and what to do."""
    said = Text(visible(f"neptune-training: {problem}"), "red")
    Console(highlight=False, soft_wrap=True, stderr=True).print(said.append(visible(f" {remedy}".rstrip()), "default"))


def confirm(question: str, *, yes: bool) -> None:
    """Ask a person; return only if the answer is yes. Raises `CommandError` if it is no, or nobody can be asked."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise CommandError(f"{question} Nobody can be asked.", "Give --yes.")
    if not Confirm.ask(Text(visible(question)), console=console, default=False):
        raise CommandError("Nothing was done.", "")


def progress_line(seconds: float, what: str, detail: str) -> None:
    """Print what happens, after how many seconds."""
    say((f"{seconds:7.2f} s", "dim"), "  ", (f"{what:<12}", "bold"), " ", detail)
