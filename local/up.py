"""`make up`: leave the local stack running, and say how to join it. Ctrl-C ends it."""

import argparse
import fcntl
import shlex
import signal
import sys
import threading
from collections.abc import Mapping

from cli.screen import say, visible_lines
from local import stack_parameters
from local.artefact import KEPT
from local.emulator import USERS_OWN
from local.model import EXAMPLE, upload
from local.stack import Stack
from local.stack_parameters import BadParameters

ENV = KEPT / "env"
LOCK = KEPT / "up.lock"  # held as long as we run, and free again however we end
EVENTS_BUCKET = "example-bucket"  # what the files in events/ speak of


def main() -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(prog="make up", description="Leave the local stack running.")
    parser.add_argument("--parameters", default="", help="the template's, such as 'GiveUpSeconds=120'")
    try:
        parameters = stack_parameters.parse(parser.parse_args().parameters)
    except BadParameters as error:
        say(error, style="red")
        return 2
    KEPT.mkdir(exist_ok=True)
    with LOCK.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit("make up: the local stack runs already. Join it: . .local/env (there once it has started)")
        ENV.unlink(missing_ok=True)  # of one that was killed
        serve(parameters)
    return 0


def serve(parameters: Mapping[str, str]) -> None:
    """Run the stack until somebody ends it."""
    done = threading.Event()
    # A shell's background job ignores Ctrl-C unless it says otherwise.
    for end in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(end, lambda *_: done.set())
    with Stack(parameters) as stack:
        try:
            write(stack)
            stack.client("s3").create_bucket(Bucket=EVENTS_BUCKET)
            upload(stack.client("s3"), EXAMPLE, EVENTS_BUCKET, "models/example/")
            if not done.is_set():
                for line in welcome(stack).split("\n"):
                    say(line)
            done.wait()
        finally:
            ENV.unlink(missing_ok=True)
            say()
            say("Stopping.")


def write(stack: Stack) -> None:
    """Write the shell variables with which any AWS client in another terminal joins."""
    lines = (f"export {name}={shlex.quote(value)}\n" for name, value in stack.environment.items())
    ENV.touch(mode=0o600)  # it holds the run's credentials
    ENV.write_text("".join([f"unset {' '.join(USERS_OWN)}\n", *lines]))


def welcome(stack: Stack) -> str:
    """Where everything is, and three things to try."""
    return f"""\
AWS          {stack.url}
Neptune ML   {stack.neptune.url}
Variables    . .local/env      (in another terminal; AWS CLI 2.13, boto3 1.28 or later: older ones call AWS itself)

Upload a model:
  aws s3 cp --recursive local/example-model "s3://$MODEL_BUCKET/${{MODEL_PREFIX}}example/"
Put an event:
  aws events put-events --entries \\
    "EventBusName=$EVENT_BUS,Source=me,DetailType=Neptune ML Training Requested,Detail='{{}}'"
Read the table:
  aws dynamodb scan --table-name "$TRAINING_JOBS_TABLE" --query 'Items[?status].[jobId.S,status.S]' --output text

Ctrl-C ends it."""


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (RuntimeError, OSError) as error:
        sys.exit(f"make up: {visible_lines(error)}")
