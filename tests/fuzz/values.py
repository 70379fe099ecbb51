"""Values that nobody expects, in the places where others stand."""

from functools import cache
from typing import Any

from hypothesis import strategies as st

NAMES = [
    "a b",
    "a+b %2B%00",
    "../..",
    "line\nbreak",
    '\r\n{"level": "ERROR", "message": "forged"}',
    "\x1b[31m\x00\x7f",
    "\u2028\u0085",
    "e\u0301ß\U0001f600",
    "\U0001f600" * 250,
    "x" * 1_000,
    "#capacity",
    "'\"`$(id)",
]
TEXTS = [
    *NAMES,
    "",
    " ",
    "\ufeff",
    "\ud800",
    "x" * 60_000,
    "s3://",
    "s3://b",
    "s3://a bucket/model",
    "s3://models-bucket/models/",
    "s3://models-bucket/trained/" + "ä" * 1_050,
    "ml.p4d.24xlarge",
    "LATEST",
    "custom",
    "training.py",
    "requirements.txt",
    "<aws.scheduler.scheduled-time>",
    "2026-11-24T02:00:00." + "0" * 30_000,
    "1e999",
    "(?i)([\u0001-\uffff\u0001-\ufffe])",
    "(?a)(?u)(x)",
    "(" * 120,
]
NUMBERS = [0, -1, 1, 2**31, 2**63, 10**18, 10**40, 0.1, -0.0, 5e-324, 1e308, float("inf"), float("nan")]


@cache
def scalars() -> st.SearchStrategy[Any]:
    """One value."""
    return st.one_of(
        st.sampled_from(TEXTS),
        st.sampled_from(NUMBERS),
        st.sampled_from([None, True, False]),
        st.text(max_size=40),
        st.integers(),
        st.floats(),
    )


def nested(value: Any, depth: int) -> Any:
    """`value`, that many lists and objects deep."""
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


def many(value: Any, times: int) -> list[Any]:
    """`value`, that often, if a megabyte holds it."""
    return [value] * min(times, 1_000_000 // len(repr(value)))


@cache
def values() -> st.SearchStrategy[Any]:
    """Any value: small, deep or long."""
    small = st.recursive(
        scalars(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(TEXTS), inner, max_size=3),
        max_leaves=5,
    )
    return st.one_of(
        small,
        st.builds(nested, scalars(), st.integers(1, 60)),
        st.builds(many, small, st.sampled_from([17, 101, 101, 5_000])),
        st.builds(many, scalars(), st.sampled_from([20, 60, 60, 5_000])).map(
            lambda each: {f"k{i}": value for i, value in enumerate(each)}
        ),
    )
