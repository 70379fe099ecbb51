"""Every function in Lambda's own kind of container: `sam build`, then `sam local invoke` with each file of `events/`.

    python -m local.sam_local [EVENT...]

It starts a local stack for that, or joins the one of `make up` where `. .local/env` was read. The functions get the
variables that they have in the stack, with addresses that a container can reach, and work on its table and topic. An
event file's name begins with its function's: `start-upload.json` goes to StartFunction.

The variables stay in `.local/sam-env.json`, for more of the same by hand, beside `make up`:

    eval "$(local/container-engine.sh up)"
    sam local invoke StartFunction -e events/start-upload.json -n .local/sam-env.json
"""

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import boto3

import build_artefact
from build_artefact.targets import LAMBDA
from cli.screen import visible, visible_lines
from local.artefact import KEPT, ROOT
from local.emulator import end_with_all
from local.joining import OWNER
from local.model import EXAMPLE, upload
from local.stack import NAME, Stack
from local.up import EVENTS_BUCKET

ENGINE = ROOT / "local" / "container-engine.sh"
BUILD = ROOT / ".aws-sam" / "build"
ENV_VARS = KEPT / "sam-env.json"
FUNCTION_NAMES = {
    "start": "StartFunction",
    "step": "StepFunction",
    "track": "TrackFunction",
    "notify": "NotifyFunction",
    "emit": "EmitFunction",
}
LOOPBACK = ("127.0.0.1", "localhost")

Variables = dict[str, dict[str, str]]  # by function and name, the shape of --env-vars


def main() -> int:
    """Return how many invocations failed, 1 at most."""
    arguments = parse_arguments()
    end_with_all()
    with local_stack():
        variables = deployed_variables()
        engine = start_engine(os.environ[OWNER], local_ports(variables))
        ENV_VARS.write_text(json.dumps(seen_from_container(variables, engine["LOCAL_HOST_NAME"]), indent=2))
        environment = {**os.environ, **engine}
        build(arguments.sam, environment)
        failed = [event for event in arguments.events if not invoke(arguments.sam, event, environment)]
    print(f"{len(arguments.events)} invocations, {len(failed)} failed")
    return min(len(failed), 1)


@contextmanager
def local_stack() -> Iterator[None]:
    """Join the stack that the environment names, or one of our own with what the events speak of."""
    if endpoint := os.environ.get("AWS_ENDPOINT_URL"):
        if not is_local(endpoint):
            raise SystemExit(f"{endpoint} is not on this machine; this is for the local stack only")
        if OWNER not in os.environ:
            raise SystemExit(f"{OWNER} is not set. Read the variables of `make up` again: . .local/env")
        yield
        return
    with Stack() as stack:
        stack.client("s3").create_bucket(Bucket=EVENTS_BUCKET)
        upload(stack.client("s3"), EXAMPLE, EVENTS_BUCKET, "models/example/")
        os.environ.update(stack.environment)
        yield


def parse_arguments() -> argparse.Namespace:
    """Return the command line. Without events, it has all of them, in the order of a training."""
    parser = argparse.ArgumentParser(prog="python -m local.sam_local", description="Each function in a container.")
    parser.add_argument("--sam", type=Path, default=KEPT / "sam" / "bin" / "sam", help="the SAM CLI")
    parser.add_argument("events", nargs="*", type=Path, default=all_events(), help="default: all of events/")
    return parser.parse_args()


def all_events() -> list[Path]:
    """Return the event files, function by function."""
    return [event for prefix in FUNCTION_NAMES for event in sorted((ROOT / "events").glob(f"{prefix}-*.json"))]


# --- what the functions are told --------------------------------------------------------------------------------------


def deployed_variables() -> Variables:
    """Return the functions' environment in the local stack, with periods, limits and defaults."""
    stack = boto3.client("cloudformation").describe_stacks(StackName=NAME)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    functions = boto3.client("lambda")
    return {
        name: {
            **functions.get_function_configuration(FunctionName=outputs[name])["Environment"]["Variables"],
            "AWS_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL"],
        }
        for name in FUNCTION_NAMES.values()
    }


def is_local(url: str) -> bool:
    """Return True if `url` is a server of this machine, which a container cannot reach by that name."""
    return urlsplit(url).hostname in LOOPBACK


def local_ports(variables: Variables) -> set[int]:
    """Return the ports of this machine that the functions will call."""
    urls = {url for each in variables.values() for url in each.values() if is_local(url)}
    return {port for url in urls if (port := urlsplit(url).port)}


def seen_from_container(variables: Variables, host: str) -> Variables:
    """Return the same with `host` for this machine: in a container, 127.0.0.1 is the container."""
    return {
        function: {name: through(host, value) if is_local(value) else value for name, value in each.items()}
        for function, each in variables.items()
    }


def through(host: str, url: str) -> str:
    """`url` with another host."""
    parts = urlsplit(url)
    return parts._replace(netloc=f"{host}:{parts.port}" if parts.port else host).geturl()


# --- engine and build -------------------------------------------------------------------------------------------------


def start_engine(owner: str, ports: Iterable[int]) -> dict[str, str]:
    """Have a container engine; return the variables by which `sam` finds it.

    Containers can reach `ports` of this machine until the process `owner`, whose servers these are, has ended.
    """
    process = subprocess.run(
        [ENGINE, "up", owner, *map(str, sorted(ports))],
        env={**os.environ, "PYTHON": sys.executable},
        stdout=subprocess.PIPE,
        check=False,
        text=True,
    )
    if process.returncode:
        raise SystemExit(1)  # it has said why
    return dict(word.split("=", 1) for word in shlex.split(process.stdout)[1:])


def build(sam: Path, environment: Mapping[str, str]) -> None:
    """Build as for deployment, or without the Python that this needs, into the same place."""
    python = find_python()
    if not python:
        print("no python3.13 with pip, which `sam build` needs: building without bytecode instead", flush=True)
        build_without_sam()
        return
    path = f"{python.parent}{os.pathsep}{environment['PATH']}"
    process = subprocess.run(
        [sam, "build", "--cached"],
        cwd=ROOT,
        env={**environment, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        text=True,
    )
    if process.returncode:
        raise SystemExit(process.stdout)


def find_python() -> Path | None:
    """Return a Python 3.13 with pip. It is tried first: one on PATH may be a version manager's placeholder."""
    proof = "import sys, pip; sys.exit(sys.version_info[:2] != (3, 13))"
    for candidate in (sys.executable, shutil.which("python3.13")):
        if candidate and subprocess.run([candidate, "-c", proof], capture_output=True, check=False).returncode == 0:
            return Path(candidate)
    return None


def build_without_sam() -> None:
    """Lay out what `sam local invoke` looks for: the template, and beside it the code together with its packages."""
    shutil.rmtree(BUILD, ignore_errors=True)
    build_artefact.build(BUILD / "functions", LAMBDA, KEPT)
    shutil.copy(ROOT / "template.yaml", BUILD)


# --- invocations ------------------------------------------------------------------------------------------------------


def invoke(sam: Path, event: Path, environment: Mapping[str, str]) -> bool:
    """Invoke the event's function, print a line on it, and its logs if it failed; return whether it did not."""
    function = function_of(event)
    started = time.monotonic()
    process = subprocess.run(
        [sam, "local", "invoke", function, "--event", event.resolve(), "--env-vars", ENV_VARS],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        check=False,
        text=True,
    )
    seconds = time.monotonic() - started
    error = error_in(process.returncode, process.stdout)
    said = " ".join((error or process.stdout).split())
    print(
        f"{'FAILED' if error else 'ok':6} {seconds:5.1f} s  {function:14}  {visible(event.name):32}  {visible(said)}",
        flush=True,
    )
    if error:
        print(visible_lines(process.stderr), file=sys.stderr, flush=True)
    return not error


def function_of(event: Path) -> str:
    """Return the function whose name the file's name begins with."""
    prefix = event.name.split("-")[0]
    if prefix not in FUNCTION_NAMES:
        raise SystemExit(f"{event}: its name must begin with one of {', '.join(FUNCTION_NAMES)}")
    return FUNCTION_NAMES[prefix]


def error_in(code: int, output: str) -> str | None:
    """Return what went wrong, if anything did: `sam` itself exits with 0 whatever the function does, even time out."""
    if code:
        return f"sam exited with {code}"
    try:
        answer = json.loads(output)
    except ValueError:
        return f"no answer {output.strip()}".strip()
    if isinstance(answer, dict) and answer.keys() & {"errorType", "errorMessage"}:
        return f"{answer.get('errorType')}: {answer.get('errorMessage')}"
    if isinstance(answer, dict) and answer.get("batchItemFailures"):
        return f"it could not handle {answer['batchItemFailures']}"
    return None


if __name__ == "__main__":
    sys.exit(main())
