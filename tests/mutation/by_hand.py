"""Change what mutmut does not, and see whether a test notices: `python -m tests.mutation.by_hand`.

mutmut changes one expression of a function at a time. Here is what it cannot change: constants of modules, decorated
functions, f-strings, whole statements, several places together; and rules of files that survivors.toml lists as not
judged yet. The exit status is 1 if no test notices a change, or if the text that it replaces is not in its file exactly
once any more.
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

ROOT = Path(__file__).parents[2]
ONCE, DOUBT, CAPACITY, OUTAGES, STUBBORN = (
    f"tests/test_{name}.py" for name in ("exactly_once", "doubtful_starts", "capacity", "outages", "stubborn_steps")
)
RULES, CANCELLED, DRAINS = (f"tests/test_{name}.py" for name in ("step_rules", "cancellation", "drain"))
PACKAGE = "neptune_training"
CHANGES = f"{PACKAGE}/announce/changes.py"
JOBS = f"{PACKAGE}/model/jobs.py"
STEP, WAITING, REQUESTED, STARTED, OUTCOMES, INTAKE, PLAN, TICK, DRAIN, PAUSE = (
    f"{PACKAGE}/flow/{name}.py"
    for name in ("step", "waiting", "requested", "started", "outcomes", "intake", "plan", "tick", "drain", "pause")
)
TABLE, RECORDS, SLOTS, WRITES, NEPTUNE, FAILURES = (
    f"{PACKAGE}/aws/{name}.py" for name in ("table", "records", "slots", "writes", "neptune", "neptune_errors")
)
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
    breaks("a repeat changes nothing", RULES, ("start.py", "    if not new:", "    if new is None:")),
    # --- claim before the call ----------------------------------------------------------------------------------------
    breaks(
        "a record is only written over the version that its writer has seen",
        ONCE,
        (RECORDS, 'SAME_VERSION = "version = :seen"', 'SAME_VERSION = "version = :seen OR attribute_exists(jobId)"'),
    ),
    breaks(
        "there are no more slots than MaxConcurrentTrainingJobs",
        CAPACITY,
        (SLOTS, "OR contains(slots, :job))", "OR contains(slots, :job) OR :most = :most)"),
    ),
    breaks(
        "a slot is free when its job waits or has ended",
        CAPACITY,
        (SLOTS, 'update = "DELETE slots :slot"', 'update = "ADD slots :slot"'),
    ),
    breaks(
        "a conflict of transactions is no verdict",
        OUTAGES,
        (WRITES, 'if codes == {"ConditionalCheckFailed"}:', "if codes:"),
    ),
    # --- only the holder of the lease may POST ------------------------------------------------------------------------
    breaks(
        "the SDK sends a start once", DOUBT, ("step_wiring.py", '"total_max_attempts": 1}', '"total_max_attempts": 3}')
    ),
    breaks(
        "a lease keeps others away",
        DOUBT,
        (STEP, "and not (isinstance(job, Requested) and now < job.leaseUntil)", ""),
        (JOBS, "nextAttemptAt=lease_until,", "nextAttemptAt=now,"),
        (
            REQUESTED,
            "job.in_doubt(now, next_attempt=job.leaseUntil, reasons=reasons",
            "job.in_doubt(now, next_attempt=now, reasons=reasons",
        ),
    ),
    breaks(
        "after doubt nothing is started again in the same invocation",
        DOUBT,
        (
            REQUESTED,
            "        case Unanswered():\n            log",
            "        case Unanswered():\n            return start(services, job, job.leaseUntil, pause)\n            log",
        ),
    ),
    # --- cancelled ----------------------------------------------------------------------------------------------------
    breaks(
        "a cancelled job does not wait again",
        CANCELLED,
        (
            OUTCOMES,
            "    if job.cancelledBy:\n        return stop(",
            "    if job.cancelledBy is None:\n        return stop(",
        ),
    ),
    breaks(
        "the mark decides that the job is STOPPED",
        CANCELLED,
        (OUTCOMES, "status, reasons = Status.STOPPED, (job_problems", "status, reasons = status, (job_problems"),
    ),
    breaks(
        "a job that may be another request's is not cancelled",
        CANCELLED,
        (STARTED, "only_look = job.adopted or ", "only_look = "),
    ),
    breaks(
        "an answer to a start is written onto the record that was marked meanwhile",
        CANCELLED,
        (
            REQUESTED,
            "and current.cancelledBy and current.version == job.version + 1",
            "and current.version == job.version",
        ),
    ),
    breaks(
        "a job that an older release let wait again is not started",
        CANCELLED,
        (WAITING, "    if job.cancelledBy:", "    if job.cancelledBy is False:"),
    ),
    breaks(
        "a cancellation that was rejected cancels nothing when it comes again",
        CANCELLED,
        (INTAKE, "return (stored, False) if stored else (new, True)", "return new, True"),
    ),
    breaks(
        "unknown is never taken for absent",
        DOUBT,
        (REQUESTED, "        case Absent():", "        case Absent() | Unknown():"),
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
        (
            FAILURES,
            "    return Unanswered(*said)\n\n\ndef details",
            "    return PermanentFailure(*said)\n\n\ndef details",
        ),
    ),
    breaks(
        "a job is given up only when Neptune has not known it for an hour",
        DOUBT,
        (STARTED, "if now - missing_since >= settings.missing_seconds:", "if now >= missing_since:"),
    ),
    # --- capacity is the cluster's ------------------------------------------------------------------------------------
    breaks(
        "a claim that saw no pause respects one that has begun",
        CAPACITY,
        (SLOTS, 'f"{room} AND attribute_not_exists(pausedUntil)", "ADD', 'room, "ADD'),
    ),
    breaks(
        "one probe passes a pause that is over",
        CAPACITY,
        (SLOTS, 'condition = f"{room} AND pausedUntil = :seen"', 'condition = f"{room} AND :seen = :seen"'),
        (SLOTS, '" AND pausedUntil <= :now"', '" AND :now = :now"'),
    ),
    breaks("a pause can grow for ever", DRAINS, (DRAIN, "min(refusals, MAX_DOUBLINGS)", "refusals")),
    breaks("a probe is one POST", DRAINS, (PAUSE, "replace(Pace(), retry_for=timedelta())", "Pace()")),
    breaks("a drain that lost the pause goes on", DRAINS, (DRAIN, "    if pause.lost:\n        return End.LOST\n", "")),
    breaks("a drain does not wait between two starts", DRAINS, (PAUSE, "+ self.pace.wait -", "-")),
    breaks(
        "a job that waits for the cluster costs nothing while it waits",
        "tests/test_plan.py",
        (PLAN, "    if capacity.is_paused(now):\n        return []\n", ""),
    ),
    breaks(
        "waiting ends at giveUpAt",
        CAPACITY,
        (f"{PACKAGE}/model/unfinished.py", "self.end_by <= now", "self.end_by == now"),
        (
            OUTCOMES,
            "    if now >= give_up_at:\n        return give_up(services, job, waiting_for, reasons, unanswered=job.unanswered)\n",
            "",
        ),
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
        "an explicit id is not adopted blindly",
        ONCE,
        (REQUESTED, "if ours or (ours is None and job.unanswered):", "if job:"),
    ),
    breaks(
        "an explicit id is looked up before the first POST",
        ONCE,
        (
            READINESS,
            'if not job.asked.get("id"):\n            return None',
            'if job.asked.get("id"):\n            return None',
        ),
    ),
    # --- one form for each place in S3, so that LATEST names no job of another directory ------------------------------
    # --- announcements ------------------------------------------------------------------------------------------------
    breaks(
        "every new status is announced",
        ONCE,
        (CHANGES, 'if "status" not in new or ', 'if "arn" not in new or '),
    ),
    breaks(
        "a new wait is announced",
        "tests/test_notify.py",
        (CHANGES, 'new.get("waitingFor") != (', 'new.get("waitingFor") is ('),
    ),
    breaks(
        "an older status never replaces a newer one",
        "tests/test_status_file.py",
        (f"{PACKAGE}/announce/status_file.py", "        if present >= rank:\n            return False\n", ""),
    ),
    breaks(
        "a status file is written over what was looked at",
        "tests/test_status_file.py",
        (f"{PACKAGE}/announce/status_file.py", '{"IfMatch": etag} if etag else {"IfNoneMatch": "*"}', "{}"),
    ),
    breaks(
        "a status file is no file of the model",
        "tests/test_status_file.py",
        (f"{PACKAGE}/aws/model_files.py", " and not is_status_file(file.name)", ""),
    ),
    breaks(
        "an entry that EventBridge did not take comes again",
        "tests/test_emit.py",
        (
            "emit.py",
            "raise CannotBeAnnounced(reason) if code in REFUSALS else EventBridgeFailed(reason)",
            "raise CannotBeAnnounced(reason)",
        ),
    ),
    # --- no step stops the others -------------------------------------------------------------------------------------
    breaks(
        "a job is postponed before its step",
        "tests/test_isolation.py",
        (STEP, "        begun = begin(services, job, deadline)\n", "        begun = job\n"),
    ),
    breaks(
        "a step that fails leaves its error in the record",
        STUBBORN,
        (STEP, "            failed(services, job, error)\n", "            pass\n"),
    ),
    breaks(
        "a start without an answer is repeated as it was sent",
        STUBBORN,
        (READINESS, "if job.unanswered and job.request:", "if job.unanswered and not job.request:"),
    ),
    breaks(
        "a POST that could be cut off is not sent",
        STUBBORN,
        (WAITING, "if late or not services.time_to_start(deadline):", "if late:"),
    ),
    breaks(
        "the previous training is looked at before the start",
        "tests/test_previous_training.py",
        (READINESS, "if verdict or not previous:", "if verdict or previous:"),
    ),
    # --- what only one line keeps -------------------------------------------------------------------------------------
    breaks("a sequencer is padded on the right", RULES, (TABLE, '.upper().ljust(64, "0")', '.upper().rjust(64, "0")')),
    breaks("a sequencer's case does not matter", RULES, (TABLE, '.upper().ljust(64, "0")', '.ljust(64, "0")')),
    breaks(
        "an upload in doubt is superseded too",
        RULES,
        (
            READINESS,
            "if job.trigger.sequencer and (newer",
            "if not job.unanswered and job.trigger.sequencer and (newer",
        ),
    ),
    breaks(
        "missingSince is forgotten when the job is found",
        RULES,
        (JOBS, 'succeeded = {"missingSince": None, "unknownSince"', 'succeeded = {"unknownSince"'),
    ),
    breaks(
        "a Neptune that denies access is an error of the step",
        RULES,
        (FAILURES, "return self.code in THROTTLING", "return bool(self.code)"),
    ),
    breaks(
        "an empty status says nothing",
        RULES,
        (NEPTUNE, "if not isinstance(status, str) or not status:", "if not isinstance(status, str):"),
    ),
    breaks(
        "a status that is no text says nothing",
        RULES,
        (NEPTUNE, "if not isinstance(status, str) or not status:", "if not status:"),
    ),
    breaks(
        "the look at the data processing passes the request's role on",
        RULES,
        (
            READINESS,
            "data_processing(request.dataProcessingJobId, role)",
            "data_processing(request.dataProcessingJobId, None)",
        ),
    ),
    breaks(
        "the look at an explicit id passes the request's role on",
        RULES,
        (READINESS, "training(job.jobId, request.neptuneIamRoleArn)", "training(job.jobId, None)"),
    ),
    breaks(
        "a job in a step is not due before the invocation ends",
        RULES,
        (STEP, "again_at = max(deadline, next_look", "again_at = max(now, next_look"),
    ),
    breaks(
        "a job in a step is not due before its retry",
        RULES,
        (
            STEP,
            "again_at = max(deadline, next_look.retry_at(job.failedSteps + 1, settings, now))",
            "again_at = deadline",
        ),
    ),
    breaks(
        "step takes no further job when its time is over",
        RULES,
        ("step.py", "if not made.time_to_start(end):", "if end is None:"),
    ),
    breaks(
        "only ended jobs lose their slots to the tick",
        RULES,
        (
            TICK,
            "capacity.slots - holders, Ended, None, done=done",
            "capacity.slots, Ended, Waiting, Requested, Started, None, done=done",
        ),
    ),
    breaks(
        "a record that cannot be read waits for an hour", RULES, (STEP, "timedelta(hours=1)", "timedelta(minutes=1)")
    ),
    breaks(
        "waiting again for the same is no news",
        RULES,
        (CHANGES, '(old.get("waitingFor") or old.get("waitedFor"))', 'old.get("waitingFor")'),
    ),
    breaks(
        "a second claim is no news",
        RULES,
        (CHANGES, 'return changed and new.get("attempts") == 1', "return changed"),
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
