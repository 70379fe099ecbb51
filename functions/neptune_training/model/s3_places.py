"""Places in S3 in their canonical form, so that the same text is checked, recorded and sent.

For S3, `models/fraud/`, `models/fraud//` and `models/x/../fraud/` are three places. A program that reads keys as file
paths may treat them as one. Therefore `//`, `.` and `..` are rejected. A slash at the end makes no difference:

    directory("s3://bucket/models/fraud")    s3://bucket/models/fraud/
    location("s3://bucket/trained/")         s3://bucket/trained

Two places are the same only if their canonical texts are equal.
"""

from typing import NoReturn

from pydantic_core import PydanticCustomError

ERROR = "s3_place"
MAX_KEY_BYTES = 1024  # of any object's key (S3 user guide, Naming objects)
AMBIGUOUS = "has an empty folder name (//), or a folder named . or .."
TOO_LONG = f"is longer than an S3 key can be, {MAX_KEY_BYTES} bytes"
REMEDY = "Set it to a path without these: each folder needs a name, with one slash between two names"
SHORTER = "Set it to a shorter path"


def problem(folders: str) -> tuple[str, str] | None:
    """Return what is wrong with the part of a key that names folders, and the remedy; None if nothing is.

    `folders` is without a slash at its end: `models/fraud`.
    """
    if any(folder in {"", ".", ".."} for folder in folders.split("/")):
        return AMBIGUOUS, REMEDY
    return (TOO_LONG, SHORTER) if len(folders.encode(errors="surrogatepass")) > MAX_KEY_BYTES else None


def directory(uri: str) -> str:
    """Return the canonical form of a directory's S3 URI, which ends with a slash. Raises PydanticCustomError."""
    return f"{location(uri)}/"


def location(uri: str) -> str:
    """Return the canonical form of an S3 URI, without a slash at its end.

    Raises:
        PydanticCustomError: a folder name is empty, `.` or `..`, or the key is too long. Its type is `ERROR`, and its
            context has the remedy.
    """
    canonical = uri.removesuffix("/")
    _, _, folders = canonical.removeprefix("s3://").partition("/")
    if wrong := problem(folders) if "/" in canonical.removeprefix("s3://") else None:
        refuse(*wrong)
    return canonical


def refuse(wrong: str, remedy: str) -> NoReturn:
    """Raise a problem as pydantic reports it."""
    raise PydanticCustomError(ERROR, "{problem}", {"problem": wrong, "remedy": remedy})
