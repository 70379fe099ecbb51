"""The guard against web pages, for servers that are made of aiohttp."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from local.web_page_guard import refusal


@web.middleware
async def guard(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Answer 403 to what a web page sends."""
    reason = refusal(request.headers.items())
    return await handler(request) if reason is None else web.Response(status=403, text=f"{reason}\n")
