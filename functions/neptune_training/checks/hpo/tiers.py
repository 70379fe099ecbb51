"""What a search of so many trials tunes: tier 1 always, tier 2 with more than 10 trials, tier 3 with more than 50."""

from typing import NamedTuple

from neptune_training.checks.hpo.format import HpoFile, Parameter

TRIALS_ABOVE = {"1-tier-param": 0, "2-tier-param": 10, "3-tier-param": 50}
NEPTUNES_DEFAULT = 2  # trials


class Plan(NamedTuple):
    """What a search will do: parameters that it tunes, and parameters that take their defaults."""

    trials: int
    tuned: tuple[Parameter, ...]
    defaults: tuple[Parameter, ...]


def tuned(file: HpoFile, max_hpo_jobs: int | None) -> Plan:
    """What a search of `max_hpo_jobs` trials (None: Neptune's default, 2) does with the file's parameters."""
    trials, model = trials_of(max_hpo_jobs), file.model
    searched: list[Parameter] = []
    defaults: list[Parameter] = []
    for array, parameters in zip(TRIALS_ABOVE, (model.tier_1, model.tier_2, model.tier_3), strict=True):
        (searched if is_tuned(array, trials) else defaults).extend(parameters)
    return Plan(trials, tuple(searched), (*defaults, *model.fixed))


def trials_of(max_hpo_jobs: int | None) -> int:
    """What Neptune makes of maxHPONumberOfTrainingJobs."""
    return NEPTUNES_DEFAULT if max_hpo_jobs is None else max_hpo_jobs


def is_tuned(array: str, trials: int) -> bool:
    """Whether a search of `trials` tunes the parameters in this array."""
    return array in TRIALS_ABOVE and trials > TRIALS_ABOVE[array]
