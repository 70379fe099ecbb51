"""AWS as the functions see it: the emulator, behind a proxy that counts what they ask for and at times refuses."""

import asyncio
import re
import threading
from collections import Counter
from concurrent.futures import Future
from typing import Self

import aiohttp
from aiohttp import web
from yarl import URL

from local.soak.refusals import Refusals
from local.web_page_guard_aiohttp import guard

OF_THE_CONNECTION = {"connection", "transfer-encoding", "content-length", "keep-alive"}
SERVICE = re.compile(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/aws4_request")


class Front:
    """The proxy, in a thread of its own. `before` puts it in front of an address and returns its own."""

    def __init__(self, refusals: Refusals) -> None:
        self._refusals = refusals
        self._thread: threading.Thread | None = None
        self.calls: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()

    def before(self, url: str) -> str:
        """Stand before `url`; return the address to use instead."""
        ready: Future[str] = Future()
        self._thread = threading.Thread(target=asyncio.run, args=(self._serve(url, ready),), name="front", daemon=True)
        self._thread.start()
        return ready.result()

    async def _serve(self, url: str, ready: Future[str]) -> None:
        self._loop, self._stop, self._url = asyncio.get_running_loop(), asyncio.Event(), url
        application = web.Application(middlewares=[guard])
        application.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.01)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        unlimited = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=unlimited, auto_decompress=False) as self._session:
            ready.set_result(f"http://127.0.0.1:{runner.addresses[0][1]}")
            await self._stop.wait()
        await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.Response:
        try:
            return await self._answer(request, await request.read())
        except (ConnectionError, aiohttp.ClientConnectionError):
            return web.Response(status=502)  # the function was killed while it spoke, or the emulator has gone

    async def _answer(self, request: web.Request, body: bytes) -> web.Response:
        found = SERVICE.search(request.headers.get("Authorization", ""))
        service = found[1] if found else "unsigned"
        operation = request.headers.get("X-Amz-Target", request.method).rpartition(".")[2]
        self.calls[f"{service} {operation}"] += 1
        when = self._refusals.when(service)
        answer = None if when == "before" else await self._pass_on(request, body)
        if answer and when == "never":
            return answer
        self.refused[f"{service}, {when} it did it"] += 1
        return self._refusals.answer(service, operation, done=when == "after")

    async def _pass_on(self, request: web.Request, body: bytes) -> web.Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in OF_THE_CONNECTION}
        target = URL(self._url + request.raw_path, encoded=True)  # as it was signed
        async with self._session.request(request.method, target, headers=headers, data=body) as answer:
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in OF_THE_CONNECTION}
            return web.Response(status=answer.status, headers=kept, body=await answer.read())
