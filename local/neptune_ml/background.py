"""Run the server in its own thread, so that a test, or the command line, only opens and closes it."""

import asyncio
import ssl
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from aiohttp import web

from local.neptune_ml.server import application
from local.neptune_ml.state import Neptune

_LAST_MOMENT: Final = 0.01  # seconds that a request still under way gets when the server closes; aiohttp's 60 are long


@dataclass(kw_only=True, eq=False)
class NeptuneML(Neptune):
    """A local Neptune ML as a context manager: listening inside the `with`, gone after it.

    Port 0 is any free one; `url` has it. With `certificate` and `key` (PEM files) it speaks HTTPS. Entering raises
    OSError if the address cannot be had or a file not be read.
    """

    host: str = "127.0.0.1"
    port: int = 0
    certificate: Path | None = None
    key: Path | None = None
    url: str = field(default="", init=False)

    def __enter__(self) -> Self:
        ready: Future[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]] = Future()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="neptune-ml", daemon=True)
        self._thread.start()
        try:
            self.url, self._loop, self._stop = ready.result()
        except BaseException:
            self._thread.join()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self, ready: Future[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]]) -> None:
        try:
            asyncio.run(self._serve(ready))
        except BaseException as error:
            if ready.done():
                raise
            ready.set_exception(error)

    async def _serve(self, ready: Future[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]]) -> None:
        runner = web.AppRunner(application(self), access_log=None, shutdown_timeout=_LAST_MOMENT)
        await runner.setup()
        try:
            tls = _tls(self.certificate, self.key) if self.certificate else None
            site = web.TCPSite(runner, self.host, self.port, ssl_context=tls)
            await site.start()
            port = runner.addresses[0][1]
            stop = asyncio.Event()
            ready.set_result((f"{'https' if tls else 'http'}://{self.host}:{port}", asyncio.get_running_loop(), stop))
            await stop.wait()
            await site.stop()
            _hang_up(runner)
        finally:
            await runner.cleanup()


def _hang_up(runner: web.AppRunner) -> None:
    """Abort all connections: a polite close of a TLS one waits for a client that may never speak again."""
    for connection in runner.server.connections if runner.server else ():
        if connection.transport is not None:
            connection.transport.abort()


def _tls(certificate: Path, key: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return context
