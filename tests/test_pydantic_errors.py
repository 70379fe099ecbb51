"""What pydantic says, as people are told it: the rarer cases, as plain calls."""

from typing import Any

import pytest
from pydantic.fields import FieldInfo

from neptune_training.checks.pydantic_errors import Located, wanted, wrong


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ({"type": "model_type", "msg": "Input should be a valid dictionary"}, "should be an object"),
        ({"type": "model_attributes_type", "msg": "Input should be a valid dictionary"}, "should be an object"),
        ({"type": "string_pattern_mismatch", "msg": "String …"}, "has characters that are not allowed there"),
        ({"type": "int_type", "msg": "Input should be a valid integer"}, "should be a valid integer"),
        (
            {"type": "too_long", "msg": "List should have at most 2 items after validation, not 3"},
            "should have at most 2 items, not 3",
        ),
        ({"type": "mine", "msg": "It should be what it should be"}, "should be what it should be"),
        ({"type": "mine", "msg": "is not mine"}, "is not mine"),
    ],
)
def test_what_is_wrong_begins_with_the_verb_of_pydantics_message(error: Any, said: str) -> None:
    assert wrong(error) == said


def test_a_field_that_says_nothing_of_itself_has_no_remedy_of_its_own() -> None:
    assert wanted(Located(("a",), FieldInfo(annotation=int), ())) == ""
