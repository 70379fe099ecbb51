"""One process with `start` and `step` in it, as Lambda would run them: each line of input is an invocation.

{"function": "start", "event": {…}}  →  {"jobId": …}
{"reach": "host:port"}               →  "connected", or the name of the error
"""

import importlib
import json
import socket
import sys
import time
from types import SimpleNamespace
from typing import Any

TIMEOUT = 15.0


class Context(SimpleNamespace):
    """Lambda's context object, from the moment when it is made."""

    def __init__(self) -> None:
        super().__init__(function_name="f", memory_limit_in_mb=512, invoked_function_arn="arn", aws_request_id="1")
        self.end = time.monotonic() + TIMEOUT

    def get_remaining_time_in_millis(self) -> int:
        return round((self.end - time.monotonic()) * 1000)


def answer(line: dict[str, Any]) -> Any:
    if "reach" in line:
        return reach(*line["reach"].rsplit(":", 1))
    return importlib.import_module(line["function"]).handler(line["event"], Context())


def reach(host: str, port: str) -> str:
    try:
        socket.create_connection((host, int(port)), timeout=3).close()
    except OSError as error:
        return type(error).__name__ if error.errno is None else str(error.strerror)
    return "connected"


if __name__ == "__main__":
    answers, sys.stdout = sys.stdout, sys.stderr  # where the functions log is not where they answer
    print("ready", file=answers, flush=True)
    for each in sys.stdin:
        print(json.dumps(answer(json.loads(each))), file=answers, flush=True)
