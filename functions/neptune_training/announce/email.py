"""The same announcement for people who get it by e-mail: a text in place of JSON, of at most 25 lines."""

from collections.abc import Iterator, Mapping
from typing import Any, assert_never

from neptune_training.announce.message import printable, text
from neptune_training.model.result_words import in_words
from neptune_training.model.statuses import Status, status_of

FACTS = {"arn": "ARN", "giveUpAt": "Waits at most until", "startedAt": "Started", "endedAt": "Ended"}
MAX_LINES = 25
LOG_LINES = 8
MAX_LINE = 600  # characters: a remedy can have a link to a log
MAX_BYTES = 12_000  # in UTF-8; twice that in JSON at most. So it fits into an SNS message beside `message`


def email(job: Mapping[str, Any]) -> str:
    """Return the text: status and model, what happened, why, and what to do.

    A record's texts come from outside and can be anything, so each becomes one printable line. Problems that do not fit
    are counted.
    """
    head = [
        f"{job['status']}: {job['model']}",
        "",
        what_happened_to_cancellation(job) or what_happened(job),
        *facts(job),
        *in_words(job.get("result"), LOG_LINES),
    ]
    foot = ["", f"The record: neptune-training show {job['jobId']}"]
    found = [*problems(job.get("reasons"), "Why"), *problems(job.get("warnings"), "Warning")]
    room = (MAX_LINES - len(head) - len(foot) - 2) // 2  # two lines for each; one is empty, one counts the others
    body = ["", *(line for problem in found[:room] for line in problem)] if found else []
    if len(found) > room:
        body.append(f"And {len(found) - room} more: see the record.")
    whole = "\n".join(one_line(line) for line in (*head, *body, *foot))
    # Each line is printable, so all of it can be encoded.
    return whole.encode()[:MAX_BYTES].decode(errors="ignore")


def what_happened(job: Mapping[str, Any]) -> str:  # noqa: PLR0911 - a sentence each
    """Return a sentence about the status."""
    match status_of(job["status"]):
        case Status.WAITING:
            return f"The request is recorded and waits for: {text(job.get('waitingFor') or 'its turn')}."
        case Status.REQUESTED:
            return "The training is being started."
        case Status.STARTED:
            return "Neptune has started the training."
        case Status.COMPLETED:
            return "The training has completed."
        case Status.FAILED:
            return "The training has failed."
        case Status.STOPPED:
            return "The training was stopped."
        case Status.REJECTED:
            return "The training was not started, and will not be. Fix what is wrong, and upload or send it again."
        case Status.SUPERSEDED:
            return f"It was not started: a newer upload of the same file replaced it: {text(job.get('supersededBy'))}."
        case None:  # a status that only a newer release knows
            return "The job has a new status."
        case status:
            assert_never(status)


def what_happened_to_cancellation(job: Mapping[str, Any]) -> str | None:
    """Return a sentence about a kept cancellation, which is a record of its own; None for any other job."""
    match job:
        case {"status": Status.WAITING, "trigger": {"kind": "cancellation"}}:
            return "The cancellation is kept until its job's request arrives."
        case {"status": Status.REJECTED, "trigger": {"kind": "cancellation"}}:
            return "Nothing was cancelled. Fix what is wrong, and send the cancellation again."
        case {"status": Status.SUPERSEDED, "trigger": {"kind": "cancellation"}}:
            return f"The cancellation was applied to the job {text(job.get('supersededBy'))}."
    return None


def facts(job: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each fact that is known."""
    yield f"Job: {job['jobId']}"
    for name, label in FACTS.items():
        if job.get(name):
            yield f"{label}: {text(job[name])}"


def problems(found: Any, label: str) -> Iterator[tuple[str, str]]:
    """Yield two lines for each problem: what is wrong with which value, and what to do."""
    for each in found if isinstance(found, list) else []:
        problem = each if isinstance(each, Mapping) else {"problem": each}
        value = f" (value: {text(problem['value'])})" if problem.get("value") is not None else ""
        field = f"{text(problem['field'])} " if problem.get("field") else ""
        wrong = f"{label}: {field}{text(problem.get('problem', ''))}{value}"
        yield wrong, f"  What to do: {text(problem.get('remedy') or 'nothing is known')}"


def one_line(line: str) -> str:
    """Return the text on one line, with ? for each control character, cut to `MAX_LINE` characters."""
    line = printable("".join(" " if character.isspace() else character for character in line)).rstrip()
    return line if len(line) <= MAX_LINE else f"{line[: MAX_LINE - 1]}…"
