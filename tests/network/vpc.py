"""The VPC: a namespace joined to this one by a cable, three addresses at this end of it, and AWS's names for them."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

S3, DYNAMODB, NEPTUNE = "10.77.0.11", "10.77.0.12", "10.77.0.13"
HERE = "10.77.0.1"
THERE = "10.77.0.2"
NEPTUNE_NAME = "graph.cluster-local.us-east-1.neptune.amazonaws.com"
NAMES = {
    S3: ["s3.us-east-1.amazonaws.com", "*.s3.us-east-1.amazonaws.com"],
    DYNAMODB: ["dynamodb.us-east-1.amazonaws.com"],
    NEPTUNE: [NEPTUNE_NAME],
}


def ip(*arguments: str, of: int | None = None) -> None:
    """Run `ip`, in the namespace of a process."""
    elsewhere = ["nsenter", f"--target={of}", "--net"] if of else []
    subprocess.run([*elsewhere, "ip", *arguments], check=True)


def lay_cable() -> None:
    """This end, with its addresses."""
    ip("link", "set", "lo", "up")
    ip("link", "add", "aws", "type", "veth", "peer", "name", "vpc")
    ip("link", "set", "aws", "up")
    for address in (HERE, *NAMES):
        ip("address", "add", f"{address}/32", "dev", "aws")
    ip("route", "add", THERE, "dev", "aws", "src", HERE)


def name_addresses(folder: Path, bucket: str) -> None:
    """A hosts file is all that knows AWS's names. Only this process and those that it starts see it."""
    hosts = folder / "hosts"
    lines = (f"{address} {name.replace('*', bucket)}\n" for address, names in NAMES.items() for name in names)
    hosts.write_text("127.0.0.1 localhost\n" + "".join(lines))
    subprocess.run(["mount", "--bind", hosts, "/etc/hosts"], check=True)


class Functions:
    """The process in the VPC."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def invoke(self, function: str, event: object) -> Any:
        return self._ask({"function": function, "event": event})

    def reach(self, address: str) -> str:
        return self._ask({"reach": address})

    def _ask(self, question: object) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


@contextmanager
def functions(environment: Mapping[str, str]) -> Iterator[Functions]:
    """`start` and `track` in the VPC, with these variables and a route to each of the three addresses."""
    command = ["unshare", "--net", sys.executable, "-m", "tests.network.function"]
    variables = {"PATH": os.environ["PATH"], "PYTHONPATH": os.environ["PYTHONPATH"], **environment}
    with subprocess.Popen(command, env=variables, stdin=-1, stdout=-1, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        ip("link", "set", "vpc", "netns", str(process.pid))
        ip("link", "set", "lo", "up", of=process.pid)
        ip("address", "add", f"{THERE}/32", "dev", "vpc", of=process.pid)
        ip("link", "set", "vpc", "up", of=process.pid)
        for address in NAMES:
            ip("route", "add", address, "dev", "vpc", "src", THERE, of=process.pid)
        yield Functions(process)
        assert process.stdin
        process.stdin.close()
