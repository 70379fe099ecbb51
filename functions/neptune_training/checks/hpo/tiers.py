"""Find out what a search tunes: tier 1 always, tier 2 above 10 trials, tier 3 above 50 (Neptune ML guide)."""

from typing import NamedTuple

from neptune_training.checks.hpo.format import HpoFile, Parameter
from neptune_training.model.parameters import NEPTUNES_DEFAULTS

TRIALS_ABOVE = {"1-tier-param": 0, "2-tier-param": 10, "3-tier-param": 50}


class SearchPlan(NamedTuple):
    """Hold what a search will do: the parameters that it tunes, and those that take their defaults."""

    trials: int
    tuned: tuple[Parameter, ...]
    defaults: tuple[Parameter, ...]


def tuned(file: HpoFile, max_hpo_jobs: int | None) -> SearchPlan:
    """Return what a search of `max_hpo_jobs` trials does with the file's parameters. None is Neptune's default, 2."""
    trials, model = trials_of(max_hpo_jobs), file.model
    searched: list[Parameter] = []
    defaults: list[Parameter] = []
    for array, parameters in zip(TRIALS_ABOVE, (model.tier_1, model.tier_2, model.tier_3), strict=True):
        (searched if is_tuned(array, trials) else defaults).extend(parameters)
    return SearchPlan(trials, tuple(searched), (*defaults, *model.fixed))


def trials_of(max_hpo_jobs: int | None) -> int:
    """Return the number of trials for maxHPONumberOfTrainingJobs, which may be None."""
    return NEPTUNES_DEFAULTS["maxHPONumberOfTrainingJobs"] if max_hpo_jobs is None else max_hpo_jobs


def is_tuned(array: str, trials: int) -> bool:
    """Return True if a search of `trials` tunes the parameters in this array."""
    return array in TRIALS_ABOVE and trials > TRIALS_ABOVE[array]
