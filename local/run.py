"""`make run`: one model, from its upload to the end of its training, on this machine.

Exit code 0 when the job is COMPLETED, 2 when the request is REJECTED, there is no model or no such parameter, 1 for any
other failure.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from cli.screen import say, say_json, visible_lines
from local import stack_parameters
from local.emulator import end_with_all
from local.model import EXAMPLE, NoModel, files, upload
from local.stack import Stack
from local.stack_parameters import BadParameters

SILENCE = 60.0
EXIT_CODES = {"COMPLETED": 0, "REJECTED": 2}


def main() -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(prog="make run", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--model", type=Path, default=EXAMPLE, help="a model's directory")
    parser.add_argument("--parameters", default="", help="the template's, such as 'GiveUpSeconds=120'")
    given = parser.parse_args()
    model = given.model
    try:
        files(model)
        parameters = stack_parameters.parse(given.parameters)
    except (NoModel, BadParameters) as error:
        say(error, style="red")
        return 2
    end_with_all()
    began = time.time()
    step(began, "starting", "AWS emulator with this project's template.yaml, and local Neptune ML")
    with Stack(parameters) as stack:
        return train(stack, model, began)


def train(stack: Stack, model: Path, began: float) -> int:
    """Upload the model and show what happens until its job has ended."""
    name = model.resolve().name
    prefix = f"{stack.outputs['ModelPrefix']}{name}/"
    upload(stack.client("s3"), model, stack.outputs["ModelBucket"], prefix)
    uploaded = time.time()
    step(began, "upload", f"s3://{stack.outputs['ModelBucket']}/{prefix}model-hpo-configuration.json")
    job, announced = follow(stack, began)
    if job is None:
        raise RuntimeError(f"no message came for {SILENCE:.0f} s; the log is in {stack.folder}")
    show(stack, job)
    if announced:
        say("From the upload to the SNS message with the ARN: ", (f"{announced - uploaded:.2f} s", "bold"))
    say(f"In all: {time.time() - began:.1f} s")
    return EXIT_CODES.get(job["status"], 1)


def follow(stack: Stack, began: float) -> tuple[dict[str, Any] | None, float | None]:
    """Print each announcement as a subscriber gets it, and each stage as the table has it."""
    announced, stages = None, dict[str, str]()
    last = time.time()
    while time.time() - last < SILENCE:
        for at, job in stack.messages(0.2):
            last = at
            for stage, status in stage_changes(stack, stages):
                step(began, stage, status, at)
            step(began, job["status"].lower(), job.get("arn") or job.get("waitingFor") or job["jobId"], at)
            announced = announced or (at if job.get("arn") else None)
            if job.get("endedAt"):
                return job, announced
        for stage, status in stage_changes(stack, stages):
            last = time.time()
            step(began, stage, status)
    return None, announced


def stage_changes(stack: Stack, seen: dict[str, str]) -> list[tuple[str, str]]:
    """Return what is new in the stages of the job since `seen`."""
    changes = []
    for record in stack.records():
        for name, stage in record.get("stages", {}).items():
            if seen.get(name) != stage.get("status"):
                seen[name] = stage.get("status", "")
                changes.append((f"  {name}", seen[name]))
    return changes


def show(stack: Stack, job: dict[str, Any]) -> None:
    """Print the record and the message; for a rejected request, its problems."""
    heading("The record in DynamoDB")
    for record in stack.records():
        say_json(record)
    heading("The last SNS message, as a subscriber got it")
    say_json(job)
    for reason in job.get("reasons", []):
        say(f"{reason['field']}: {reason['problem']} (value: {reason.get('value', '-')})", style="red")
        say(f"  {reason['remedy']}")


def heading(text: str) -> None:
    """Print a heading after an empty line."""
    say()
    say(text, style="bold")


def step(began: float, what: str, detail: str, at: float | None = None) -> None:
    """One line: when, what, and about what."""
    say((f"{(at or time.time()) - began:6.2f} s", "dim"), "  ", (f"{what:<12}", "bold"), " ", detail)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\nStopped.")
    except (RuntimeError, OSError) as error:
        sys.exit(f"make run: {visible_lines(error)}")
