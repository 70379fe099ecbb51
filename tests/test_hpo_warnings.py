"""The warnings of the check of a configuration, word for word: place, problem, value and remedy."""

from typing import Any

import pytest

from neptune_training.checks import hpo
from neptune_training.checks.hpo.search_warnings import unknown_to
from tests.test_hpo import example, model, with_parameter, with_regexes
from tests.test_hpo_messages import METRIC, TIER_1, TIER_2, TIER_3, changed, warnings

FEW = "maxHPONumberOfTrainingJobs: fewer than 10 trials rarely find a good model (value: {}). Set it to at least 10"
UNTUNED = (
    "{}: is not tuned with {} trials: its parameters take their defaults (value: {})."
    " Set maxHPONumberOfTrainingJobs above {}, or move the important ones to 1-tier-param"
)
IN_QUOTES = 'models[0].eval_frequency.value: is a number in quotes (value: "2"). Write 2 without them'


@pytest.mark.parametrize("trials", [None, 9])
def test_a_search_of_less_than_ten_trials_is_said_to_be_short_and_which_tiers_it_leaves_out(trials: int | None) -> None:
    number = trials or 2
    assert warnings(example(), trials) == [
        FEW.format(number),
        UNTUNED.format(TIER_2, number, '["dropout"]', 10),
        UNTUNED.format(TIER_3, number, '["batch_size"]', 50),
    ]


def test_a_search_of_ten_trials_is_said_only_to_leave_tiers_out() -> None:
    assert warnings(example(), 10) == [
        UNTUNED.format(TIER_2, 10, '["dropout"]', 10),
        UNTUNED.format(TIER_3, 10, '["batch_size"]', 50),
    ]


def test_two_trials_of_which_nothing_is_tuned_are_said_to_be_alike() -> None:
    assert warnings(example("built-in-node-regression"), 2) == [
        (
            "maxHPONumberOfTrainingJobs: all 2 trials train with the same values: nothing is tuned (value: 2)."
            " Set it to 1, or move parameters to 1-tier-param"
        )
    ]


@pytest.mark.parametrize(
    ("array", "keys", "said"),
    [
        ("1-tier-param", {"range": [1, 1]}, "range: has one value only (value: [1, 1]). Move it to fixed-param"),
        ("1-tier-param", {"options": [1]}, "options: has one value only (value: [1]). Move it to fixed-param"),
        (
            "1-tier-param",
            {"options": [1, 2], "inc_strategy": "log"},
            'inc_strategy: has no effect without a range (value: "log"). Remove it, or add a range',
        ),
        (
            "1-tier-param",
            {"options": [1, 2], "inc_val": 1},
            "inc_val: has no effect without a range (value: 1). Remove it, or add a range",
        ),
        (
            "2-tier-param",
            {"range": [1, 2]},
            "default: is not among the values that would be searched (value: 0.5). Nothing to do if this is intended",
        ),
        (
            "2-tier-param",
            {"range": [0, 0.4]},
            "default: is not among the values that would be searched (value: 0.5). Nothing to do if this is intended",
        ),
        (
            "2-tier-param",
            {"options": [1, 2]},
            "default: is not among the values that would be searched (value: 0.5). Nothing to do if this is intended",
        ),
        (
            "fixed-param",
            {"param": "task"},
            'param: is a name that Neptune passes to the script itself (value: "task"). Choose another name',
        ),
    ],
)
def test_a_parameters_warning_is_said_with_its_place_value_and_remedy(
    array: str, keys: dict[str, Any], said: str
) -> None:
    found = warnings(with_parameter(array, **keys), 9)
    assert [each for each in found if "[0]." in each.removeprefix("models[0]")] == [f'models[0]["{array}"][0].{said}']


@pytest.mark.parametrize(
    ("array", "keys"),
    [
        ("1-tier-param", {"range": [1, 2]}),
        ("2-tier-param", {"range": [0.5, 2]}),
        ("2-tier-param", {"range": [0, 0.5]}),
        ("2-tier-param", {"options": [0.5, 2]}),
        ("2-tier-param", {"range": [0, 1], "default": "9"}),
        ("fixed-param", {"range": [1, 1]}),
        ("fixed-param", {"options": [1], "inc_val": 1}),
    ],
)
def test_a_default_among_the_values_and_whatever_is_fixed_are_no_warning(array: str, keys: dict[str, Any]) -> None:
    found = warnings(with_parameter(array, **keys), 9)
    assert [each for each in found if "[0]." in each.removeprefix("models[0]")] == []


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        ({"metric": "f1"}, '.metric: is not a metric in the Neptune ML guide (value: "f1"). Did you mean "F1"?'),
        (
            {"metric": "zzzzzzz"},
            (
                '.metric: is not a metric in the Neptune ML guide (value: "zzzzzzz").'
                ' Write "acc", "acc_topk", "F1", "mse", "mrr", "precision", "recall" or "roc_auc"'
            ),
        ),
        (
            {"metric": "acc", "topk": 2},
            '.topk: has no effect on acc (value: 2). Remove it, or set metric to "acc_topk"',
        ),
    ],
)
def test_a_metrics_warning_is_said_with_its_place_value_and_remedy(metric: dict[str, Any], said: str) -> None:
    assert warnings(changed("built-in-rgcn", eval_metric=metric)) == [f"{METRIC}{said}", IN_QUOTES]


def test_a_topk_of_acc_topk_and_a_number_without_quotes_are_no_warning() -> None:
    frequency = {"type": "evaluate_every_epoch", "value": 2}
    metric = {"metric": "acc_topk", "topk": 2}
    assert warnings(changed("built-in-rgcn", eval_metric=metric, eval_frequency=frequency)) == []


def test_a_custom_models_warnings_are_said_with_place_value_and_remedy() -> None:
    document = changed("custom-node-class", eval_frequency={"type": "evaluate_every_epoch", "value": 1})
    definitions = model(document)["eval_metric"]["metric_definitions"]
    definitions.append({"Name": definitions[0]["Name"], "Regex": "(a)|(b)"})
    place = f"{METRIC}.metric_definitions[1]"
    assert warnings(document) == [
        f'{place}.Name: is defined more than once (value: "accuracy"). Keep one definition',
        (
            f'{place}.Regex: has several groups, and only the first is read (value: "(a)|(b)").'
            " Start the other groups with ?:"
        ),
        (
            "models[0].eval_frequency: has no effect on a custom model: its script decides"
            ' (value: {"type": "evaluate_every_epoch", "value": 1}). Remove it'
        ),
    ]


def test_a_regular_expression_that_only_some_pythons_compile_is_a_warning_with_what_python_says() -> None:
    assert warnings(with_regexes("loss: ([0-9.]+)(?i)")) == [
        (
            f"{METRIC}.metric_definitions[0].Regex: was not checked: it compiles with older Pythons only:"
            ' global flags not at the start of the expression at position 15 (value: "loss: ([0-9.]+)(?i)").'
            " Nothing to do if SageMaker accepts it"
        )
    ]


def test_eleven_trials_of_which_only_tier_two_is_tuned_are_not_said_to_be_alike() -> None:
    document = with_parameter("2-tier-param", range=[0, 1])
    model(document)["1-tier-param"] = []
    assert warnings(document, 11) == []


def test_a_parameter_that_the_script_does_not_accept_is_said_with_the_option_that_is_nearest() -> None:
    document = with_parameter("1-tier-param", range=[0, 1])
    model(document)["1-tier-param"] += [
        {"param": name, "type": "int", "range": [1, 9]} for name in ("widht", "heads", "X")
    ]
    placed = hpo.check(document, max_hpo_jobs=60).parameters
    known = ["--X-rays", "--news", "-width-", "--dropout", "--batch_size", "--edge-paths", "--lr", "--epochs"]
    said = [str(each) for each in unknown_to("train.py", known, placed) if each.field.startswith(TIER_1)]
    assert said == [
        (
            f"{TIER_1}[1].param: is not an option of train.py, which would exit with code 2"
            ' (value: "widht"). Did you mean "width-"?'
        ),
        (
            f"{TIER_1}[2].param: is not an option of train.py, which would exit with code 2"
            ' (value: "heads"). Add it to the script, or remove it here'
        ),
    ]
