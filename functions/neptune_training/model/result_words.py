"""A job's `result` in words, for people: e-mails, `neptune-training show`, the end of `make run`."""

from collections.abc import Iterator, Mapping
from typing import Any


def in_words(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield lines such as "best trial: accuracy 0.9432 after 412 s, of 10 trials: 8 completed, 2 failed, 0 stopped"."""
    trials, best, log = result.get("trials", {}), result.get("bestTrial", {}), result.get("log", {})
    ended = ", ".join(f"{count} {how}" for how, count in trials.items())
    if best:
        metric = " ".join(str(best["metric"][name]) for name in ("name", "value") if name in best.get("metric", {}))
        seconds = f" after {best['seconds']} s" if "seconds" in best else ""
        yield f"best trial: {metric or best.get('name')}{seconds}, of {sum(trials.values())} trials: {ended}"
        if tuned := best.get("hyperparameters"):
            yield "with: " + ", ".join(f"{name}={value}" for name, value in tuned.items())
    elif trials:
        yield f"trials: {ended}"
    if log:
        yield f"log: {log.get('group')} {log.get('stream')}"
        yield from (f"  {line}" for line in log.get("lines", ()))
    if "command" in log:
        yield f"its last lines: {log['command']}"
