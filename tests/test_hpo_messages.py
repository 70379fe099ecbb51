"""The messages of the check of a configuration, word for word: place, problem, value and remedy."""

from typing import Any

import pytest

from neptune_training.checks import hpo
from neptune_training.model.problems import Invalid
from tests.test_hpo import example, model, with_parameter, with_regexes

TIER_1, TIER_2, TIER_3, FIXED = (f'models[0]["{n}-param"]' for n in ("1-tier", "2-tier", "3-tier", "fixed"))
METRIC = "models[0].eval_metric"


def problems(document: Any, trials: int = 60) -> list[str]:
    with pytest.raises(Invalid) as caught:
        hpo.check(document, max_hpo_jobs=trials)
    return [str(each) for each in caught.value.problems]


def warnings(document: Any, trials: int | None = 60) -> list[str]:
    return [str(each) for each in hpo.check(document, max_hpo_jobs=trials).warnings]


def changed(name: str, **keys: Any) -> Any:
    document = example(name)
    model(document).update(keys)
    return document


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (
            {"range": [0.5, 0.1]},
            ".range: its minimum, 0.5, is above its maximum, 0.1 (value: [0.5, 0.1]). Set it to [0.1, 0.5]",
        ),
        (
            {"range": [1.5, 3], "type": "int", "default": 1},
            (
                ".range: has numbers that are not whole, but its type is int (value: [1.5, 3])."
                " Use whole numbers, or change type to float"
            ),
        ),
        (
            {"range": [0, 1], "type": "str"},
            ".range: a str cannot have a range (value: [0, 1]). List its values in options",
        ),
        (
            {"range": [0, 1], "type": "bool", "default": True},
            ".range: a bool cannot have a range (value: [0, 1]). List its values in options",
        ),
        (
            {"range": [-2, 2], "inc_strategy": "power2"},
            (
                ".range: the inc_strategy power2 needs values above 0 (value: [-2, 2])."
                " Start above 0, or set inc_strategy to linear"
            ),
        ),
        (
            {"range": [0, 1], "inc_strategy": "log"},
            (
                ".range: the inc_strategy log needs values above 0 (value: [0, 1])."
                " Start above 0, or set inc_strategy to linear"
            ),
        ),
        (
            {"range": [1, 2], "default": "low"},
            '.default: cannot be read as float (value: "low"). Change it, or change type from float',
        ),
        (
            {"options": [1, "inf"]},
            '.options[1]: cannot be read as float (value: "inf"). Change it, or change type from float',
        ),
        (
            {},
            ': has neither a range nor options (value: "new"). Add a range, or move it to fixed-param with a default',
        ),
        (
            {"range": [1, 2], "options": [1, 2]},
            ': has both a range and options (value: "new"). Keep one of them',
        ),
        (
            {"range": [1, 2], "param": "new one"},
            (
                '.param: has characters that are not allowed there (value: "new one").'
                " Set it to the name that the script takes after --: letters, digits, _, . and -"
            ),
        ),
    ],
)
def test_a_parameters_problem_is_said_with_its_place_value_and_remedy(keys: dict[str, Any], said: str) -> None:
    assert problems(with_parameter(**keys)) == [f"{TIER_1}[0]{said}"]


def test_a_problem_of_two_parameters_is_said_with_both_places() -> None:
    assert problems(with_parameter("fixed-param", param="width")) == [
        f'{FIXED}[0].param: is used twice: {TIER_1}[0] has the same name (value: "width"). Remove one of them'
    ]


@pytest.mark.parametrize(("place", "trials", "above"), [("2-tier-param", 10, 10), ("3-tier-param", 50, 50)])
def test_a_parameter_without_a_default_has_a_problem_up_to_the_trials_that_its_tier_needs(
    place: str, trials: int, above: int
) -> None:
    document = with_parameter(place, range=[1, 2], default=None)
    assert problems(document, trials) == [
        (
            f'models[0]["{place}"][0]: has no default, and with {above} trials {place} is not tuned (value: "new").'
            " Add a default, or move it to 1-tier-param"
        )
    ]


@pytest.mark.parametrize(("number", "verb", "limit"), [(31, "tunes", 30), (101, "accepts", 100)])
def test_one_hyperparameter_more_than_sagemaker_takes_is_said_with_the_limit(
    number: int, verb: str, limit: int
) -> None:
    array, other = ("1-tier-param", "fixed-param") if verb == "tunes" else ("fixed-param", "1-tier-param")
    many = [{"param": f"p{n}", "type": "int", "range": [1, 9], "default": 1} for n in range(limit)]
    more = [{"param": "more", "type": "int", "range": [1, 9], "default": 1}]
    tiers: dict[str, Any] = {"2-tier-param": [], "3-tier-param": [], array: many, other: []}
    enough = changed("custom-link-predict", **tiers)
    assert hpo.check(enough, max_hpo_jobs=60)
    too_many = changed("custom-link-predict", **(tiers | {"3-tier-param": more}))
    assert problems(too_many) == [
        (
            f"models[0]: SageMaker {verb} at most {limit} hyperparameters (value: {number})."
            " Move some to fixed-param or remove them"
        )
    ]


@pytest.mark.parametrize(
    ("regex", "said"),
    [
        (
            "loss: [0-9.]+",
            (
                'has no group, but SageMaker reads the number from the first group (value: "loss: [0-9.]+").'
                ' Put parentheses around the number, as in "loss: ([0-9\\\\.]+)"'
            ),
        ),
        (
            "loss: ([0-9.]+",
            (
                "is not a valid Python regular expression: missing ), unterminated subpattern at position 6"
                ' (value: "loss: ([0-9.]+"). Fix it, so that Python\'s re module can compile it'
            ),
        ),
    ],
)
def test_a_regular_expressions_problem_is_said_with_its_place_value_and_remedy(regex: str, said: str) -> None:
    assert problems(with_regexes(regex)) == [f"{METRIC}.metric_definitions[0].Regex: {said}"]


@pytest.mark.parametrize(
    ("name", "remedy"), [("mrr", 'Did you mean "MRR"?'), ("zzzzz", 'Write "MRR" or "train loss", or define it')]
)
def test_an_objective_that_is_not_defined_is_said_with_the_metrics_that_are(name: str, remedy: str) -> None:
    document = example("custom-link-predict")
    model(document)["eval_metric"]["tuning_objective"]["MetricName"] = name
    assert problems(document) == [
        (
            f"{METRIC}.tuning_objective.MetricName: is not the Name of a metric in metric_definitions"
            f' (value: "{name}"). {remedy}'
        )
    ]


@pytest.mark.parametrize(
    ("type_name", "value", "said"),
    [
        (
            "evaluate_every_epoch",
            1.5,
            "is not a whole number of epochs or batches (value: 1.5). Set it to a whole number, such as 1",
        ),
        (
            "evaluate_every_pct",
            1.5,
            "is above 1, which is the whole training (value: 1.5). Set it to a fraction, such as 0.1",
        ),
        (
            "evaluate_every_batch",
            0,
            (
                "should be above 0 (value: 0)."
                " Set it to a number of epochs or batches; for evaluate_every_pct a fraction, such as 0.1"
            ),
        ),
    ],
)
def test_an_eval_frequencys_problem_is_said_with_its_value_and_remedy(type_name: str, value: float, said: str) -> None:
    document = changed("built-in-transe", eval_frequency={"type": type_name, "value": value})
    assert problems(document) == [f"models[0].eval_frequency.value: {said}"]


def test_the_whole_training_is_a_fraction() -> None:
    document = changed("built-in-transe", eval_frequency={"type": "evaluate_every_pct", "value": 1})
    assert warnings(document, 10) == warnings(example("built-in-transe"), 10)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (
            {"model": "rgnc"},
            (
                '.model: should be "custom", "rgcn", "transe", "distmult" or "rotate" (value: "rgnc").'
                ' Did you mean "rgcn"?'
            ),
        ),
        ({"task_typ": 1}, '.task_typ: is not a known key here (value: 1). Did you mean "task_type"?'),
        ({"comment": "mine"}, '.comment: is not a known key here (value: "mine"). Remove it'),
        (
            {"eval_metric": "acc"},
            (
                '.eval_metric: should be an object (value: "acc").'
                ' Set it to an object with metric, such as {"metric": "F1"}'
            ),
        ),
        (
            {"1-tier-param": [7]},
            '["1-tier-param"][0]: should be an object (value: 7). Set it to an object with "param" and "type"',
        ),
        (
            {"1-tier-param": {}},
            (
                '["1-tier-param"]: should be a valid list (value: {}).'
                " Set it to a list of parameters that are always tuned; it can be empty"
            ),
        ),
        (
            {"1-tier-param": [{"type": "int", "range": [1, 2]}]},
            (
                '["1-tier-param"][0]: has no "param" (value: {"type": "int", "range": [1, 2]}).'
                " Add it: the name that the script takes after --: letters, digits, _, . and -"
            ),
        ),
    ],
)
def test_a_problem_of_the_format_is_said_with_its_place_value_and_remedy(keys: dict[str, Any], said: str) -> None:
    assert problems(changed("built-in-transe", **keys)) == [f"models[0]{said}"]


def test_a_document_that_is_no_object_or_has_no_model_is_said_to_need_exactly_one() -> None:
    assert problems([]) == [
        'model-hpo-configuration.json: should be an object (value: []). Set it to an object with "models"'
    ]
    assert problems({"models": []}) == [
        (
            "models: should have at least 1 item, not 0 (value: [])."
            " Set it to a list of exactly one model: with more, the tuning job fails"
        )
    ]


def test_a_parameter_that_can_be_read_only_in_part_counts_among_those_that_are_tuned() -> None:
    many = [{"param": f"p{n}", "type": "int", "range": [1, 9], "x": 1} for n in range(31)]
    tiers = {"1-tier-param": many, "2-tier-param": [], "3-tier-param": [], "fixed-param": []}
    assert problems(changed("custom-link-predict", **tiers))[-1] == (
        "models[0]: SageMaker tunes at most 30 hyperparameters (value: 31). Move some to fixed-param or remove them"
    )


def test_a_parameter_that_can_be_read_only_in_part_has_no_problem_of_the_part_that_cannot() -> None:
    assert problems(with_parameter(range=[1])) == [
        (
            f"{TIER_1}[0].range: should have at least 2 items, not 1 (value: [1])."
            " Set it to the least and the greatest value, such as [16, 128]"
        )
    ]


@pytest.mark.parametrize("regex", ["a", "a" * 500])
def test_the_shortest_and_the_longest_expression_are_checked(regex: str) -> None:
    [problem] = problems(with_regexes(regex))
    assert problem.startswith(f"{METRIC}.metric_definitions[0].Regex: has no group")
