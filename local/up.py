"""`make up`: leave the local stack running, say how to join it, and show what happens.

The environment variable GIVEN_PARAMETERS has the template's parameters, and GIVEN_STAGE_SECONDS how many seconds each
stage of a training takes. Ctrl-C or `make down` ends it.
"""

import os
import re
import signal
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from itertools import islice
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from cli.screen import progress_line, say, visible_lines
from local import joining, locks, ports, stack_parameters
from local.arrivals import Arrivals
from local.course import Course
from local.emulator import end_with_terminal
from local.model import EXAMPLE, upload
from local.neptune_ml import NeptuneML
from local.run_folders import ENV, KEPT, UP_END, UP_LOCK
from local.stack import Stack
from local.stack_parameters import BadParameters

LINES_AT_ONCE = 20  # so many of the course are sorted by time before they are shown
LOOK_SECONDS = 0.2
EVENTS_BUCKET = "example-bucket"  # what the files in events/ speak of


def main() -> int:
    """Run the program."""
    try:
        parameters = stack_parameters.parse(os.environ.get("GIVEN_PARAMETERS", ""))
        stage_seconds = seconds(os.environ.get("GIVEN_STAGE_SECONDS") or "1")
    except BadParameters as error:
        say(error, style="red")
        return 2
    KEPT.mkdir(exist_ok=True)
    with UP_LOCK.open("a") as lock:
        if not locks.take(lock):
            sys.exit("make up: the local stack runs already. Join it: . .local/env     End it: make down")
        name = locks.sign(lock)
        ENV.unlink(missing_ok=True)  # of one that was killed
        serve(parameters, stage_seconds, name)
    return 0


def seconds(text: str) -> float:
    """Return the number in the Makefile's STAGE_SECONDS: 0 to 99999. Raises BadParameters."""
    if not re.fullmatch(r"\d{1,5}(\.\d+)?", text, re.ASCII):
        raise BadParameters(
            f"STAGE_SECONDS={text} is not a number from 0 to 99999. Write STAGE_SECONDS=60, for example"
        )
    return float(text)


def serve(parameters: Mapping[str, str], stage_seconds: float, name: str) -> None:
    """Run the stack until somebody ends it; `name` is what `make down` calls this run."""
    done = threading.Event()
    # A shell's background job ignores Ctrl-C unless it says otherwise.
    for end in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(end, lambda *_: done.set())
    end_with_terminal()
    threading.Thread(target=wait_for_make_down, args=(name, done), name="make down", daemon=True).start()
    began = time.time()

    def starting(what: str) -> None:
        progress_line(time.time() - began, "starting", what)

    neptune = NeptuneML(stage_seconds=stage_seconds, any_data_processing=True, port=ports.same_as_last_time("neptune"))
    try:
        aws = ports.same_as_last_time("aws")
        with Stack(parameters, neptune, port=aws, progress=starting, wait_until_warm=False) as stack:
            ports.remember({"aws": port(stack.url), "neptune": port(neptune.url)})
            stack.client("s3").create_bucket(Bucket=EVENTS_BUCKET)
            upload(stack.client("s3"), EXAMPLE, EVENTS_BUCKET, "models/example/")
            joining.write(stack.environment)
            if not done.is_set():
                welcome(stack, time.time() - began)
            show(stack, began, done)
            say()
            say("Stopping.")
    finally:
        ENV.unlink(missing_ok=True)


def wait_for_make_down(name: str, done: threading.Event) -> None:
    """Set `done` as soon as `make down` asks this run to end."""
    while not done.wait(LOOK_SECONDS):
        with suppress(OSError):  # mostly, there is no such file
            if UP_END.read_text() == name:
                done.set()


def show(stack: Stack, began: float, done: threading.Event) -> None:
    """Show each upload, event, announcement and stage as it happens, until `done`."""
    arrivals, course = Arrivals(stack), Course(stack)
    while not done.is_set():
        try:
            lines = [*islice(course.lines(), LINES_AT_ONCE), *arrivals.lines()]
            for line in sorted(lines, key=lambda line: line.at):
                line.show(began, with_job=True)
        except (BotoCoreError, ClientError) as error:
            if not done.wait(1.0):
                say(f"the AWS emulator does not answer: {error}", style="yellow")


def port(url: str) -> int:
    """Return the port in a URL."""
    return urlsplit(url).port or 0


def welcome(stack: Stack, seconds: float) -> None:
    """Say where everything is, and what to try."""
    say()
    say(("The local stack runs", "bold green"), f", ready in {seconds:.1f} s")
    say(f"  AWS          {stack.url}")
    say(f"  Neptune ML   {stack.neptune.url}")
    say()
    for heading, *commands in COMMANDS:
        say((heading, "bold"))
        for command in commands:
            say(f"  {command}")
    say("More, such as how to let a training fail or cancel one: docs/local.md")
    say()


COMMANDS = (
    ("Join it from another terminal, and leave it again:", ". .local/env", joining.LEAVE),
    (
        "Upload a model (AWS CLI 2.13 or later; docs/local.md says what else works):",
        'aws s3 cp --recursive cli/example-model "s3://$MODEL_BUCKET/${MODEL_PREFIX}example/"',
    ),
    (
        "Put an event:",
        "aws events put-events --entries \\",
        """  "EventBusName=$EVENT_BUS,Source=me,DetailType=Neptune ML Training Requested,Detail='{}'\"""",
    ),
    (
        "Read the table:",
        'aws dynamodb scan --table-name "$TRAINING_JOBS_TABLE" \\',
        "  --query 'Items[?status].[jobId.S,status.S]' --output text",
    ),
    (
        "Read what the application writes beside an upload:",
        'aws s3 cp "s3://$MODEL_BUCKET/${MODEL_PREFIX}example/training-job.status.json" -',
    ),
    ("List the unfinished jobs, after `make cli`:", "neptune-training jobs"),
    ("Read the functions' log; end it (or Ctrl-C here):", "make logs", "make down"),
)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (RuntimeError, OSError) as error:
        sys.exit(f"make up: {visible_lines(error)}")
