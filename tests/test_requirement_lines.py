"""The lines of a requirements.txt as pip reads them, as plain calls, and how many problems are told."""

import codecs

import pytest

from neptune_training.checks import requirements


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a\n\n b \nc", [(1, "a"), (3, "b"), (4, "c")]),
        ("a \\\n b\nc", [(1, "a  b"), (3, "c")]),
        ("a\\\\\nb", [(1, "ab")]),
        ("Xa\\\nb", [(1, "Xab")]),
        ("a\\\n#b", [(1, "a")]),
        ("a \\", [(1, "a")]),
        ("a # x \\\nb", [(1, "a")]),
        ("  # x \\\nb", [(2, "b")]),
        ("a \\\n# x \\\nb", [(1, "a"), (3, "b")]),
        ("a#b", [(1, "a#b")]),
        ("a\t#b", [(1, "a")]),
        ("#a", []),
        ("-r b", []),
        ("a -r b", [(1, "a")]),
        ("a-r", [(1, "a-r")]),
        ("a --hash=x \\\n --hash=y", [(1, "a")]),
    ],
)
def test_the_lines_that_pip_reads_are(text: str, lines: list[tuple[int, str]]) -> None:
    assert [*requirements.lines(text)] == lines


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
        (b"", "utf-8"),
    ],
)
def test_a_text_is_read_by_its_byte_order_mark_and_without_it(mark: bytes, encoding: str) -> None:
    assert requirements.decoded(mark + "nümpy".encode(encoding)) == "nümpy"


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert requirements.decoded(b"a\xff") == "a\ufffd"
    assert requirements.decoded(codecs.BOM_UTF8 + b"a\xff") == "a\ufffd"


@pytest.mark.parametrize(
    ("line", "readable"),
    [
        ("numpy", True),
        ("numpy; a", False),
        ("a b", False),
        ("a b://c", True),
        ("a b ${C}", True),
        ("a b.whl", True),
        ("a b.tar.gz[x]", True),
        ("a b; c.whl", False),
        (".", True),
        ("a/b", True),
        (" a/b ", True),
        ("a /b", False),
        ("a b; c/d", False),
        ("(" * 2000, False),
    ],
)
def test_a_line_is_readable(line: str, readable: bool) -> None:
    assert requirements.is_readable(line) is readable


@pytest.mark.parametrize(
    ("line", "maybe"),
    [
        ("a==1.*.x", True),
        ("a[b,c]>=1.*", True),
        ("a [b] (>=1.*)", True),
        ("a (>=1.*", False),
        ("a >=1.*)", True),  # the parenthesis is a part of the version
        ("a >=1, <2, ", True),
        ("a >=1 <2", False),
        ("a >=1; os_name is x", True),
        ("a b; os_name is x", False),
        ("a=1", False),
        ("a ===1", True),
        ("a ~=1", True),
        ("a !=1", True),
        ("é", True),
        ("a b/c", True),
        ("a b\\c", True),
        ("a @ b", True),
        ("a b; c/d", False),
        ("!", False),
        ("Xa b!", False),
        ("a (>=1,x)", False),
        ("a (>=1, x)", False),
    ],
)
def test_a_line_may_be_readable_for_an_older_pip(line: str, maybe: bool) -> None:
    assert requirements.may_be_readable(line) is maybe


@pytest.mark.parametrize("line", ["a b", "a==1.x*"])
@pytest.mark.parametrize(("number", "told", "last"), [(50, 50, "line 50"), (51, 50, "there are more problems")])
def test_fifty_lines_are_told_and_that_there_are_more(line: str, number: int, told: int, last: str) -> None:
    found = requirements.check("\n".join(f"x{each}{line}" for each in range(number)).encode())
    [these] = [each for each in found if each]
    assert [len(these), these[-1].problem.startswith(last)] == [told, True]


def test_equal_lines_are_told_once_and_the_others_after_them_too() -> None:
    found = requirements.check(b"a b\nnumpy\na b\nc d\n")
    assert [each.problem for each in found.problems] == [
        "line 1 is not a valid pip requirement",
        "line 4 is not a valid pip requirement",
    ]
