"""Everything that the local commands print: what users wrote is shown as text, and never obeyed.

A file's name, an S3 key or a value in a JSON file can hold escape sequences, which move the cursor or set the window's
title, and words in brackets, which `rich` takes for markup. All output goes through `visible`.
"""

import json

from rich.console import Console
from rich.highlighter import JSONHighlighter
from rich.text import Text

console = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)


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
    text = json.dumps(data, indent=2, ensure_ascii=False, default=str)
    console.print(JSONHighlighter()(Text(visible_lines(text))))


def progress_line(seconds: float, what: str, detail: str) -> None:
    """Print what happens, after how many seconds."""
    say((f"{seconds:7.2f} s", "dim"), "  ", (f"{what:<12}", "bold"), " ", detail)
