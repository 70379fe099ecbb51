"""AWS as the functions see it: the emulator behind a proxy that makes DynamoDB and SNS refuse now and then.

Some refusals come after the request has had its effect: the answer is lost, and the SDK asks again. And every so often
one of the two refuses everything for a while, which no SDK's retries outlast.
"""

import asyncio
import random
import re
import threading
import time
from collections import Counter
from concurrent.futures import Future
from typing import Self

import aiohttp
from aiohttp import web

from local.soak.refusals import refusal

BEFORE, AFTER = 0.01, 0.01
CALM, OUTAGE = (10.0, 20.0), 2.0  # seconds between outages; of an outage
REFUSING = ("dynamodb", "sns")
HOP = {"connection", "transfer-encoding", "content-length", "keep-alive", "host"}
SERVICE = re.compile(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/aws4_request")


class Front:
    """The proxy, in a thread of its own. `before` makes it stand before an address and tells its own."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._out, self._out_until, self._next_outage = "", 0.0, time.monotonic() + chance.uniform(*CALM)
        self.calls: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.calm = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if hasattr(self, "_loop"):
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
        application = web.Application(client_max_size=2**30)
        application.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.01)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        async with aiohttp.ClientSession(auto_decompress=False, connector=aiohttp.TCPConnector(limit=0)) as self._session:
            ready.set_result(f"http://127.0.0.1:{runner.addresses[0][1]}")
            await self._stop.wait()
        await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        found = SERVICE.search(request.headers.get("Authorization", ""))
        service = found[1] if found else ""
        operation = request.headers.get("X-Amz-Target", request.method).rpartition(".")[2]
        self.calls[f"{service} {operation}"] += 1
        when = self._when(service)
        answer = None if when == "before" else await self._pass_on(request, body)
        if answer is not None and when == "never":
            return answer
        self.refused[f"{service}, {when} it did it"] += 1
        return refusal(service, operation, done=when == "after", chance=self._chance)

    def _when(self, service: str) -> str:
        if self.calm or service not in REFUSING:
            return "never"
        now = time.monotonic()
        if now > self._next_outage:
            self._out, self._out_until = self._chance.choice(REFUSING), now + OUTAGE
            self._next_outage = now + self._chance.uniform(*CALM)
        if now < self._out_until and service == self._out:
            return "before"
        drawn = self._chance.random()
        return "before" if drawn < BEFORE else "after" if drawn < BEFORE + AFTER else "never"

    async def _pass_on(self, request: web.Request, body: bytes) -> web.Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP}
        target = self._url + request.raw_path
        async with self._session.request(request.method, target, headers=headers, data=body) as answer:
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in HOP}
            return web.Response(status=answer.status, headers=kept, body=await answer.read())
