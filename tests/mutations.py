"""Breaks each rule that makes it exactly once, and sees whether a test notices: `python -m tests.mutations`.

Each mutation is a small change of the source, made in a copy of it. One that no test notices has survived: then either
a test is missing or the line does nothing. The exit status is 1 if any has, or if the text that it replaces is not in
its file exactly once any more.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
ONCE, DOUBT, CAPACITY, OUTAGES, STUBBORN = (
    f"tests/test_{name}.py" for name in ("exactly_once", "doubtful_starts", "capacity", "outages", "stubborn_steps")
)
PLACES = "tests/test_s3_places.py"
PACKAGE = "neptune_training"
JOBS = f"{PACKAGE}/model/jobs.py"
STEPS, OUTCOMES, INTAKE, ROUNDS = (f"{PACKAGE}/flow/{name}.py" for name in ("step", "outcomes", "intake", "plan"))
TABLE, NEPTUNE, FAILURES = (f"{PACKAGE}/aws/{name}.py" for name in ("table", "neptune", "neptune_errors"))
READINESS, TRIGGERS = (f"{PACKAGE}/checks/{name}.py" for name in ("readiness", "events"))


class Edit(NamedTuple):
    """Replace `old`, which is there once, in `file`."""

    file: str
    old: str
    new: str


class Mutation(NamedTuple):
    """A broken rule, and the tests that should notice."""

    rule: str
    tests: str
    edits: tuple[Edit, ...]


def breaks(rule: str, tests: str, *edits: tuple[str, str, str]) -> Mutation:
    return Mutation(rule, tests, tuple(Edit(*edit) for edit in edits))


MUTATIONS = [
    # --- the job id is ours -------------------------------------------------------------------------------------------
    breaks(
        "an upload is known by its sequencer",
        ONCE,
        (TRIGGERS, 'identity=f"upload {bucket} {key} {sequencer}"', 'identity=f"upload {bucket} {key}"'),
    ),
    breaks(
        "a schedule's nights are told apart",
        ONCE,
        (TRIGGERS, 'identity=f"schedule {arn} {time}"', 'identity=f"schedule {arn}"'),
    ),
    breaks(
        "a repeated trigger finds its record",
        ONCE,
        (TABLE, 'NEW = "attribute_not_exists(jobId)"', 'NEW = "attribute_not_exists(nothing)"'),
    ),
    breaks("a repeat changes nothing", ONCE, ("start.py", "    if not new:", "    if new is None:")),
    # --- claim before the call ----------------------------------------------------------------------------------------
    breaks(
        "a record is only written over the version that its writer has seen",
        ONCE,
        (TABLE, 'SAME_VERSION = "version = :seen"', 'SAME_VERSION = "version = :seen OR attribute_exists(jobId)"'),
    ),
    breaks(
        "there are no more slots than MaxConcurrentTrainingJobs",
        CAPACITY,
        (TABLE, "OR contains(slots, :job))", "OR contains(slots, :job) OR :most = :most)"),
    ),
    breaks(
        "a slot is free when its job waits or has ended",
        CAPACITY,
        (TABLE, 'update = "DELETE slots :slot"', 'update = "ADD slots :slot"'),
    ),
    breaks(
        "track removes slots whose job has ended",
        CAPACITY,
        (ROUNDS, "return job is None or job.status.final", "return job is None and job_id is None"),
    ),
    breaks(
        "a conflict of transactions is no verdict",
        OUTAGES,
        (TABLE, 'if codes == {"ConditionalCheckFailed"}:', "if codes:"),
    ),
    # --- only the holder of the lease may POST ------------------------------------------------------------------------
    breaks("the SDK sends a start once", DOUBT, ("wiring.py", '"total_max_attempts": 1}', '"total_max_attempts": 3}')),
    breaks(
        "a lease keeps others away",
        DOUBT,
        (
            STEPS,
            "case Status.REQUESTED if job.leaseUntil is None or self.now() >= job.leaseUntil:",
            "case Status.REQUESTED:",
        ),
        (JOBS, "nextAttemptAt=lease_until,", "nextAttemptAt=now,"),
    ),
    breaks(
        "a lease lasts until no request can be on its way",
        DOUBT,
        (
            STEPS,
            "return deadline + read_timeout + self.settings.lease_slack_seconds",
            "return self.now() + 0 * read_timeout",
        ),
    ),
    breaks(
        "after doubt nothing is started again in the same invocation",
        DOUBT,
        (
            STEPS,
            '"failure": str(failure)})\n            return job',
            '"failure": str(failure)})\n            return self._find(job, deadline)',
        ),
    ),
    breaks(
        "unknown is never taken for absent",
        DOUBT,
        (
            STEPS,
            "if isinstance(look, Absent):  # but what",
            "if not isinstance(look, Found):  # but what",
        ),
    ),
    breaks(
        "each documented form of absent is known",
        DOUBT,
        (NEPTUNE, '"job doesn\'t exist" in text', '"never said" in text'),
    ),
    breaks(
        "an error that only looks like absent is unknown",
        DOUBT,
        (
            NEPTUNE,
            'code == "InvalidParameterException" and "whether a resource with the given id exists" in text',
            'code == "InvalidParameterException"',
        ),
    ),
    breaks(
        "what is not known to be a refusal may have started",
        DOUBT,
        (FAILURES, "if code in PERMANENT else Unanswered(*said)", "if code else Unanswered(*said)"),
    ),
    breaks(
        "a job is given up only when Neptune has not known it for an hour",
        DOUBT,
        (STEPS, "if now - since >= self.settings.missing_seconds:", "if now >= since:"),
    ),
    # --- capacity is the cluster's ------------------------------------------------------------------------------------
    breaks(
        "a refusal for capacity pauses all",
        CAPACITY,
        (STEPS, "(refused.reason,), pause_until=now + pause)", "(refused.reason,), pause_until=now - pause)"),
    ),
    breaks(
        "a claim that saw no pause respects one that has begun",
        CAPACITY,
        (TABLE, 'f"{room} AND attribute_not_exists(pausedUntil)", "ADD', 'room, "ADD'),
    ),
    breaks(
        "one probe passes a pause that is over",
        CAPACITY,
        (TABLE, "AND pausedUntil = :seen AND pausedUntil <= :now", "AND :seen = :seen AND :now = :now"),
    ),
    breaks("a pause can grow for ever", CAPACITY, (STEPS, "min(seen.refusals, MOST_DOUBLINGS)", "seen.refusals")),
    breaks("a probe is one POST", CAPACITY, (FAILURES, "AtCapacity) and not probing", "AtCapacity)")),
    breaks("a new job waits behind those that wait", CAPACITY, (STEPS, "ahead=ahead))", "ahead=0))")),
    breaks(
        "a job that waits for the cluster costs nothing while it waits",
        CAPACITY,
        (
            ROUNDS,
            "if due.waits_for_cluster(steps.now()) and not takes_jobs(steps, capacity):",
            "if not takes_jobs and capacity:",
        ),
    ),
    breaks(
        "waiting ends at giveUpAt", CAPACITY, (OUTCOMES, "        if now >= give_up:", "        if now is give_up:")
    ),
    # --- of two uploads the newer one ---------------------------------------------------------------------------------
    breaks(
        "a claim looks whether the upload is still the newest",
        ONCE,
        (TABLE, "*([self._still_newest(job.trigger)] if job.trigger.sequencer else []),", ""),
    ),
    breaks(
        "each upload is noted before it is recorded",
        ONCE,
        (INTAKE, "table.note_upload(asked.trigger, job.jobId)", "pass"),
    ),
    breaks(
        "a newer upload is not forgotten for an older one",
        ONCE,
        (TABLE, '"attribute_not_exists(sequencer) OR sequencer < :sequencer"', '"attribute_not_exists(nothing)"'),
    ),
    breaks(
        "what lies in S3 must still be what the event spoke of",
        ONCE,
        (READINESS, "configuration.etag != trigger.etag", "configuration.etag is trigger.key"),
    ),
    breaks(
        "files settle before they are used",
        CAPACITY,
        (READINESS, "if settled and settled > now:", "if settled is now:"),
    ),
    # --- explicit ids -------------------------------------------------------------------------------------------------
    breaks(
        "same id, other request is rejected",
        ONCE,
        (INTAKE, "if not new and stored.fingerprint != job.fingerprint:", "if not new and stored is job:"),
    ),
    breaks(
        "an explicit id is not adopted blindly",
        ONCE,
        (STEPS, 'if job.asked.get("id") and not job.unanswered:', "if job.asked is None:"),
    ),
    breaks(
        "an explicit id is looked up before the first POST",
        ONCE,
        (READINESS, 'if not job.asked.get("id"):', 'if job.asked.get("id"):'),
    ),
    breaks(
        "an explicit id is ours after a POST in doubt",
        DOUBT,
        (STEPS, '{"unanswered": True}', '{"unanswered": False}'),
    ),
    # --- one form for each place in S3, so that LATEST names no job of another directory ------------------------------
    breaks(
        "a place that can be read in two ways is rejected",
        PLACES,
        (f"{PACKAGE}/model/s3_places.py", 'folder in {"", ".", ".."}', 'folder in {"/"}'),
    ),
    breaks(
        "an event's source does not look like a directory or a schedule",
        PLACES,
        (JOBS, 'chosen = trigger.kind == "event" and', 'chosen = trigger.kind == "?" and'),
    ),
    # --- announcements ------------------------------------------------------------------------------------------------
    breaks(
        "every new status is announced",
        ONCE,
        ("notify.py", 'if "status" not in new or ', 'if "arn" not in new or '),
    ),
    breaks(
        "a new wait is announced",
        "tests/test_notify.py",
        ("notify.py", 'new.get("waitingFor") != (', 'new.get("waitingFor") is ('),
    ),
    # --- no step stops the others -------------------------------------------------------------------------------------
    breaks(
        "a job is put off before its step",
        STUBBORN,
        (STEPS, "return self._begin(self.outcomes.put_off(job), deadline)", "return self._begin(job, deadline)"),
    ),
    breaks(
        "a step that does not come to its end is given up",
        STUBBORN,
        (STEPS, "if self.outcomes.had_its_last_step(job):", "if job is None:"),
    ),
    breaks(
        "a step that fails leaves its error in the record",
        STUBBORN,
        (ROUNDS, "steps.failed(due.job_id, error)", "steps.failed(str(error), error)"),
    ),
    breaks(
        "a start without an answer is repeated as it was sent",
        STUBBORN,
        (READINESS, "if job.unanswered and job.request:", "if job.unanswered and not job.request:"),
    ),
    breaks(
        "a POST that could be cut off is not sent",
        STUBBORN,
        (
            STEPS,
            "if not self.time_to_start(deadline):  # the claim",
            "if deadline is None:  # the claim",
        ),
    ),
    breaks(
        "the previous training is looked at before the start",
        "tests/test_previous_training.py",
        (READINESS, "if verdict or not previous:", "if verdict or previous:"),
    ),
]


def main() -> int:
    """Try all, or those whose rule has one of the given words in it."""
    chosen = [each for each in MUTATIONS if not sys.argv[1:] or any(word in each.rule for word in sys.argv[1:])]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        good = [report(mutation, *outcome) for mutation, outcome in zip(chosen, pool.map(outcome, chosen), strict=True)]
    sys.stdout.write(f"{sum(good)} of {len(good)} killed\n")
    return 0 if all(good) else 1


def report(mutation: Mutation, killed: bool, said: str) -> bool:
    sys.stdout.write(f"{'killed  ' if killed else 'SURVIVED'} {mutation.rule} ({said})\n")
    sys.stdout.flush()
    return killed


def outcome(mutation: Mutation) -> tuple[bool, str]:
    """Whether a test failed, and which; a change that cannot be made counts as survived."""
    with TemporaryDirectory() as folder:
        copy = Path(folder, "functions")
        shutil.copytree(ROOT / "functions", copy, ignore=shutil.ignore_patterns("__pycache__"))
        if problem := apply(mutation.edits, copy):
            return False, problem
        return noticed(mutation.tests, copy)


def apply(edits: Iterable[Edit], copy: Path) -> str | None:
    for edit in edits:
        path = copy / edit.file
        source = path.read_text()
        if source.count(edit.old) != 1:
            return f"{edit.file} has {edit.old!r} {source.count(edit.old)} times"
        path.write_text(source.replace(edit.old, edit.new))
    return None


def noticed(tests: str, copy: Path) -> tuple[bool, str]:
    began = time.monotonic()
    options = ("-x", "--show-capture=no", "--tb=no", "-p", "no:cacheprovider", "-o", f"pythonpath={copy} .")
    command = [sys.executable, "-m", "pytest", tests, *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    failed = [line.removeprefix("FAILED ") for line in done.stdout.splitlines() if line.startswith("FAILED ")]
    if done.returncode == 1 and failed:
        return True, f"{failed[0].partition(' - ')[0]}, {time.monotonic() - began:.0f} s"
    return False, f"{tests}, pytest said {done.returncode}: {done.stdout[-200:]}"


if __name__ == "__main__":
    sys.exit(main())
