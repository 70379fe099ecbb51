"""Forward a port, `python forward.py GATEWAY PORT`: containers reach a server that listens on 127.0.0.1 only.

In a container 127.0.0.1 is the container, and this machine is the gateway of its bridge, where no such server listens.
This does, on the same port. It needs nothing but Python.
"""

import contextlib
import socket
import sys
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread

# Linux's option to listen on an address before it exists: podman's bridge is there only while a container runs.
IP_FREEBIND = 15


class Forward(ThreadingTCPServer):
    """Listens where containers see this machine."""

    allow_reuse_address = True
    daemon_threads = True

    def server_bind(self) -> None:
        """Bind, whether the address exists yet or not."""
        self.socket.setsockopt(socket.SOL_IP, IP_FREEBIND, 1)
        super().server_bind()


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


if __name__ == "__main__":
    gateway, port = sys.argv[1], int(sys.argv[2])
    with Forward((gateway, port), Connection) as listener:
        print(f"forwarding {gateway}:{port}", flush=True)
        listener.serve_forever()
