"""Let containers reach a server on 127.0.0.1: `python forward.py ADDRESS/PREFIX PORT PID`.

In a container 127.0.0.1 is the container, and this machine is the gateway of its bridge, where no such server listens.
This program listens there, on the same port, for peers of the bridge only. It ends with process PID, which has started
the server: a server that gets the port later must not be open to containers. It needs only Python, on Linux.
"""

import contextlib
import os
import select
import socket
import sys
from ipaddress import IPv4Interface
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread

# Linux's option to listen on an address before it exists: podman's bridge is there only while a container runs.
IP_FREEBIND = 15


class Forward(ThreadingTCPServer):
    """Listens on `bridge`, the address by which containers see this machine, for peers of its network."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, bridge: IPv4Interface, port: int) -> None:
        self.network = bridge.network
        super().__init__((str(bridge.ip), port), Connection)

    def server_bind(self) -> None:
        """Bind, whether the address exists yet or not."""
        self.socket.setsockopt(socket.SOL_IP, IP_FREEBIND, 1)
        super().server_bind()

    def verify_request(self, _request: object, client_address: tuple[str, int]) -> bool:
        """Return whether the peer is on the bridge: Linux accepts packets for its address from other networks too."""
        return IPv4Interface(client_address[0]).ip in self.network


class Connection(BaseRequestHandler):
    """One connection from a container and its counterpart to the server."""

    request: socket.socket

    def handle(self) -> None:
        """Copy both ways until both have ended."""
        # A container may vanish without a word, so TCP itself has to ask whether the other side is still there.
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self.request.setsockopt(socket.SOL_TCP, socket.TCP_KEEPIDLE, 30)
        with socket.create_connection(("127.0.0.1", self.request.getsockname()[1])) as server:
            answers = Thread(target=copy, args=(server, self.request), daemon=True)
            answers.start()
            copy(self.request, server)
            answers.join()


def copy(source: socket.socket, sink: socket.socket) -> None:
    """Pass on what comes, and the end when it comes; a broken connection is an end too."""
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def main(bridge: str, port: str, pid: str) -> None:
    """Forward until process `pid` has ended, however it ends."""
    owner = os.pidfd_open(int(pid))  # not the number itself, which a later process may get
    with Forward(IPv4Interface(bridge), int(port)) as listener:
        print(f"forwarding {bridge}:{port}", flush=True)
        Thread(target=listener.serve_forever, daemon=True).start()
        select.select([owner], [], [])


if __name__ == "__main__":
    main(*sys.argv[1:])
