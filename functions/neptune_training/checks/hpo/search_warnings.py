"""Warnings about a file that is valid, but trains badly, or in another way than its author expects."""

from collections.abc import Collection, Iterable, Iterator, Sequence

from neptune_training.checks.hpo.format import CustomModel, HpoFile
from neptune_training.checks.hpo.metrics import FREQUENCY, METRIC, Compiled, definitions
from neptune_training.checks.hpo.parts import FIXED, Placed, at
from neptune_training.checks.hpo.tiers import TRIALS_ABOVE, is_tuned, tuned
from neptune_training.checks.pydantic_errors import listing
from neptune_training.model.problems import NOTHING_TO_DO, Problem, meant

ENOUGH_TRIALS = 10  # the service model `neptunedata`, maxHPONumberOfTrainingJobs
TRIALS = ("maxHPONumberOfTrainingJobs",)
METRICS = ("acc", "acc_topk", "F1", "mse", "mrr", "precision", "recall", "roc_auc")
NEPTUNES_OWN = {"task", "model", "name", "target_ntype", "target_etype", "property"}


def of(
    file: HpoFile, document: object, placed: Collection[Placed], trials: int, compiled: Compiled
) -> Iterator[Problem]:
    """Yield all warnings for a file without errors. `placed` are its parameters."""
    yield from about_trials(file, trials)
    yield from about_tiers(placed, trials)
    custom = isinstance(file.model, CustomModel)
    yield from about_custom_metric(document, compiled) if custom else about_metric(document)
    for each in placed:
        yield from about_parameter(each, trials)
        if each.parameter.param in NEPTUNES_OWN and custom:
            problem, remedy = "is a name that Neptune passes to the script itself", "Choose another name"
            yield Problem.at((*each.place, "param"), each.parameter.param, problem, remedy)


def about_trials(file: HpoFile, trials: int) -> Iterator[Problem]:
    """Yield warnings about a search that is too short, or that tunes nothing."""
    plan = tuned(file, trials)
    if plan.tuned and trials < ENOUGH_TRIALS:
        problem = f"fewer than {ENOUGH_TRIALS} trials rarely find a good model"
        yield Problem.at(TRIALS, trials, problem, f"Set it to at least {ENOUGH_TRIALS}")
    if not plan.tuned and trials > 1:
        problem = f"all {trials} trials train with the same values: nothing is tuned"
        yield Problem.at(TRIALS, trials, problem, "Set it to 1, or move parameters to 1-tier-param")


def about_tiers(placed: Collection[Placed], trials: int) -> Iterator[Problem]:
    """Yield warnings about tiers whose parameters take their defaults."""
    for array, above in TRIALS_ABOVE.items():
        names = [each.parameter.param for each in placed if each.array == array]
        if names and not is_tuned(array, trials):
            problem = f"is not tuned with {trials} trials: its parameters take their defaults"
            remedy = f"Set maxHPONumberOfTrainingJobs above {above}, or move the important ones to 1-tier-param"
            yield Problem.at(("models", 0, array), names, problem, remedy)


def about_custom_metric(document: object, compiled: Compiled) -> Iterator[Problem]:
    """Yield warnings about metrics that SageMaker may read in another way than the author expects."""
    seen: set[str] = set()
    for place, name, regex in definitions(document):
        if name in seen:
            yield Problem.at((*place, "Name"), name, "is defined more than once", "Keep one definition")
        seen.add(name)
        if why := compiled[regex].unchecked:
            problem, remedy = f"was not checked: {why}", f"{NOTHING_TO_DO} if SageMaker accepts it"
            yield Problem.at((*place, "Regex"), regex, problem, remedy)
        if compiled[regex].groups > 1:
            problem, remedy = "has several groups, and only the first is read", "Start the other groups with ?:"
            yield Problem.at((*place, "Regex"), regex, problem, remedy)
    if frequency := at(document, *FREQUENCY):
        problem, remedy = "has no effect on a custom model: its script decides", "Remove it"
        yield Problem.at(FREQUENCY, frequency, problem, remedy)


def about_metric(document: object) -> Iterator[Problem]:
    """Yield warnings about values that Neptune may accept, although the Neptune ML guide does not name them."""
    metric, topk = at(document, *METRIC, "metric"), at(document, *METRIC, "topk")
    if metric not in METRICS:
        remedy = meant(metric, METRICS) or f"Write {listing(METRICS, 'or')}"
        yield Problem.at((*METRIC, "metric"), metric, "is not a metric in the Neptune ML guide", remedy)
    if topk is not None and metric != "acc_topk":
        yield Problem.at(
            (*METRIC, "topk"), topk, f"has no effect on {metric}", 'Remove it, or set metric to "acc_topk"'
        )
    value = at(document, *FREQUENCY, "value")
    if isinstance(value, str):
        yield Problem.at((*FREQUENCY, "value"), value, "is a number in quotes", f"Write {value} without them")


def about_parameter(each: Placed, trials: int) -> Iterator[Problem]:
    """Yield warnings about a parameter with little or nothing to search. A fixed parameter is not searched."""
    parameter = each.parameter
    if each.array == FIXED:
        return
    if parameter.range and parameter.range[0] == parameter.range[1]:
        yield Problem.at((*each.place, "range"), parameter.range, "has one value only", f"Move it to {FIXED}")
    if parameter.options and len(parameter.options) == 1:
        yield Problem.at((*each.place, "options"), parameter.options, "has one value only", f"Move it to {FIXED}")
    for key in ("inc_strategy", "inc_val"):
        if not parameter.range and (value := getattr(parameter, key)) is not None:
            yield Problem.at((*each.place, key), value, "has no effect without a range", "Remove it, or add a range")
    if not is_tuned(each.array, trials) and is_outside(parameter.default, parameter.range, parameter.options):
        problem, remedy = "is not among the values that would be searched", f"{NOTHING_TO_DO} if this is intended"
        yield Problem.at((*each.place, "default"), parameter.default, problem, remedy)


def unknown_to(script: str, options: Sequence[str], found: Iterable[Placed]) -> Iterator[Problem]:
    """Yield a warning for each parameter that the training script's argparse does not know: it would exit with code 2.

    argparse also accepts the first letters of an option's name.
    """
    names = [option.lstrip("-") for option in options]
    for each in found:
        name = each.parameter.param
        if not any(known.startswith(name) for known in names):
            remedy = meant(name, names) or "Add it to the script, or remove it here"
            problem = f"is not an option of {script}, which would exit with code 2"
            yield Problem.at((*each.place, "param"), name, problem, remedy)


def is_outside(default: object, range_: list[float] | None, options: list[object] | None) -> bool:
    """Return True if the search would never try this default. A number in quotes is not compared."""
    if range_ and isinstance(default, int | float):
        return not range_[0] <= default <= range_[1]
    return bool(options) and default not in (options or ())
