"""One process of a function under Lambda's own Runtime Interface Emulator (RIE), and what it costs.

The emulator's binary comes with aws-sam-cli, Lambda's runtime client is `awslambdaric`: no container is needed.
The emulator starts the function's process with the first event, as Lambda does in a cold start.
"""

import http.client
import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, Self

import psutil

from local.artefact import KEPT
from local.emulator import free_port

PYTHON = KEPT / "lambda" / "bin" / "python"  # has Lambda's runtime client, and nothing that a function uses
STARTS_WITHIN = 10.0
INVOCATION = "/2015-03-31/functions/function/invocations"


class Cost(NamedTuple):
    """Hold what one invocation took: wall and CPU time in milliseconds. CPU time includes child processes."""

    wall: float
    cpu: float


class Failed(Exception):  # noqa: N818
    """Say that a function did not answer as it should."""


class FunctionProcess:
    """A function under the emulator, as a context manager.

    `code` is its folder, `handler` such as `start.handler`. `cgroup` is a folder of Linux's control groups (version 1)
    that the process joins; it limits the CPU.
    """

    def __init__(
        self, code: Path, handler: str, variables: Mapping[str, str], *, memory: int = 512, cgroup: Path | None = None
    ) -> None:
        self._code, self._handler, self._memory, self._cgroup = code, handler, memory, cgroup
        self._variables = variables

    def __enter__(self) -> Self:
        self._folder = TemporaryDirectory(prefix="rie-")
        self._log = Path(self._folder.name) / "log"
        self._port, runtime = free_port(), free_port()
        command = [
            *(str(binary()), "--runtime-interface-emulator-address", f"127.0.0.1:{self._port}"),
            *("--runtime-api-address", f"127.0.0.1:{runtime}"),
            *(str(PYTHON), "-m", "awslambdaric", self._handler),
        ]
        with self._log.open("wb") as log:
            self._process = psutil.Popen(
                command, cwd=self._code, env=self._environment(), stdout=log, stderr=subprocess.STDOUT
            )
        if self._cgroup:
            (self._cgroup / "cgroup.procs").write_text(str(self._process.pid))
        self._wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)
        self._folder.cleanup()

    def invoke(self, event: bytes) -> Cost:
        """Invoke the function. The first time, the wall time includes the start of its process, and so does the CPU.

        Raises:
            Failed: it did not answer, or with an error.
        """
        before = self._cpu()
        began = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
        connection.request("POST", INVOCATION, event)
        answer = connection.getresponse().read()
        wall = time.perf_counter() - began
        connection.close()
        if b'"errorType"' in answer or answer.startswith(b"Task timed out"):
            raise Failed(f"{self._handler}: {answer.decode(errors='replace')[:2000]}\n{self._said()}")
        return Cost(wall * 1000, self._cpu() - before)

    def peak_megabytes(self) -> float:
        """Return the most memory that the function's process has held. Its child processes are not included."""
        status = Path(f"/proc/{self._function().pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / 1024

    def _environment(self) -> dict[str, str]:
        """Return what Lambda sets, and the function's own variables. Nothing is cached: Lambda's disk is read-only."""
        return {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "LAMBDA_TASK_ROOT": str(self._code),
            "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
            "AWS_LAMBDA_FUNCTION_NAME": "function",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self._memory),
            "AWS_LAMBDA_FUNCTION_TIMEOUT": "120",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_EC2_METADATA_DISABLED": "true",
            "PYTHONDONTWRITEBYTECODE": "1",
            **self._variables,
        }

    def _wait(self) -> None:
        until = time.monotonic() + STARTS_WITHIN
        while time.monotonic() < until and self._process.poll() is None:
            try:
                http.client.HTTPConnection("127.0.0.1", self._port, timeout=1).connect()
            except OSError:
                time.sleep(0.005)
            else:
                return
        raise Failed(f"the emulator did not start: {self._said()}")

    def _function(self) -> Any:
        return self._process.children()[0]

    def _cpu(self) -> float:
        """Return the milliseconds of CPU that the function's process has used; 0 before it has started.

        The process's own clock (clock_getcpuclockid of Linux) is exact, also about threads that have ended. What child
        processes used is known in steps of 10 ms.
        """
        for function in self._process.children():
            times = function.cpu_times()
            own = time.clock_gettime((~function.pid << 3) | 2)
            return (own + times.children_user + times.children_system) * 1000
        return 0.0

    def _said(self) -> str:
        return self._log.read_text(errors="replace")[-3000:]


def binary() -> Path:
    """Return the emulator for this machine. Raises Failed if there is none: it runs on Linux only."""
    machine = {"aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)
    found = sorted((KEPT / "sam").glob(f"lib/python*/site-packages/samcli/local/rapid/aws-lambda-rie-{machine}"))
    if os.uname().sysname != "Linux" or not found:
        raise Failed("Lambda's Runtime Interface Emulator runs on Linux only, on x86_64 or aarch64")
    return found[0]


def compile_runtime_client() -> None:
    """Compile Lambda's runtime client, as Lambda has it. Otherwise each cold start would compile it anew."""
    subprocess.run(
        [PYTHON, "-m", "compileall", "-q", PYTHON.parents[1] / "lib"], check=False, stdout=subprocess.DEVNULL
    )
