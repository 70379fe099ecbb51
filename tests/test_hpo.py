import copy
import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local import schemas
from neptune_training.checks import hpo
from neptune_training.checks.json_documents import read
from neptune_training.model.problems import Invalid, path

EXAMPLES = sorted((Path(__file__).parent / "hpo").glob("*.json"))
NAMES = [example.stem for example in EXAMPLES]


def example(name="custom-node-class"):
    file = next(each for each in EXAMPLES if each.stem == name)
    return read(file.read_bytes(), file.name)


def model(document):
    return document["models"][0]


def with_parameter(array="1-tier-param", **keys):
    document = example("custom-link-predict")
    model(document)[array] = [{"param": "new", "type": "float", "default": 0.5, **keys}]
    return document


def errors(document, trials=60):
    with pytest.raises(Invalid) as caught:
        hpo.check(document, max_hpo_jobs=trials)
    return {reason.field: reason for reason in caught.value.problems}


def warnings(document, trials=60):
    return {reason.field: reason for reason in hpo.check(document, max_hpo_jobs=trials).warnings}


# --- files that pass --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("trials", [None, 1, 10, 11, 51])
def test_accepts_files_of_the_shapes_that_are_published(name, trials):
    file = hpo.check(example(name), max_hpo_jobs=trials).file
    assert file.model.model in name or file.model.model == "rgcn"


@pytest.mark.parametrize("name", ["custom-node-class", "custom-link-predict", "custom-edge-regression"])
def test_has_nothing_to_say_of_a_good_file_and_enough_trials(name):
    assert warnings(example(name)) == {}


def test_takes_numbers_as_they_were_written():
    parameters = hpo.check(example(), max_hpo_jobs=20).file.model.tier_1
    assert [repr(parameter.range) for parameter in parameters] == ["[8, 64]", "[2, 20.0]", "[0.0005, 0.01]"]


@pytest.mark.parametrize(
    ("type_name", "value"),
    [("int", 2.0), ("int", "20"), ("float", 1), ("float", "1e-3"), ("bool", "True"), ("bool", 0), ("str", 5)],
)
def test_accepts_a_value_that_a_script_can_read_as_its_type(type_name, value):
    hpo.check(with_parameter("fixed-param", type=type_name, default=value), max_hpo_jobs=20)


# --- structure --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("document", [None, 7, "models", [], [{"models": []}]])
def test_refuses_what_is_no_object(document):
    [reason] = errors(document).values()
    assert str(reason).startswith("model-hpo-configuration.json: should be an object")


def test_names_the_file_as_its_user_does():
    with pytest.raises(Invalid) as caught:
        hpo.check([], max_hpo_jobs=None, name="model-HPO-configuration.json")
    assert [reason.field for reason in caught.value.problems] == ["model-HPO-configuration.json"]


@pytest.mark.parametrize("number", [0, 2])
def test_refuses_any_number_of_models_but_one(number):
    document = example()
    document["models"] *= number
    assert "exactly one model" in errors(document)["models"].remedy


@pytest.mark.parametrize("array", ["1-tier-param", "2-tier-param", "3-tier-param", "fixed-param"])
def test_refuses_a_model_without_one_of_the_arrays(array):
    document = example()
    del model(document)[array]
    assert errors(document)["models[0]"].problem == f'has no "{array}"'


@pytest.mark.parametrize(
    ("change", "field", "remedy"),
    [
        ({"model": "rgnc"}, "models[0].model", 'Did you mean "rgcn"?'),
        ({"task_type": "node_classification"}, "models[0].task_type", 'Did you mean "node_class"?'),
        ({"task_typ": "node_class"}, "models[0].task_typ", 'Did you mean "task_type"?'),
        ({"comment": "mine"}, "models[0].comment", "Remove it"),
        ({"built-in": 1}, 'models[0]["built-in"]', "Remove it"),
        ({"2-teir-param": []}, 'models[0]["2-teir-param"]', 'Did you mean "2-tier-param"?'),
        ({"eval_metric": "acc"}, "models[0].eval_metric", 'Set it to an object with metric, such as {"metric": "F1"}'),
        (
            {"eval_metric": {"metric": "mrr", "topk": 0}},
            "models[0].eval_metric.topk",
            "Set it to a number of predictions",
        ),
        ({"1-tier-param": [7]}, 'models[0]["1-tier-param"][0]', 'Set it to an object with "param" and "type"'),
        ({"1-tier-param": {}}, 'models[0]["1-tier-param"]', "Set it to a list of parameters"),
        (
            {"eval_frequency": {"type": "evaluate_every_epoc", "value": 1}},
            "models[0].eval_frequency.type",
            'Did you mean "evaluate_every_epoch"?',
        ),
        (
            {"eval_frequency": {"type": "evaluate_every_epoch", "value": 1.5}},
            "models[0].eval_frequency.value",
            "Set it to a whole number",
        ),
        (
            {"eval_frequency": {"type": "evaluate_every_pct", "value": 10}},
            "models[0].eval_frequency.value",
            "Set it to a fraction",
        ),
        (
            {"eval_frequency": {"type": "evaluate_every_batch", "value": "often"}},
            "models[0].eval_frequency.value",
            "Set it to a number",
        ),
    ],
)
def test_says_where_a_model_is_misspelt_and_what_was_meant(change, field, remedy):
    document = example("built-in-transe")
    model(document).update(change)
    assert errors(document)[field].remedy.startswith(remedy)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (0, "should be above 0"),
        ("0", "should be above 0"),
        (-1, "should be above 0"),
        ("often", "should be a finite number"),
        ("inf", "should be a finite number"),
        (True, "should be a finite number"),
        (None, "should be a finite number"),
    ],
)
def test_an_eval_frequency_that_is_not_above_0_is_told_from_one_that_is_no_number(value, problem):
    document = example("built-in-transe")
    model(document)["eval_frequency"] = {"type": "evaluate_every_batch", "value": value}
    assert errors(document)["models[0].eval_frequency.value"].problem == problem


def test_refuses_the_metric_of_the_other_kind_of_model():
    custom, built_in = example("custom-node-class"), example("built-in-rgcn")
    model(custom)["eval_metric"], model(built_in)["eval_metric"] = (
        model(built_in)["eval_metric"],
        model(custom)["eval_metric"],
    )
    assert "models[0].eval_metric.metric" in errors(custom)
    assert "models[0].model" in errors(built_in)


# --- parameters -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "key", "problem"),
    [
        ({"range": [0.5, 0.1]}, "range", "its minimum, 0.5, is above its maximum, 0.1"),
        ({"range": [1]}, "range", "should have at least 2 items, not 1"),
        ({"range": [1, 2, 3]}, "range", "should have at most 2 items, not 3"),
        ({"range": [0, "1"]}, "range[1]", "should be a finite number"),
        ({"range": [False, 1]}, "range[0]", "should be a finite number"),
        ({"range": [0, 10**400]}, "range[1]", "should be a finite number"),
        ({"range": [1, 2.5], "type": "int"}, "range", "has numbers that are not whole"),
        ({"range": [0, 1], "type": "bool"}, "range", "a bool cannot have a range"),
        ({"range": [0, 1], "inc_strategy": "log"}, "range", "the inc_strategy log needs values above 0"),
        ({"range": [-2, 2], "inc_strategy": "power2"}, "range", "the inc_strategy power2 needs values above 0"),
        ({"range": [1, 2], "inc_strategy": "log10"}, "inc_strategy", 'should be "linear", "log" or "power2"'),
        ({"range": [1, 2], "inc_val": 0}, "inc_val", "should be above 0"),
        ({"range": [1, 2], "node_strategy": "perK"}, "node_strategy", 'should be "perM", "per10M" or "per100M"'),
        ({"range": [1, 2], "type": "integer"}, "type", 'should be "int", "float", "bool" or "str"'),
        ({"range": [1, 2], "param": "--new"}, "param", "has characters that are not allowed there"),
        ({"range": [1, 2], "param": "new one"}, "param", "has characters that are not allowed there"),
        ({"range": [1, 2], "param": "new\n"}, "param", "has characters that are not allowed there"),
        ({"range": [1, 2], "default": {}}, "default", "should be a number, a text, true or false, or a short list"),
        ({"range": [1, 2], "default": "low"}, "default", "cannot be read as float"),
        ({"range": [1, 2], "type": "int", "default": 1.5}, "default", "cannot be read as int"),
        ({"range": [1, 2], "defualt": 1}, "defualt", "is not a known key here"),
        ({"options": []}, "options", "should have at least 1 item, not 0"),
        ({"options": [1, "a"]}, "options[1]", "cannot be read as float"),
        ({"options": [[1, 2], [True]]}, "options[1]", "cannot be read as float"),
        ({"options": list(range(31))}, "options", "should have at most 30 items, not 31"),
    ],
)
def test_says_what_is_wrong_with_a_key_of_a_parameter(keys, key, problem):
    reason = errors(with_parameter(**keys))[f'models[0]["1-tier-param"][0].{key}']
    assert reason.problem.startswith(problem)
    assert reason.remedy


@pytest.mark.parametrize(
    ("array", "keys", "trials", "problem"),
    [
        ("1-tier-param", {}, 60, "has neither a range nor options"),
        ("1-tier-param", {"range": [1, 2], "options": [1, 2]}, 60, "has both a range and options"),
        ("2-tier-param", {"range": [1, 2], "default": None}, 10, "has no default, and with 10 trials"),
        ("3-tier-param", {"range": [1, 2], "default": None}, 50, "has no default, and with 50 trials"),
        ("fixed-param", {"default": None}, 60, "should be a number, a text, true or false"),
    ],
)
def test_says_what_is_wrong_with_a_parameter_of_this_array(array, keys, trials, problem):
    found = errors(with_parameter(array, **keys), trials)
    assert any(
        field.startswith(f'models[0]["{array}"][0]') and reason.problem.startswith(problem)
        for field, reason in found.items()
    )


@pytest.mark.parametrize(("array", "trials"), [("1-tier-param", 1), ("2-tier-param", 11), ("3-tier-param", 51)])
def test_needs_no_default_of_a_parameter_that_is_tuned(array, trials):
    hpo.check(with_parameter(array, range=[1, 2], default=None), max_hpo_jobs=trials)


def test_refuses_a_name_that_comes_twice_and_names_both_places():
    reason = errors(with_parameter("fixed-param", param="width"))['models[0]["fixed-param"][0].param']
    assert reason.problem == 'is used twice: models[0]["1-tier-param"][0] has the same name'


def test_refuses_more_parameters_than_sagemaker_tunes():
    document = with_parameter()
    model(document)["1-tier-param"] = [{"param": f"p{n}", "type": "int", "range": [1, 9]} for n in range(31)]
    assert errors(document)["models[0]"].problem == "SageMaker tunes at most 30 hyperparameters"


# --- metrics ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("regex", "problem"),
    [
        ("loss: [0-9.]+", "has no group"),
        ("loss: (?:[0-9.]+)", "has no group"),
        ("loss: ([0-9.]+", "is not a valid Python regular expression: "),
        ("(?<=a*)(b)", "is not a valid Python regular expression: "),
        ("([\x01-\uffff]", "is not a valid Python regular expression: missing )"),
        ("", "should have at least 1 character"),
        ("(x)" * 200, "should have at most 500 characters"),
        (7, "should be a valid string"),
    ],
)
def test_refuses_a_regex_that_reads_no_number(regex, problem):
    document = example()
    model(document)["eval_metric"]["metric_definitions"][0]["Regex"] = regex
    found = errors(document)["models[0].eval_metric.metric_definitions[0].Regex"]
    assert found.problem.startswith(problem)


@pytest.mark.parametrize(
    "regex",
    [
        "(a+)+$",
        "((?:a{1,65535}){1,65535})",
        "(" * 90 + "a" + ")" * 90,
        "([[a-z])",
        "(?i)([\x01-\U0010ffff])",
        "(?i)(1)[" + "\u0100-\uffff" * 160 + "]",
        "[\x01-\uffff](x)[\\x00-\\xff]",
        "[\\u0370-\\u03ff]+: ([0-9.]+)[\\u0400-\\u04ff]",
    ],
)
def test_takes_no_time_over_a_regex_that_could_run_forever(regex):
    document, begin = with_regexes(regex), time.process_time()
    hpo.check(document, max_hpo_jobs=20)
    assert time.process_time() - begin < 0.5


def test_regexes_that_take_too_long_to_compile_are_warnings():
    document = with_regexes(*(f"(?i)([\x01-\U0010ffff]{{{number}}})" * 20 for number in range(40)))
    checked = hpo.check(document, max_hpo_jobs=20)
    assert {each.problem.partition(":")[0] for each in checked.warnings} >= {"was not checked"}


@pytest.mark.parametrize("regex", ["loss: ([0-9.]+)(?i)", "loss: (a{99999999999999999999})"])
def test_warns_of_a_regex_that_another_python_may_compile(regex):
    assert (
        "was not checked" in warnings(with_regexes(regex))["models[0].eval_metric.metric_definitions[0].Regex"].problem
    )


def with_regexes(*regexes):
    document = example()
    metric = model(document)["eval_metric"]
    first = metric["metric_definitions"][0]
    metric["metric_definitions"] = [
        {**first, "Name": first["Name"] if not number else f"m{number}", "Regex": regex}
        for number, regex in enumerate(regexes)
    ]
    return document


def test_refuses_an_objective_that_is_not_measured():
    document = example("custom-link-predict")
    model(document)["eval_metric"]["tuning_objective"]["MetricName"] = "mrr"
    assert errors(document)["models[0].eval_metric.tuning_objective.MetricName"].remedy == 'Did you mean "MRR"?'


def test_refuses_a_type_of_objective_that_sagemaker_would():
    document = example()
    model(document)["eval_metric"]["tuning_objective"]["Type"] = "maximise"
    assert errors(document)["models[0].eval_metric.tuning_objective.Type"].remedy == 'Did you mean "Maximize"?'


# --- all at once ------------------------------------------------------------------------------------------------------


def test_finds_errors_of_structure_and_of_rules_at_once():
    document = example()
    document["modles"] = []
    model(document)["model"] = "custm"
    model(document)["eval_metric"]["metric_definitions"][0]["Regex"] = "no group"
    model(document)["1-tier-param"][0] |= {"range": [9, 1], "inc_val": "big"}
    del model(document)["fixed-param"][0]["default"]
    assert set(errors(document)) == {
        "modles",
        "models[0].model",
        "models[0].eval_metric.metric_definitions[0].Regex",
        'models[0]["1-tier-param"][0].range',
        'models[0]["1-tier-param"][0].inc_val',
        'models[0]["fixed-param"][0]',
    }


def test_shows_the_value_in_one_line_and_short():
    reason = errors(with_parameter(param="new\n" * 1000, range=[1, 2]))['models[0]["1-tier-param"][0].param']
    assert len(reason.value) <= 200
    assert "\n" not in str(reason)


# --- warnings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trials", "fields"),
    [
        (None, {"maxHPONumberOfTrainingJobs", 'models[0]["2-tier-param"]', 'models[0]["3-tier-param"]'}),
        (9, {"maxHPONumberOfTrainingJobs", 'models[0]["2-tier-param"]', 'models[0]["3-tier-param"]'}),
        (10, {'models[0]["2-tier-param"]', 'models[0]["3-tier-param"]'}),
        (11, {'models[0]["3-tier-param"]'}),
        (50, {'models[0]["3-tier-param"]'}),
        (51, set()),
    ],
)
def test_warns_of_too_few_trials_for_a_search_or_for_a_tier(trials, fields):
    assert set(warnings(example(), trials)) == fields


def test_warns_when_all_trials_would_be_alike():
    assert "nothing is tuned" in warnings(example("built-in-node-regression"), 4)["maxHPONumberOfTrainingJobs"].problem
    assert warnings(example("built-in-node-regression"), 1) == {}


@pytest.mark.parametrize(
    ("array", "keys", "key", "problem"),
    [
        ("1-tier-param", {"range": [1, 1]}, "range", "has one value only"),
        ("1-tier-param", {"options": [1]}, "options", "has one value only"),
        ("1-tier-param", {"options": [1, 2], "inc_strategy": "log"}, "inc_strategy", "has no effect without a range"),
        ("1-tier-param", {"options": [1, 2], "inc_val": 1}, "inc_val", "has no effect without a range"),
        ("2-tier-param", {"range": [1, 2]}, "default", "is not among the values that would be searched"),
        ("3-tier-param", {"options": [1, 2]}, "default", "is not among the values that would be searched"),
        ("fixed-param", {"param": "task"}, "param", "is a name that Neptune passes to the script itself"),
    ],
)
def test_warns_of_a_parameter_that_trains_badly(array, keys, key, problem):
    assert warnings(with_parameter(array, **keys), 5)[f'models[0]["{array}"][0].{key}'].problem == problem


@pytest.mark.parametrize(
    ("name", "change", "field"),
    [
        ("built-in-rgcn", {"eval_metric": {"metric": "f1"}}, "models[0].eval_metric.metric"),
        ("built-in-rgcn", {"eval_metric": {"metric": "acc", "topk": 2}}, "models[0].eval_metric.topk"),
        ("built-in-rgcn", {}, "models[0].eval_frequency.value"),
        (
            "custom-node-class",
            {"eval_frequency": {"type": "evaluate_every_epoch", "value": 1}},
            "models[0].eval_frequency",
        ),
    ],
)
def test_warns_of_what_the_guide_says_otherwise(name, change, field):
    document = example(name)
    model(document).update(change)
    assert field in warnings(document)


def test_warns_of_metric_definitions_that_mean_two_things():
    document = example()
    metric = model(document)["eval_metric"]
    metric["metric_definitions"].append({"Name": "accuracy", "Regex": "(a)|(b)"})
    place = "models[0].eval_metric.metric_definitions[1]"
    assert set(warnings(document)) == {f"{place}.Name", f"{place}.Regex"}


# --- the plan ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trials", "tuned"),
    [
        (None, ["width", "epochs", "lr"]),
        (10, ["width", "epochs", "lr"]),
        (11, ["width", "epochs", "lr", "dropout"]),
        (51, ["width", "epochs", "lr", "dropout", "batch_size"]),
    ],
)
def test_plans_which_parameters_are_tuned_and_which_take_their_defaults(trials, tuned):
    plan = hpo.tuned(hpo.check(example(), max_hpo_jobs=trials).file, trials)
    every = ["width", "epochs", "lr", "dropout", "batch_size", "edge-paths"]
    assert plan.trials == (trials or 2)
    assert [parameter.param for parameter in plan.tuned] == tuned
    assert [parameter.param for parameter in plan.defaults] == every[len(tuned) :]


# --- whatever comes ---------------------------------------------------------------------------------------------------

WORDS = """models model task_type eval_metric metric topk tuning_objective metric_definitions MetricName Name Regex Type
1-tier-param fixed-param param type range options inc_strategy inc_val default custom built-in $schema"""
KEYS = st.sampled_from(WORDS.split())
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["custom", "rgcn", "int", "str", "log", "Maximize", "(a)", "node_class", 10**400])
)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=4), inner, max_size=6),
    max_leaves=15,
)


def places(value, place=()):
    """All paths into a document."""
    yield path(place) or "model-hpo-configuration.json"
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in inside:
        yield from places(inner, (*place, key))


@st.composite
def damaged(draw):
    """A good file with one value replaced, removed or added."""
    document = copy.deepcopy(example(draw(st.sampled_from(NAMES))))
    at = document
    for _ in range(draw(st.integers(0, 6))):
        inside = [each for each in (at.values() if isinstance(at, dict) else at) if isinstance(each, dict | list)]
        at = draw(st.sampled_from(inside)) if inside else at
    keys = list(at) if isinstance(at, dict) else list(range(len(at)))
    key = draw(st.sampled_from(keys)) if keys else None
    if key is not None and draw(st.booleans()):
        del at[key]
    elif isinstance(at, dict):
        at[key if key is not None and draw(st.booleans()) else draw(KEYS)] = draw(DOCUMENTS)
    else:
        at.append(draw(DOCUMENTS))
    return document


@given(
    DOCUMENTS | damaged() | st.fixed_dictionaries({"models": st.lists(DOCUMENTS, max_size=2)}),
    st.none() | st.integers(1, 60),
)
@settings(max_examples=300, deadline=None)
def test_gives_a_file_or_reasons_that_point_into_the_document_for_any_json(document, trials):
    try:
        found = hpo.check(document, max_hpo_jobs=trials).warnings
    except Invalid as invalid:
        found = invalid.problems
        assert found
    known = {*places(document), "maxHPONumberOfTrainingJobs", "…"}
    assert {reason.field for reason in found} <= known
    assert all(reason.remedy and reason.problem for reason in found)


@pytest.mark.parametrize(
    "document",
    [
        {"models": [{f"k{n}": n for n in range(100_000)}]},
        {"models": [{"1-tier-param": [{} for _ in range(200_000)]}]},
        {"models": [{"1-tier-param": [{f"k{n}": n for n in range(1000)}] * 100}]},
        {"models": [{}] * 200_000},
    ],
    ids=["many keys", "many parameters", "many keys of parameters", "many models"],
)
def test_takes_no_more_than_seconds_over_the_largest_of_files(document):
    begin = time.monotonic()
    errors(document)
    assert time.monotonic() - begin < 5


# --- schemas ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", schemas.SCHEMAS)
def test_schema_is_the_one_that_the_models_make(name):
    stored = (schemas.DIRECTORY / name).read_text(encoding="utf-8")
    assert stored == schemas.text(schemas.SCHEMAS[name]), "run: python -m local.schemas"


@pytest.mark.parametrize("name", schemas.SCHEMAS)
def test_schema_has_only_patterns_that_editors_understand(name):
    assert "\\\\z" not in schemas.text(schemas.SCHEMAS[name])
    json.loads(schemas.text(schemas.SCHEMAS[name]))
