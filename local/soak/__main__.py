"""The command line: `python -m local.soak --n 1000`. Exit code 0 where nothing was lost and nothing done twice."""

import argparse
import random
import sys
import time
from collections.abc import Iterable
from typing import Any

from rich.console import Console

from local.neptune_ml import NeptuneML
from local.soak import killer, report
from local.soak.course import Course
from local.soak.deliveries import Deliveries
from local.soak.front import Front
from local.soak.killer import Killer
from local.soak.triggers import Triggers
from local.soak.verdict import announced, judge
from local.stack import Stack

console = Console(highlight=False, soft_wrap=True)
STARTS = {
    "TooManyRequestsException": 0.30,
    "drop-after": 0.05,
    "drop-before": 0.05,
    "error-after": 0.01,
    "http-503": 0.01,
}
LOOKS_FAIL = 0.02
PARAMETERS = {"MaxConcurrentTrainingJobs": "20", "NeptuneReadTimeoutSeconds": "2"}
VISIBILITY_TIMEOUT = 20  # seconds; the template's 540 are for a function that may take 90, here it may take 15


def main() -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(prog="make soak", description="Many triggers, many faults; nothing lost or doubled.")
    parser.add_argument("--n", type=int, default=1000, help="triggers (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="makes the same triggers again")
    given = parser.parse_args()
    console.print(f"{given.n} triggers, seed {given.seed}")
    neptune = NeptuneML(stage_seconds=0.2, shares=STARTS, check_ids=False, seed=given.seed)
    neptune.fail("GetMLModelTrainingJob", "http-503", share=LOOKS_FAIL)
    with Front(random.Random(given.seed)) as front, Stack(PARAMETERS, neptune, front.before) as stack:
        return soak(stack, front, given.n, random.Random(given.seed))


def soak(stack: Stack, front: Front, n: int, chance: random.Random) -> int:
    """Send, disturb, wait, judge."""
    stack.client("sqs").set_queue_attributes(
        QueueUrl=stack.outputs["TrainingQueueUrl"], Attributes={"VisibilityTimeout": str(VISIBILITY_TIMEOUT)}
    )
    deliveries = Deliveries(stack, chance)
    triggers = Triggers(stack, deliveries, chance)
    course = Course(stack, triggers, deliveries)
    began, memory, disturber = time.monotonic(), killer.megabytes(), Killer(chance)
    try:
        course.run(n)
    finally:
        disturber.stop()
        deliveries.stop()
    seconds = time.monotonic() - began
    records, summary = stack.records(), stack.neptune.summary()
    heard = [message for _, message in stack.heard]
    verdict = judge(triggers.promises.values(), records, heard, summary)
    rows: list[tuple[str, Any, str]] = [
        ("triggers", len(triggers.promises), ""),
        ("delivered once more", deliveries.repeated, ""),
        ("seconds", f"{seconds:.0f}, {n / seconds:.1f} triggers a second", ""),
        *statuses(records),
        ("announced ends", len(announced(heard)), str(len(records))),
        ("slots left", len(slots(stack)), "0"),
        ("dead letters, sent back", course.redriven, ""),
        *report.of_neptune(summary),
        ("functions killed", disturber.killed, ""),
        *report.of_aws(front.calls, front.refused, n),
        ("MB for each function's process", f"{memory:.0f} → {killer.megabytes():.0f}", "flat"),
    ]
    report.show(console, rows, verdict)
    return 0 if verdict.well else 1


def statuses(records: Iterable[dict[str, Any]]) -> list[tuple[str, Any, str]]:
    """How many jobs the table has in each status."""
    found = [record["status"] for record in records]
    return [(f"  {status}", found.count(status), "") for status in sorted(set(found))]


def slots(stack: Stack) -> list[str]:
    """Who still holds a slot."""
    key = {"jobId": {"S": "#capacity"}}
    item = stack.client("dynamodb").get_item(TableName=stack.outputs["TrainingJobsTable"], Key=key, ConsistentRead=True)
    return list(item.get("Item", {}).get("slots", {}).get("SS", []))


if __name__ == "__main__":
    sys.exit(main())
