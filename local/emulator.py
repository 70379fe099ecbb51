"""ministack, the AWS emulator, as a process of ours: on loopback, on a free port, gone when we are done."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from local.artefact import KEPT, ROOT

PYTHON = KEPT / f"ministack-{sys.version_info.major}.{sys.version_info.minor}" / "bin" / "python"
STARTS_WITHIN = 30.0
MEMORY, ROOM = Path("/dev/shm"), 4 * 2**30  # noqa: S108 - files there are ours alone
END_WITH_US = ("/usr/bin/env", "setpriv", "--pdeathsig", "TERM")  # even if we are killed
USERS_OWN = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN")  # what would speak beside our credentials
NOT_PASSED_ON = ("AWS_", "PYTHON", "MINISTACK_", "LAMBDA_")  # its functions inherit its environment
NO_OTHER_PORTS = {"IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0"}  # these speak no HTTP, so the guard is not before them


def stay_on_this_machine() -> None:
    """Ignore the user's profile, a proxy and the machine's role in all that is started here."""
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    for name in USERS_OWN:
        os.environ.pop(name, None)
    for name in ("NO_PROXY", "no_proxy"):
        others = os.environ.get(name, "").split(",")
        os.environ[name] = ",".join(dict.fromkeys(["127.0.0.1", *filter(None, others)]))


def end_with_all() -> None:
    """Let a closed terminal or a `kill` end what this process has started, as Ctrl-C does."""
    for end in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(end, lambda *_: sys.exit(1))


@dataclass(frozen=True)
class Credentials:
    """An access key for one run, which opens nothing else."""

    access_key: str = field(default_factory=lambda: f"LOCAL{secrets.token_hex(10).upper()}")
    secret_key: str = field(default_factory=lambda: secrets.token_urlsafe(30), repr=False)

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables by which any AWS client finds them."""
        return {"AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key}


@contextmanager
def emulator(log: Path, credentials: Credentials) -> Iterator[str]:
    """Run ministack, which checks signatures and policies, and yield its address."""
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(NOT_PASSED_ON)}
    environment |= {"GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "MINISTACK_HOST": "127.0.0.1"}
    environment |= {"AUTH": "true", **credentials.variables, **NO_OTHER_PORTS}
    unpacked = TemporaryDirectory(prefix="functions-", dir=room_to_unpack(log.parent), ignore_cleanup_errors=True)
    with log.open("wb") as output, unpacked as folder:
        process = subprocess.Popen(
            [*END_WITH_US, PYTHON, "-m", "local.guarded_ministack"],
            cwd=ROOT,
            env=environment | {"TMPDIR": folder},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is ours to handle: we stop it when we have said goodbye
        )
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until_up(process, url, log)
            yield url
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def room_to_unpack(on_disk: Path) -> Path:
    """Where each process of a function unpacks the artefact, 3,500 files: in memory where there is some.

    Removing them from a disk can take ten seconds, and a process that died comes back only after that.
    """
    return MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM else on_disk


def wait_until_up(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    """Return when it answers. Raises RuntimeError with the end of its log if it does not."""
    until = time.monotonic() + STARTS_WITHIN
    while process.poll() is None and time.monotonic() < until:
        try:
            urllib.request.urlopen(f"{url}/_ministack/health", timeout=1).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"ministack did not start:\n{log.read_text(errors='replace')[-2000:]}")


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number
