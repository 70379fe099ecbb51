"""ministack, the AWS emulator, as a process of ours: on loopback, on a free port, gone when we are done."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from local.artefact import KEPT, ROOT
from local.run_folders import room_to_unpack, run_folder

PYTHON = KEPT / f"ministack-{sys.version_info.major}.{sys.version_info.minor}" / "bin" / "python"
STARTS_WITHIN = 30.0
TERMINAL_SECONDS = 1.0  # between two looks whether the terminal is still there
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
    end_with_terminal()


def end_with_terminal() -> None:
    """Send this process SIGHUP when its terminal has been closed.

    The system sends it only to the terminal's own process. If that is `make`, it waits for us, and we would not end.
    """
    terminal = next((each for each in (0, 1, 2) if is_terminal(each)), None)
    if terminal is not None:
        threading.Thread(target=wait_for_hangup, args=(terminal,), name="terminal", daemon=True).start()


def wait_for_hangup(terminal: int) -> None:
    """Send SIGHUP to this process as soon as the open file `terminal` is no longer one."""
    while is_terminal(terminal):
        time.sleep(TERMINAL_SECONDS)
    os.kill(os.getpid(), signal.SIGHUP)


def is_terminal(number: int) -> bool:
    """Return True if the open file `number` is a terminal that was not closed."""
    try:
        return os.isatty(number)
    except OSError:
        return False


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
def emulator(
    log: Path, credentials: Credentials, port: int = 0, module: str = "local.guarded_ministack"
) -> Iterator[str]:
    """Run ministack, which checks signatures and policies, and yield its address. Port 0 is any free one.

    `module` is the Python module that runs it.

    It ends with this process, even if this process is killed: then its standard input is closed.
    """
    port = port or free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(NOT_PASSED_ON)}
    environment |= {"GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "MINISTACK_HOST": "127.0.0.1"}
    environment |= {"AUTH": "true", **credentials.variables, **NO_OTHER_PORTS}
    with log.open("wb") as output, run_folder(*room_to_unpack(log.parent)) as folder:
        process = subprocess.Popen(
            [PYTHON, "-m", module],
            cwd=ROOT,
            env=environment | {"TMPDIR": str(folder)},
            stdin=subprocess.PIPE,
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
            if process.stdin:
                process.stdin.close()


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


def free_port(preferred: int = 0) -> int:
    """Return `preferred` if nothing listens there, or else a port on which nothing does."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a connection that has just ended is no listener
        try:
            probe.bind(("127.0.0.1", preferred))
        except OSError:
            return free_port()
        number: int = probe.getsockname()[1]
        return number
