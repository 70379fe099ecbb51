"""A model's configuration: `model-hpo-configuration.json` (custom model) or `model-HPO-configuration.json` (built-in).

    document ─┬► format: what it can hold ─── problems ─┐
              ├► parameters, metrics: its rules ───────┴► all that is wrong, at once
              └► tiers: what will be tuned ── search_warnings ──► warnings

An error is something that the Neptune ML guide or SageMaker's limits do not allow, or that cannot be passed to the
script. Everything else is a warning. The files that AWS publishes have no errors.
"""

from neptune_training.checks.hpo.file_check import Checked, check
from neptune_training.checks.hpo.format import HpoFile, Parameter
from neptune_training.checks.hpo.tiers import SearchPlan, tuned

__all__ = ["Checked", "HpoFile", "Parameter", "SearchPlan", "check", "tuned"]
