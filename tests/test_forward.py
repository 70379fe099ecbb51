"""For how long, and to whom, a server of this machine is open to containers: 127.0.0.2 stands for their bridge."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from local import sam_local

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Docker Desktop needs no forward, and this is Linux's")
PROGRAM = Path(sam_local.__file__).parent / "forward.py"
BRIDGE, PEER, ELSEWHERE = "127.0.0.2/29", "127.0.0.5", "127.0.0.9"


@contextmanager
def server() -> Iterator[int]:
    """A server on 127.0.0.1 that says hello to whoever connects; yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(b"hello")

        threading.Thread(target=answer, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


@contextmanager
def owner(command: str = "import time; time.sleep(60)") -> Iterator["subprocess.Popen[bytes]"]:
    """A process whose servers are forwarded. It has no parent that waits for it until the test is over."""
    with subprocess.Popen([sys.executable, "-c", command], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


@contextmanager
def forward(port: int, pid: int) -> Iterator[psutil.Process]:
    with subprocess.Popen([sys.executable, PROGRAM, BRIDGE, str(port), str(pid)], stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == f"forwarding {BRIDGE}:{port}\n".encode()
        try:
            yield psutil.Process(process.pid)
        finally:
            process.kill()


def said(port: int, source: str) -> bytes:
    """What is answered on the bridge to a peer of this address."""
    with socket.create_connection(("127.0.0.2", port), timeout=5, source_address=(source, 0)) as connection:
        return connection.recv(100)


def test_peers_of_the_bridge_reach_the_server_and_others_are_hung_up_on() -> None:
    with server() as port, owner() as process, forward(port, process.pid):
        assert [said(port, PEER), said(port, ELSEWHERE), said(port, PEER)] == [b"hello", b"", b"hello"]


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_it_ends_with_the_process_whose_server_it_forwards_however_that_is_killed(end: signal.Signals) -> None:
    with server() as port, owner() as process, forward(port, process.pid) as forwarding:
        assert said(port, PEER) == b"hello"
        process.send_signal(end)
        forwarding.wait(5)
        with pytest.raises(ConnectionRefusedError):
            said(port, PEER)


def test_it_ends_with_the_process_whose_server_it_forwards_when_that_returns() -> None:
    with server() as port, owner("input()") as process, forward(port, process.pid) as forwarding:
        process.communicate(b"\n")
        forwarding.wait(5)


def test_it_does_not_start_for_a_process_that_has_ended() -> None:
    with owner() as process:
        process.kill()
    command: list[str | Path] = [sys.executable, PROGRAM, BRIDGE, "1", str(process.pid)]
    assert subprocess.run(command, capture_output=True, check=False, timeout=10).returncode


def test_the_engine_is_told_whose_servers_the_ports_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    engine = tmp_path / "engine"
    engine.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/arguments\necho export LOCAL_HOST_NAME=192.0.2.1\n')
    engine.chmod(0o700)
    monkeypatch.setattr(sam_local, "ENGINE", engine)
    assert sam_local.start_engine(str(os.getpid()), {8182, 4566}) == {"LOCAL_HOST_NAME": "192.0.2.1"}
    assert (tmp_path / "arguments").read_text().split() == ["up", str(os.getpid()), "4566", "8182"]
