"""Check `requirements.txt` for lines that no version of pip can read.

AWS chooses the training image, and its pip. The published image has Python 3.6, and so an old pip, which accepts more
than today's pip does (`numpy>=1.16.*`). Therefore a line is a problem only if no pip can read it. If an older pip can,
it is a warning. Files, URLs and options are not checked.
"""

import codecs
import re
import warnings
from collections.abc import Iterable, Iterator

from neptune_training.model.problems import MAX_PROBLEMS, NOTHING_TO_DO, CheckResult, Problem, bounded, shortened, shown

REQUIREMENTS = "requirements.txt"
MAX_LINE_CHARACTERS = 80  # of a line, in a record that all subscribers read
ENCODINGS = {  # by their byte order marks, as pip does; the longer marks first
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",  # what PowerShell writes
    codecs.BOM_UTF16_BE: "utf-16-be",
    codecs.BOM_UTF8: "utf-8",
}
COMMENT = re.compile(r"(?:^|\s)#")
OPTION = re.compile(r"(?:^|\s)-")
FILE = re.compile(r"\.(?:whl|zip|tar|tgz|tbz|txz|tlz|tar\.[a-z0-9]+)(?:\[[^\]]{0,200}\])?\s*$", re.IGNORECASE)
NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
EXTRAS = re.compile(r"\[[^\]]*\]")
VERSION = re.compile(r"\s*(?:===?|~=|!=|<=|>=|<|>)\s*[^\s,;]*\s*")


def check(content: bytes) -> CheckResult:
    """Return the problems and warnings of the file: as many as a record can hold, and each line once."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # `packaging` reads the texts in markers as Python does
        return check_lines(lines(decoded(content)))


def check_lines(numbered: Iterable[tuple[int, str]]) -> CheckResult:
    """Return the problems and warnings of the lines that pip reads."""
    problems: list[Problem] = []
    doubtful: list[Problem] = []
    seen: set[str] = set()
    for number, line in numbered:
        if line in seen:
            continue
        seen.add(line)
        if is_readable(line):
            continue
        if may_be_readable(line):
            problem = f"line {number} is valid for some versions of pip only"
            remedy = f"{NOTHING_TO_DO} if pip accepts it"
            doubtful.append(of_line(line, problem, remedy))
        else:
            problem, remedy = f"line {number} is not a valid pip requirement", "Fix the line, for example numpy>=1.16"
            problems.append(of_line(line, problem, remedy))
        if max(len(problems), len(doubtful)) > MAX_PROBLEMS:
            break
    return CheckResult(bounded(problems), bounded(doubtful))


def of_line(line: str, problem: str, remedy: str) -> Problem:
    """Return the problem of a line, with its beginning."""
    return Problem(
        field=REQUIREMENTS, value=shown(shortened(line, MAX_LINE_CHARACTERS)), problem=problem, remedy=remedy
    )


def decoded(content: bytes) -> str:
    """Return the text. Bytes that are not UTF-8 are replaced, because they could be in a comment."""
    for mark, encoding in ENCODINGS.items():
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, errors="replace")
    return content.decode(errors="replace")


def lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that pip reads, with the number of each one's first line.

    As in pip, a backslash at the end continues a line, a comment ends it, and options can follow a requirement.
    """
    parts: list[str] = []
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if not parts:
            first = number
        is_comment = line.lstrip().startswith("#")
        if line.endswith("\\") and not is_comment:
            parts.append(line.strip("\\"))
            continue
        whole = "".join([*parts, f" {line}" if is_comment else line])
        parts = []
        wanted = before(OPTION, before(COMMENT, whole).strip()).strip()
        if wanted:
            yield first, wanted


def before(pattern: re.Pattern[str], text: str) -> str:
    """Return the part of `text` before the first match."""
    found = pattern.search(text)
    return text[: found.start()] if found else text


def is_readable(line: str) -> bool:
    """Return True if today's pip reads the line, or if only pip can know: a file, folder, URL or variable."""
    head = line.partition(";")[0]
    if "://" in line or "${" in line or FILE.search(head) or line.startswith("."):
        return True
    if "/" in head and not re.search(r"\s", head.strip()):
        return True
    # Most models have no such file, and every cold start would import `packaging`, which takes 20 ms (measured).
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415

    try:
        Requirement(line)
    except (InvalidRequirement, RecursionError):
        return False
    return True


def may_be_readable(line: str) -> bool:
    """Return True if an older pip could read the line, or if that depends on files or on an encoding.

    Before release 22, `packaging` (and so pip) accepted any text without spaces as a version.
    """
    head = line.partition(";")[0].strip()
    if not line.isascii() or set("/\\@") & set(head):
        return True
    name = NAME.match(head)
    if not name:
        return False
    rest = head[name.end() :].strip()
    if extras := EXTRAS.match(rest):
        rest = rest[extras.end() :].strip()
    if rest.startswith("(") and rest.endswith(")"):
        rest = rest[1:-1]
    return all(VERSION.fullmatch(each) for each in rest.split(",") if each.strip())
