"""`make recording`: run `make run`, and write what it shows on a terminal as a picture, `docs/images/make-run.svg`.

Names that differ each time, such as a job's id, are replaced by one that does not. So two recordings differ only in the
times, and in what the program shows.
"""

import os
import pty
import re
import subprocess
import sys
from io import StringIO

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from local.artefact import ROOT

PICTURE = ROOT / "docs" / "images" / "make-run.svg"
COLUMNS = 112
EACH_TIME_OTHERS = {
    r"(example-model-)[0-9a-f]{20}": r"\g<1>3a35d8064791d77cd4c2",
    r"s3://[\w-]+-modelbucket-[0-9a-f]+/": "s3://…/",
    r"arn:aws:neptune-db:[\w-]+:\d+:[\w-]+/ml/": "arn:aws:neptune-db:…/ml/",  # would not fit into the picture
}
# The font is the reader's own: a picture in a document must not fetch anything.
FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def main() -> int:
    """Run the program. The exit code is that of the run."""
    code, printed = recorded([sys.executable, "-m", "local.run"])
    if code:
        print(printed)
        return code
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(picture(f"\x1b[1m$ make run\x1b[0m\n{printed}"))
    print(PICTURE.relative_to(ROOT))
    return 0


def recorded(command: list[str]) -> tuple[int, str]:
    """Run a program in a terminal of its own; return its exit code, and what it printed with its colours."""
    ours, its = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(COLUMNS)}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=its, stdout=its, stderr=its)
    os.close(its)
    printed = b""
    try:
        while data := os.read(ours, 65536):
            printed += data
    except OSError:  # Linux's way to say that the terminal has no other side any more
        pass
    os.close(ours)
    return process.wait(), printed.decode().replace("\r\n", "\n")


def picture(printed: str) -> str:
    """Return an SVG picture of what a program has printed."""
    for pattern, replacement in EACH_TIME_OTHERS.items():
        printed = re.sub(pattern, replacement, printed)
    console = Console(record=True, width=COLUMNS, file=StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(printed), soft_wrap=True)
    svg = console.export_svg(title="make run", theme=MONOKAI, unique_id="make-run")
    return "\n".join(line.rstrip() for line in FONTS.sub("", svg).splitlines()) + "\n"


if __name__ == "__main__":
    sys.exit(main())
