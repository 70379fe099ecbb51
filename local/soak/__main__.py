"""The command line: `python -m local.soak --n 1000`. Exit code 0 if nothing was lost, doubled or stuck."""

import argparse
import random
import subprocess
import sys
import time

from rich.console import Console

from local.emulator import end_with_all
from local.neptune_ml import NeptuneML
from local.soak import report
from local.soak.course import Course
from local.soak.deliveries import Deliveries
from local.soak.front import Front
from local.soak.killer import Killer, megabytes
from local.soak.refusals import Refusals
from local.soak.triggers import Triggers
from local.soak.verdict import Evidence, judge
from local.stack import Stack

console = Console(highlight=False, soft_wrap=True)
STARTS = {
    "TooManyRequestsException": 0.30,
    "drop-after": 0.05,
    "drop-before": 0.05,
    "error-after": 0.01,
    "http-503": 0.01,
}
LOOKS = ("http-503", 0.02)
DOUBT_SECONDS = 60
VISIBILITY_TIMEOUT = 20  # seconds; the template's 540 are for a function that may take 90, and here it may take 15


def main() -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(prog="make soak", description="Many triggers and many faults on the local stack.")
    parser.add_argument("--n", type=int, default=1000, help="triggers (default: %(default)s)")
    parser.add_argument("--seed", type=int, help="makes the same triggers again")
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else time.time_ns() % 1_000_000
    console.print(f"{given.n} triggers, seed {seed}")
    neptune = NeptuneML(stage_seconds=0.2, shares=STARTS, check_ids=False, seed=seed)
    neptune.fail(report.LOOK, LOOKS[0], share=LOOKS[1])
    give_up = give_up_seconds(given.n)
    parameters = {
        "MaxConcurrentTrainingJobs": str(min(max(20, given.n // 5), 500)),
        "NeptuneReadTimeoutSeconds": "2",
        "GiveUpSeconds": str(give_up),
        "DoubtSeconds": str(DOUBT_SECONDS),
    }
    end_with_all()
    with Front(Refusals(chance(seed))) as front, Stack(parameters, neptune, front.before) as stack:
        return soak(stack, front, given.n, seed, longest_wait=give_up + DOUBT_SECONDS)


def give_up_seconds(n: int) -> int:
    """Return a GiveUpSeconds that is long enough, on this machine as busy as it is, for all that have no lasting fault.

    A process with boto3 starts in 0.6 s on an idle machine (measured), and in several seconds on a busy one.
    """
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "import boto3; boto3.client('s3', region_name='us-east-1')"], check=True)
    return round(max(240, n // 3, 150 * (time.monotonic() - began)))


def chance(seed: int) -> random.Random:
    """Each that leaves things to chance has its own, so that none depends on when another asks."""
    return random.Random(seed)  # noqa: S311 - no secret


def soak(stack: Stack, front: Front, n: int, seed: int, *, longest_wait: int) -> int:
    """Send, disturb, wait, judge."""
    stack.client("sqs").set_queue_attributes(
        QueueUrl=stack.outputs["TrainingQueueUrl"], Attributes={"VisibilityTimeout": str(VISIBILITY_TIMEOUT)}
    )
    deliveries = Deliveries(stack, chance(seed))
    triggers = Triggers(stack, deliveries, chance(seed))
    course = Course(stack, triggers, deliveries, silence=longest_wait + 60)
    began, memory = time.monotonic(), megabytes()
    with Killer(chance(seed)) as killer, deliveries:
        course.run(n)
    seconds = time.monotonic() - began
    evidence = gather(stack)
    verdict = judge(triggers.promises, evidence)
    rows: list[report.Row] = [
        ("triggers", f"{n} in {seconds:.0f} s, {n / seconds:.1f} a second", ""),
        ("delivered once more", deliveries.repeated, ""),
        *report.of_jobs(evidence, verdict),
        ("dead letters, sent back", course.redriven, ""),
        *report.of_neptune(evidence.neptune),
        ("functions killed", killer.killed, ""),
        *report.of_aws(front.calls, front.refused, n),
        ("MB of a function's process", f"{memory:.0f} → {megabytes():.0f}", "flat"),
    ]
    report.show(console, rows, verdict)
    return 0 if verdict.good else 1


def gather(stack: Stack) -> Evidence:
    """Everything by which the functions are judged; none of it is their word."""
    name, key = stack.outputs["TrainingJobsTable"], {"jobId": {"S": "#capacity"}}
    control = stack.client("dynamodb").get_item(TableName=name, Key=key, ConsistentRead=True).get("Item", {})
    announcements = [message for _, message in stack.announcements]
    return Evidence([*stack.records()], control.get("slots", {}).get("SS", []), announcements, stack.neptune.summary())


if __name__ == "__main__":
    sys.exit(main())
