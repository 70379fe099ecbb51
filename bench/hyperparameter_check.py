"""Measure the check of a model's configuration against reading it with `json.loads`."""

import json
import statistics
import time
from collections.abc import Callable

from local.artefact import ROOT
from neptune_training.checks import hpo, json_documents

# The largest of the files that have the shapes of those that AWS publishes.
LARGEST = max((ROOT / "tests" / "hpo").glob("*.json"), key=lambda path: path.stat().st_size)
TIMES = 100
REPEATS = 15


def measured() -> tuple[list[float], float]:
    """Return the ratios of `REPEATS` comparisons, and the median time of 100 checks, in milliseconds of CPU."""
    raw = LARGEST.read_bytes()

    def check() -> None:
        document = json_documents.read(raw, LARGEST.name)
        hpo.check(document, max_hpo_jobs=10)

    check()  # a metric's regular expression is compiled in a child process, once
    ratios, times = [], []
    for _ in range(REPEATS):
        plain, checked = hundred(lambda: json.loads(raw)), hundred(check)
        ratios.append(checked / plain)
        times.append(checked)
    return ratios, statistics.median(times)


def hundred(act: Callable[[], object]) -> float:
    """Return the milliseconds of CPU that 100 calls take."""
    began = time.process_time()
    for _ in range(TIMES):
        act()
    return (time.process_time() - began) * 1000
