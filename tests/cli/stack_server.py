"""The parts of CloudFormation and Lambda that moto lacks here without heavy packages: a stack, and its one mapping.

They speak the real protocols on loopback: boto3 finds them by AWS_ENDPOINT_URL_CLOUDFORMATION and …_LAMBDA.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

STACK = "neptune-ml-training"
UUID = "5d7e9d3c-0000-4000-8000-000000000000"


class StackServer(ThreadingHTTPServer):
    """Answers for the stack `STACK`: `outputs`, `resources`, `parameters`, and the `state` of its mapping."""

    def __init__(self, outputs: Mapping[str, str], resources: Mapping[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.outputs, self.resources = dict(outputs), dict(resources)
        self.parameters: dict[str, str] = {}
        self.state = "Enabled"
        self.functions: dict[str, Callable[[Any], tuple[Any, bool]]] = {}  # each returns its answer, and if it failed
        self.refusals = 0  # how often the mapping is still on its way to another state

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def cloudformation(self, action: str, asked: dict[str, str]) -> tuple[int, str]:
        if asked["StackName"] != STACK:
            message = f"Stack with id {asked['StackName']} does not exist"
            error = f"<Code>ValidationError</Code><Message>{escape(message)}</Message>"
            return 400, f"<ErrorResponse><Error><Type>Sender</Type>{error}</Error></ErrorResponse>"
        if action == "DescribeStacks":
            members = "".join(
                f"<member><OutputKey>{escape(key)}</OutputKey><OutputValue>{escape(value)}</OutputValue></member>"
                for key, value in self.outputs.items()
            )
            given = "".join(
                f"<member><ParameterKey>{key}</ParameterKey><ParameterValue>{escape(value)}</ParameterValue></member>"
                for key, value in self.parameters.items()
            )
            lists = f"<Parameters>{given}</Parameters><Outputs>{members}</Outputs>"
            said = f"<Stacks><member><StackName>{STACK}</StackName>{lists}</member></Stacks>"
        else:
            name = self.resources[asked["LogicalResourceId"]]
            said = f"<StackResourceDetail><PhysicalResourceId>{escape(name)}</PhysicalResourceId></StackResourceDetail>"
        return 200, f"<{action}Response><{action}Result>{said}</{action}Result></{action}Response>"

    def mapping(self) -> dict[str, str]:
        return {"UUID": UUID, "State": self.state}


class Handler(BaseHTTPRequestHandler):
    server: StackServer

    def do_POST(self) -> None:
        if self.path.endswith("/invocations"):
            said, failed = self.server.functions[self.path.split("/")[-2]](json.loads(self.body()))
            self.answer(200, json.dumps(said), headers={"X-Amz-Function-Error": "Unhandled"} if failed else {})
            return
        asked = {name: values[0] for name, values in parse_qs(self.body().decode()).items()}
        self.answer(*self.server.cloudformation(asked["Action"], asked))

    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        mappings = [self.server.mapping()] if asked["FunctionName"] == [self.server.outputs["StartFunction"]] else []
        self.answer(200, json.dumps({"EventSourceMappings": mappings}))

    def do_PUT(self) -> None:
        assert self.path.endswith(f"/event-source-mappings/{UUID}")
        asked = json.loads(self.body())
        if self.server.refusals:
            self.server.refusals -= 1
            self.answer(400, '{"Type": "User", "Message": "it is in use"}', "ResourceInUseException")
            return
        self.server.state = "Enabled" if asked["Enabled"] else "Disabled"
        self.answer(202, json.dumps(self.server.mapping()))

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def answer(
        self, status: int, text: str, error: str = "", headers: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        content = text.encode()
        self.send_response(status)
        for name, value in {**headers, **({"x-amzn-ErrorType": error} if error else {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving(outputs: Mapping[str, str], resources: Mapping[str, str]) -> Iterator[StackServer]:
    with StackServer(outputs, resources) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
