"""`make run`: one model, from its upload to the end of its training, on this machine.

The environment variables GIVEN_MODEL (a model's directory) and GIVEN_PARAMETERS (the template's) have what the user
wrote; VERBOSE=1 prints the record and the last message. Exit code 0 when the job is COMPLETED, 2 when the request is
REJECTED, there is no model or no such parameter, 1 for any other failure.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from cli.screen import progress_line, say, visible_lines
from local import function_logs, last_run, stack_parameters
from local.course import Course
from local.emulator import end_with_all
from local.model import EXAMPLE, NoModel, files, upload
from local.report import Report
from local.stack import Stack
from local.stack_parameters import BadParameters

SILENCE = 60.0  # seconds without any news, after which nothing more is expected
EXIT_CODES = {"COMPLETED": 0, "REJECTED": 2}


def main() -> int:
    """Run the program."""
    model = Path(os.environ.get("GIVEN_MODEL") or EXAMPLE)
    try:
        files(model)
        parameters = stack_parameters.parse(os.environ.get("GIVEN_PARAMETERS", ""))
    except (NoModel, BadParameters) as error:
        say(error, style="red")
        return 2
    end_with_all()
    began = time.time()

    def starting(what: str) -> None:
        progress_line(time.time() - began, "starting", what)

    with Stack(parameters, progress=starting) as stack:
        return train(stack, model, began)


def train(stack: Stack, model: Path, began: float) -> int:
    """Upload the model, show what happens until its job has ended, and say what came of it."""
    name = model.resolve().name
    prefix = f"{stack.outputs['ModelPrefix']}{name}/"
    uploaded = time.time()
    upload(stack.client("s3"), model, stack.outputs["ModelBucket"], prefix)
    progress_line(
        time.time() - began, "upload", f"s3://{stack.outputs['ModelBucket']}/{prefix}model-hpo-configuration.json"
    )
    course = Course(stack)
    job = follow(course, began)
    if job is None:
        raise RuntimeError(
            f"no message came for {SILENCE:.0f} s; the emulator's log is {last_run.FOLDER / stack.log.name}"
        )
    announced = next((at for at, message in course.messages if message.get("arn")), None)
    (record,) = (each for each in stack.records() if each["jobId"] == job["jobId"])
    keep(stack, record, job)
    Report(record, job, model, time.time() - began, announced and announced - uploaded).show()
    return EXIT_CODES.get(job["status"], 1)


def follow(course: Course, began: float) -> dict[str, Any] | None:
    """Print each line of the course; return the message of the job's end, or None if nothing happens any more."""
    last = time.time()
    while time.time() - last < SILENCE:
        for line in course.lines():
            last = time.time()
            line.show(began)
            if course.messages and course.messages[-1][1].get("endedAt"):
                return course.messages[-1][1]
    return None


def keep(stack: Stack, record: dict[str, Any], message: dict[str, Any]) -> None:
    """Keep what somebody may want to read after the stack is gone."""
    logged = "\n".join(map(str, function_logs.Reader(stack.client("logs")).entries()))
    texts = {"record.json": as_json(record), "message.json": as_json(message), "functions.log": visible_lines(logged)}
    kept = {name: f"{text}\n".encode() for name, text in texts.items()}
    last_run.keep({**kept, stack.log.name: stack.log.read_bytes()})


def as_json(data: dict[str, Any]) -> str:
    """Return `data` as text, without a character that a terminal would obey."""
    return visible_lines(json.dumps(data, indent=2, ensure_ascii=False, default=str))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\nStopped.")
    except (RuntimeError, OSError) as error:
        sys.exit(f"make run: {visible_lines(error)}")
