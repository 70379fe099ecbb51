"""Forward a port: containers reach servers that listen on this machine's 127.0.0.1 only.

In a container 127.0.0.1 is the container. It sees this machine as the gateway of its bridge, where no such server
listens; this does, on the same port: `python forward.py GATEWAY PORT`. Needs nothing but Python.
"""

import asyncio
import contextlib
import socket
import sys

# Linux's option to listen on an address before it exists: podman's bridge is there only while a container runs.
IP_FREEBIND = 15


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what comes until its end, then the end itself, so that either side may close first."""
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()


async def forward(gateway: str, port: int) -> None:
    """Serve `gateway:port` by `127.0.0.1:port`, until killed."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(ConnectionError):
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", port)
            with contextlib.closing(server_writer):
                await asyncio.gather(copy(reader, server_writer), copy(server_reader, writer))

    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_IP, IP_FREEBIND, 1)
    listener.bind((gateway, port))
    async with await asyncio.start_server(connected, sock=listener) as server:
        print(f"forwarding {gateway}:{port}", flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(forward(sys.argv[1], int(sys.argv[2])))
