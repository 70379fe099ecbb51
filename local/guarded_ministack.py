"""ministack, the AWS emulator, behind the guard: `python -m local.guarded_ministack`, in ministack's own environment.

It also refuses requests not signed with the run's key or a running function's. ministack itself treats a request
without a signature, or one signed with the key `test`, as the root user's, even with AUTH=true.
"""

import os
import re
import signal
import threading
import time
from urllib.parse import parse_qs

import ministack.app as ministack
from ministack.services import sts

from local.web_page_guard import Application, Receive, Scope, Send, guarded

KEY = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/]+)/")
HEALTH = "/_ministack/health"
STOPS_WITHIN = 10.0


def main() -> None:
    """Serve until terminated, or until the process that started this one has ended."""
    threading.Thread(target=end_with_owner, name="owner", daemon=True).start()
    ministack.app = guarded(over_tls(ministack.app), permits)
    ministack.main()


def end_with_owner() -> None:
    """End this process when its standard input does: the owner holds the other end, and never writes to it."""
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOPS_WITHIN)
    os._exit(1)


def permits(scope: Scope) -> bool:
    """Return whether the request names the run's access key, or the key of a function's session.

    ministack checks a session's signature. It does not check the root user's, so the run's key id is itself a secret.
    """
    key = access_key(scope)
    return scope["path"] == HEALTH or key == os.environ["AWS_ACCESS_KEY_ID"] or key in sts._sessions


def access_key(scope: Scope) -> str | None:
    """Return the access key that a request is signed with, in its header or in its query."""
    signed = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"), "")
    if found := KEY.match(signed):
        return found[1]
    query = parse_qs(scope["query_string"].decode("latin-1"))
    return query.get("X-Amz-Credential", [""])[0].partition("/")[0] or None


def over_tls(application: Application) -> Application:
    """Return `application` as behind a proxy that ended TLS: the template's policies refuse plain HTTP."""

    async def forwarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = {**scope, "headers": [*scope["headers"], (b"x-forwarded-proto", b"https")]}
        await application(scope, receive, send)

    return forwarded


if __name__ == "__main__":
    main()
