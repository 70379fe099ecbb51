"""Write the benches' parts of `docs/performance.md`, and their pictures beside it.

A part is between two comments, `<!-- begin NAME -->` and `<!-- end NAME -->`. The rest of the page is written by hand.
"""

import os
import platform
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from io import StringIO

from rich.bar import Bar
from rich.console import Console
from rich.table import Table
from rich.terminal_theme import MONOKAI

from bench.goals import GREEN, RED, YELLOW
from local.artefact import ROOT
from local.recording import FONTS

PAGE = ROOT / "docs" / "performance.md"
IMAGES = ROOT / "docs" / "images"
SIGNS = {GREEN: "🟢", YELLOW: "🟡", RED: "🔴"}
COLUMNS = 118
BAR = 40  # columns

BarOf = tuple[str, float, str]  # what, how much, its colour


def write(name: str, text: str) -> None:
    """Replace the part `name` of the page. Raises RuntimeError if the page has no such part."""
    before, begin, rest = PAGE.read_text().partition(f"<!-- begin {name} -->")
    _, end, after = rest.partition(f"<!-- end {name} -->")
    if not end:
        raise RuntimeError(f"{PAGE.name} has no part {name}")
    PAGE.write_text(f"{before}{begin}\n{text.strip()}\n{end}{after}")


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table in Markdown; all columns but the first are aligned to the right if they are numbers."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(str(each).replace("|", "\\|") for each in line) + " |" for line in lines)


def circumstances(load: Sequence[float], **others: object) -> str:
    """Return a sentence on when and where it was measured. `load` is the machine's, at some moments of the run."""
    others = {"load": f"{min(load):.1f} to {max(load):.1f} during the run", **others}
    told = "".join(f", {name.replace('_', ' ')} {value}" for name, value in others.items())
    return (
        f"Measured on {datetime.now(UTC):%Y-%m-%d}: {os.cpu_count()} cores, {platform.machine()}, "
        f"Python {platform.python_version()}{told}."
    )


def bars(file: str, title: str, groups: Iterable[tuple[str, Sequence[BarOf]]], unit: str) -> None:
    """Write a picture of horizontal bars, `docs/images/FILE.svg`. Each group has a heading."""
    console = Console(record=True, width=COLUMNS, file=StringIO(), force_terminal=True, color_system="truecolor")
    found = [*groups]
    most = max(value for _, each in found for _, value, _ in each)
    for heading, each in found:
        shown = Table(box=None, show_header=False, pad_edge=False, title=heading, title_justify="left")
        shown.add_column(width=46)
        shown.add_column(width=BAR)
        shown.add_column(justify="right")
        for what, value, colour in each:
            shown.add_row(what, Bar(most, 0, value, color=colour), f"{value:,.0f}{unit}")
        console.print(shown)
        console.print()
    svg = console.export_svg(title=title, theme=MONOKAI, unique_id=file)
    IMAGES.mkdir(exist_ok=True)
    text = "\n".join(line.rstrip() for line in FONTS.sub("", svg).splitlines())
    (IMAGES / f"{file}.svg").write_text(f"{text}\n")
