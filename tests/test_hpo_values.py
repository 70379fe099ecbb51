"""The numbers and values of a configuration, as plain calls: what is the most that each accepts."""

from typing import Any

import pytest
from pydantic_core import PydanticCustomError

from neptune_training.checks import hpo
from neptune_training.checks.hpo import values
from neptune_training.checks.hpo.format import kind
from neptune_training.checks.hpo.parameters import fits
from tests.test_hpo import example

NOT_A_NUMBER = ("number", "should be a finite number")
NOT_ABOVE_0 = ("positive", "should be above 0")
NOT_PASSABLE = ("passable", "should be a number, a text, true or false, or a short list of them")


def refusal(read: Any, value: object) -> tuple[str, str]:
    with pytest.raises(PydanticCustomError) as raised:
        read(value)
    return raised.value.type, raised.value.message()


@pytest.mark.parametrize("value", [16, 2.5, -9.9e99, 9.9e99, 0])
def test_a_number_is_taken_as_it_was_written(value: float) -> None:
    assert repr(values.number(value)) == repr(value)


@pytest.mark.parametrize("value", [True, "7", None, 1e100, -1e100, 10**400, float("nan"), float("inf")])
def test_what_is_no_number_below_a_hundred_zeros_is_refused(value: object) -> None:
    assert refusal(values.number, value) == NOT_A_NUMBER


def test_a_number_that_must_be_positive_is_above_0() -> None:
    assert values.positive(0.1) == 0.1
    assert [refusal(values.positive, each) for each in (0, -1, "1")] == [NOT_ABOVE_0, NOT_ABOVE_0, NOT_A_NUMBER]


def test_an_amount_can_be_in_quotes() -> None:
    assert [values.amount("2"), values.amount(0.5)] == [2.0, 0.5]
    refused = [refusal(values.amount, each) for each in ("0", "often", "inf", None)]
    assert refused == [NOT_ABOVE_0, NOT_A_NUMBER, NOT_A_NUMBER, NOT_A_NUMBER]


@pytest.mark.parametrize("value", ["t" * 2500, 7, 0.5, True, [1] * 30, [[["a"]]]])
def test_a_value_that_can_be_passed_is_taken_as_it_was_written(value: object) -> None:
    assert values.passable(value) == value


@pytest.mark.parametrize("value", ["t" * 2501, None, {}, [1] * 31, [[[["a"]]]], [None]])
def test_a_value_that_is_too_long_or_too_deep_to_be_passed_is_refused(value: object) -> None:
    assert refusal(values.passable, value) == NOT_PASSABLE


@pytest.mark.parametrize(
    ("type_name", "read", "unread"),
    [
        ("int", [1, "20", 2.0, [1, "2"]], [1.5, "a", True, "inf", [1, 1.5]]),
        ("float", [1, 0.5, "1e-3", [0.5]], ["a", False, "inf", "nan", [0.5, "a"]]),
        ("bool", [True, "False", 0, 1, "0", "1", [True]], ["yes", 2, [True, "no"]]),
        ("str", ["a", 1, True, ["a"]], []),
    ],
)
def test_a_value_fits_a_type_that_a_script_can_read_it_as(
    type_name: str, read: list[object], unread: list[object]
) -> None:
    assert [each for each in (*read, *unread) if fits(each, type_name)] == read


@pytest.mark.parametrize(
    ("model", "which"),
    [
        ({"model": "custom"}, "custom"),
        ({"model": "custm", "eval_metric": {"tuning_objective": {}}}, "custom"),
        ({"model": "custom", "eval_metric": {"metric": "acc"}}, "custom"),
        ({"model": "rgcn", "eval_metric": {"metric": "acc"}}, "built-in"),
        ({"model": "custm", "eval_metric": "tuning_objective"}, "built-in"),
        ({}, "built-in"),
        (7, "custom"),
    ],
)
def test_a_model_is_custom_by_its_name_or_by_its_metric(model: object, which: str) -> None:
    assert kind(model) == which


def test_a_model_that_was_read_is_of_the_kind_that_it_was_read_as() -> None:
    read = [hpo.check(example(name), max_hpo_jobs=60).file.model for name in ("custom-node-class", "built-in-rgcn")]
    assert [kind(each) for each in read] == ["custom", "built-in"]
