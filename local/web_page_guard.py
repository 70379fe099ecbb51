"""Refuse what a web page sends to a server on this machine.

Any page in a browser can send requests to 127.0.0.1: a `fetch` with `Content-Type: text/plain` goes out without asking
first, and a host name that the page's owner moves to 127.0.0.1 (DNS rebinding) even lets the page read the answers.
Programs send no `Origin` and no `Sec-Fetch-Site`, and they call this machine by an address.

The rule is used by the AWS emulator, by local Neptune ML and by the soak test's proxy. It needs nothing but Python,
because the emulator runs in an environment of its own.
"""

import os
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from ipaddress import AddressValueError, IPv4Address
from typing import Any

# The names by which containers call this machine.
NAMES = frozenset({"localhost", "host.containers.internal", "host.docker.internal"})
# A test that gives this machine other names lists them here; one that begins with a dot stands for all below it.
FURTHER_NAMES = "LOCAL_HOST_NAMES"

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def refusal(headers: Iterable[tuple[str, str]]) -> str | None:
    """Return why a request is refused, in one sentence, or None if a program sent it.

    `headers` are all of the request's, repeated ones too.
    """
    found = [(name.lower(), value) for name, value in headers]
    if any(name == "origin" for name, _ in found):
        return "Refused: a web page sent this request (it has an Origin); only programs may use this server."
    if any(name == "sec-fetch-site" and value not in ("none", "same-origin") for name, value in found):
        return "Refused: a web page sent this request (see its Sec-Fetch-Site); only programs may use this server."
    hosts = [value for name, value in found if name == "host"]
    if len(hosts) != 1 or not is_this_machine(hosts[0]):
        return "Refused: the Host header does not name this machine; call the server by 127.0.0.1."
    return None


def is_this_machine(host: str) -> bool:
    """Return whether a Host header names this machine.

    Any port will do: what a page of another port sends has an `Origin`, or a `Sec-Fetch-Site` of `same-site`.
    """
    name = host.lower().partition(":")[0]
    return name in NAMES or is_address(name) or is_further_name(name)


def is_address(name: str) -> bool:
    """Return whether `name` is a private IPv4 address.

    Programs on this machine use 127.0.0.1, containers use their bridge's address. DNS rebinding needs a name: nobody
    can make a browser send one address as the Host of another. 0.0.0.0 also leads here, but browsers send it no
    `Sec-Fetch-Site`: they send that only to addresses that they trust, such as 127.0.0.1.
    """
    try:
        address = IPv4Address(name)
    except AddressValueError:
        return False
    return address.is_private and not address.is_unspecified


def is_further_name(name: str) -> bool:
    """Return whether the environment lists `name`."""
    listed = os.environ.get(FURTHER_NAMES, "").split()
    return any(name == each or (each.startswith(".") and name.endswith(each)) for each in listed)


def guarded(application: Application, permits: Callable[[Scope], bool] = lambda _: True) -> Application:
    """Return an ASGI application that passes on only what programs send and what `permits` accepts."""

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await application(scope, receive, send)
            return
        headers = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
        reason = refusal(headers)
        if reason is None and not permits(scope):
            reason = "Refused: sign the request with this run's credentials; `. .local/env` sets them."
        if reason is None:
            await application(scope, receive, send)
        else:
            await refuse(scope, send, reason)

    return guard


async def refuse(scope: Scope, send: Send, reason: str) -> None:
    """Answer 403. A WebSocket that is closed before it was accepted gets the same status."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close"})
        return
    body = f"{reason}\n".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})
