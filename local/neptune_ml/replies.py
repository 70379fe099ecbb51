"""Send answers and errors, and the faults that were asked for."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

from local.neptune_ml.errors import STATUSES, NeptuneError
from local.neptune_ml.faults import Fault

_PAGE = "<html>\r\n<head><title>{0}</title></head>\r\n<body><center><h1>{0}</h1></center></body>\r\n</html>\r\n"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; without a status it is none, and the connection is closed instead.

    `name` is what the log calls it.
    """

    name: str
    status: int | None = None
    body: str = ""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def success(cls, body: Mapping[str, Any]) -> Self:
        """Answer with what the operation gave."""
        return cls("OK", 200, json.dumps(body))

    @classmethod
    def error(cls, error: NeptuneError) -> Self:
        """Answer with an error, as Neptune writes one: its text is in `detailedMessage`, there is no `message`."""
        body = {"code": error.code, "requestId": str(uuid.uuid4()), "detailedMessage": error.message}
        return cls(error.code, error.status, json.dumps(body), headers={"x-amzn-errortype": error.code})

    @classmethod
    def page(cls, status: int) -> Self:
        """Answer as a gateway in between does."""
        return cls(f"HTTP {status}", status, _PAGE.format(f"{status} Error"), "text/html")

    def spoilt(self, fault: Fault) -> "Reply":
        """Return what is sent instead of this reply under `fault`."""
        match fault.kind:
            case "drop-before" | "drop-after":
                return Reply("dropped")
            case "error-after" | "http-500" | "http-502" | "http-503":
                return Reply.page(fault.status)
            case "not-json":
                return Reply("not JSON", 200, '{"id": "')
            case code if code in STATUSES:
                return Reply.error(NeptuneError(code, fault.message or f"{code} on demand."))
            case _:
                return self

    def send(self, request: web.Request) -> web.Response:
        """Turn into aiohttp's response, or close the connection of `request`."""
        if self.status is None:
            if request.transport is not None:
                request.transport.close()
            return web.Response()  # goes nowhere: the transport is closing
        return web.Response(
            status=self.status, text=self.body, content_type=self.content_type, headers=dict(self.headers)
        )
