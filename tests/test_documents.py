import json
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from neptune_training.checks.json_documents import MAX_BYTES, read
from neptune_training.model.problems import MAX_PROBLEMS, Invalid, Problem

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**17)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def reasons(raw: bytes) -> tuple[Problem, ...]:
    with pytest.raises(Invalid) as caught:
        read(raw, "file.json")
    return caught.value.problems


@given(JSON)
@settings(max_examples=100, deadline=None)
def test_returns_what_json_says(value):
    assert read(json.dumps(value).encode(), "file.json") == value


@given(st.binary() | st.text(alphabet='{}[]",:\\u0d8ee1-9 tfn\n#').map(str.encode))
@example(b"[" * 100_000)
@example(b'{"a":' * 100_000)
@example(b"-" + b"1" * 1_000_000)
@example(b"\xed\xa0\x80")
@settings(max_examples=200, deadline=None)
def test_gives_a_value_or_reasons_for_any_bytes(raw):
    try:
        value = read(raw, "file.json")
    except Invalid as invalid:
        assert invalid.problems
    else:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()


def test_ignores_a_byte_order_mark():
    assert read(b'\xef\xbb\xbf{"a": 1}', "file.json") == {"a": 1}


@pytest.mark.parametrize(
    ("raw", "line", "column", "remedy"),
    [
        (b"models:\n  - model: custom\n", 1, 1, "not YAML"),
        (b'{\n  "a": 1\n  "b": 2\n}', 3, 3, "comma between two entries"),
        (b"{'a': 1}", 1, 2, "double quotes"),
        (b'{"a": True}', 1, 7, "Use true"),
        (b'{"a": None}', 1, 7, "Use null"),
        (b'{"a": 1 # one\n}', 1, 9, "Remove the comment"),
    ],
)
def test_names_line_and_column_and_remedy_where_it_is_not_json(raw, line, column, remedy):
    [reason] = reasons(raw)
    assert reason.field == "file.json"
    assert f"line {line}, column {column}:" in reason.problem
    assert remedy in reason.remedy


@pytest.mark.parametrize("raw", [b'{"a": 1,}', b"[1,]"])
def test_tells_to_remove_a_comma_before_a_bracket(raw):
    [reason] = reasons(raw)
    assert "Remove the extra comma" in reason.remedy


@pytest.mark.parametrize("raw", [b"", b" \n", b"\xef\xbb\xbf"])
def test_says_that_an_empty_file_is_empty(raw):
    assert [reason.problem for reason in reasons(raw)] == ["is empty"]


@pytest.mark.parametrize(
    ("raw", "field", "problem"),
    [
        (b'{"a": [1, NaN]}', "a[1]", "is not a finite number, or is too long"),
        (b'{"a": -Infinity}', "a", "is not a finite number, or is too long"),
        (b'{"a": {"x-y": 1e999}}', 'a["x-y"]', "is not a finite number, or is too long"),
        (b'{"a": ' + b"7" * 5000 + b"}", "a", "is not a finite number, or is too long"),
        (b'{"a": "\\ud800"}', "a", "has half a character (a lone surrogate)"),
        (b'{"\\udfff": 1}', "file.json", "has half a character (a lone surrogate)"),
        (b'[{"a": 1, "a": 1}]', "[0]", "has the same name more than once"),
        (b"[" * 40 + b"]" * 40, "[0]" * 33, "is nested more than 32 levels deep"),
        (b"[" * 100_000 + b"]" * 100_000, "file.json", "is nested more than 32 levels deep"),
        (b'"\xff"', "file.json", "is not UTF-8 text: byte 2 cannot be read"),
        (b" " * (MAX_BYTES + 1), "file.json", f"is larger than {MAX_BYTES} bytes"),
    ],
)
def test_refuses_what_would_mislead_others_and_names_the_place(raw, field, problem):
    assert [(reason.field, reason.problem) for reason in reasons(raw)] == [(field, problem)]


def test_names_the_key_that_comes_twice():
    assert [reason.value for reason in reasons(b'{"a": {"b": 1, "c": 2, "b": 3}}')] == ['"b"']


def test_finds_all_that_is_wrong_in_the_order_of_the_text():
    found = reasons(b'{"a": NaN, "b": {"c": 1, "c": 2}, "d": [1e999]}')
    assert [reason.field for reason in found] == ["a", "b", "d[0]"]


def test_gives_the_first_of_many_reasons_and_says_that_there_are_more():
    found = reasons(b"[" + b",".join([b"NaN"] * 1000) + b"]")
    assert len(found) == MAX_PROBLEMS
    assert found[-1].problem == "there are more problems"


@pytest.mark.parametrize(
    "raw",
    [
        b"[" + b"[]," * 340_000 + b"[]]",
        b"{" + b",".join(b'"k%d":1,"k%d":2' % (n, n) for n in range(30_000)) + b"}",
        b'"' + b"\\ud800" * 170_000 + b'"',
    ],
    ids=["many lists", "many names twice", "many surrogates"],
)
def test_takes_no_more_than_seconds_for_the_largest_of_files(raw):
    begin = time.monotonic()
    try:
        read(raw, "file.json")
    except Invalid as invalid:
        assert sum(len(str(reason)) for reason in invalid.problems) < 100_000
    assert time.monotonic() - begin < 5


NOT_YAML = "Use JSON, not YAML: names and texts in double quotes, a comma between two entries"
FIRST = "n" * 45


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (
            b"models:\n  - model: custom\n",
            f'is not JSON at line 1, column 1: Expecting value (value: "models:\\n  - model: c"). {NOT_YAML}',
        ),
        (
            b'{"a": 1 // x\n}',
            (
                'is not JSON at line 1, column 9: Expecting \',\' delimiter (value: "{\\"a\\": 1 // x\\n}").'
                " Remove the comment: JSON has none"
            ),
        ),
        (
            f'{{"{FIRST}" 1, "second": 2}}'.encode(),
            (
                f"is not JSON at line 1, column 50: Expecting ':' delimiter"
                f' (value: "{"n" * 18}\\" 1, \\"second\\": 2}}").'
                f" {NOT_YAML}"
            ),
        ),
        (
            b'{"a": ]',
            (
                'is not JSON at line 1, column 7: Expecting value (value: "{\\"a\\": ]").'
                " Remove the comma before it, or close what is open"
            ),
        ),
        (
            b'{"a": False}',
            'is not JSON at line 1, column 7: Expecting value (value: "{\\"a\\": False}"). Use false, in lower case',
        ),
        (
            b'{"a": 1',
            f'is not JSON at line 1, column 8: Expecting \',\' delimiter (value: "{{\\"a\\": 1"). {NOT_YAML}',
        ),
        (b"", f"is empty. {NOT_YAML}"),
        (b'"\xff"', "is not UTF-8 text: byte 2 cannot be read. Save it as UTF-8"),
        (b" " * (MAX_BYTES + 1), "is larger than 262144 bytes (value: 262145). Make it smaller"),
        (b"[" * 100_000, "is nested more than 32 levels deep. Use fewer levels"),
        (b"NaN", "is not a finite number, or is too long. Write a finite number of at most 18 digits"),
        (
            b'"\\ud800"',
            'has half a character (a lone surrogate) (value: "\\ud800"). Remove it, or use the whole character',
        ),
        (b'{"a": 1, "a": 1}', 'has the same name more than once (value: "a"). Keep one of them'),
    ],
)
def test_what_is_wrong_with_a_document_is_said_with_value_and_remedy(raw, said):
    assert [str(each) for each in reasons(raw)] == [f"file.json: {said}"]


def test_the_largest_document_and_number_and_the_deepest_nesting_are_read():
    assert read(b" " * (MAX_BYTES - 1) + b"7", "file.json") == 7
    assert read(b"-" + b"9" * 18, "file.json") == -(10**18 - 1)
    assert [each.problem for each in reasons(b"9" * 19)] == ["is not a finite number, or is too long"]
    assert read(b"[" * 32 + b"1" + b"]" * 32, "file.json")
    assert [each.field for each in reasons(b"[" * 33 + b"1" + b"]" * 33)] == ["[0]" * 33]


@pytest.mark.parametrize(
    ("raw", "remedy"),
    [(b"[1, X]", NOT_YAML), (b'["a", }', "Remove the extra comma")],
)
def test_a_comma_is_extra_only_before_a_bracket(raw, remedy):
    [reason] = reasons(raw)
    assert reason.remedy.startswith(remedy)


def test_what_follows_a_part_that_is_nested_too_deeply_is_looked_at_as_well():
    deep = b"[" * 40 + b"]" * 40
    found = [(each.field, each.problem) for each in reasons(b"[" + deep + b", NaN]")]
    assert found == [
        ("[0]" * 33, "is nested more than 32 levels deep"),
        ("[1]", "is not a finite number, or is too long"),
    ]
