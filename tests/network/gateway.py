"""A gateway endpoint: AWS's own name and port, with TLS, in front of the emulator."""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit


@contextmanager
def gateways(addresses: list[str], url: str, certificate: tuple[Path, Path]) -> Iterator[None]:
    """Listen on port 443 of `addresses` and pass on to `url`."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    target = urlsplit(url)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_aws = await asyncio.open_connection(target.hostname, target.port)
        await asyncio.gather(copy(reader, to_aws[1]), copy(to_aws[0], writer))

    async def serve() -> None:
        for address in addresses:
            await asyncio.start_server(connected, address, 443, ssl=context)
        listening.set()
        await asyncio.Event().wait()

    listening = threading.Event()
    threading.Thread(target=asyncio.run, args=(serve(),), daemon=True).start()
    assert listening.wait(10), f"nothing listens on {addresses}"
    yield


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what comes, and the end when it comes."""
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
