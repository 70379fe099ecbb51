"""A web page in the developer's browser, and anyone without this run's credentials, against the running stack."""

import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local.stack import REGION, Stack
from tests.test_web_page_guard import FROM_PAGES, send

pytestmark = pytest.mark.e2e
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
CREATE = "Action=CreateQueue&QueueName={}&Version=2012-11-05"
TRUST = '{"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}]}'
NAME = "attacker.example"  # reserved: it is nobody's

PAGE = """<!DOCTYPE html><title>page</title>
<form id="form" action="{aws}/" method="post" enctype="text/plain" target="frame">
<input name="Action" value="CreateQueue&amp;QueueName=by-form&amp;Version=2012-11-05"></form>
<iframe name="frame"></iframe>
<script>
const tried = [
  fetch("{aws}/", {{method: "POST", mode: "no-cors", headers: {{"Content-Type": "application/x-www-form-urlencoded"}},
                    body: "{create}"}}),
  fetch("{aws}/_ministack/health").then(answer => answer.text()),
  fetch("{neptune}/_local/faults", {{method: "POST", mode: "no-cors", body: {fault}}}),
  fetch("{neptune}/_local/summary").then(answer => answer.text()),
];
document.getElementById("form").submit();
Promise.allSettled(tried).then(results => {{
  const told = JSON.stringify(results.map(result => result.value ?? "refused"));
  setTimeout(() => fetch("/told", {{method: "POST", body: told}}), 1000);
}});
</script>"""
FAULT = """JSON.stringify({operation: "*", fault: "drop-before", times: 1000})"""


def queues(stack: Stack) -> str:
    return str(stack.client("sqs").list_queues()["QueueUrls"])


@pytest.mark.parametrize("headers", FROM_PAGES.values(), ids=FROM_PAGES)
def test_a_page_makes_the_emulator_do_nothing(stack: Stack, headers: dict[str, str]) -> None:
    status, answer = send(stack.url, "POST", "/", headers, CREATE.format("by-page"))
    assert [status, "Refused: " in answer, "access-control" in answer.lower()] == [403, True, False]
    assert "by-page" not in queues(stack)


def test_a_page_cannot_read_the_emulators_state_or_reset_it(stack: Stack) -> None:
    for path in ("/_ministack/health", "/_ministack/reset"):
        assert send(stack.url, "POST", path, {"Origin": "https://attacker.example"})[0] == 403
    assert stack.outputs["TrainingQueueUrl"] in queues(stack)


def test_a_websocket_of_a_page_is_refused(stack: Stack) -> None:
    upgrade = {"Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    port = urlsplit(stack.url).port
    status = send(stack.url, "GET", "/", {**upgrade, "Origin": f"http://127.0.0.1:{port}"})[0]
    assert status in (400, 403)


@pytest.mark.parametrize("key", ["", "test", "000000000000", "ASIA0000000000000000"])
def test_a_request_with_no_key_or_anothers_is_refused(stack: Stack, key: str) -> None:
    signed = {"Authorization": f"AWS4-HMAC-SHA256 Credential={key}/20261124/us-east-1/sqs/aws4_request, Signature=0"}
    for path in ("/", "/_ministack/reset"):
        assert send(stack.url, "POST", path, signed if key else {}, CREATE.format("by-stranger"))[0] == 403
    assert "by-stranger" not in queues(stack)


def test_no_run_has_the_credentials_of_another(stack: Stack) -> None:
    others = Stack().credentials
    config = Config(retries={"total_max_attempts": 1})
    session = boto3.Session(others.access_key, others.secret_key, region_name=REGION)
    client = session.client("sqs", endpoint_url=stack.url, config=config)
    with pytest.raises(ClientError, match=r"Forbidden|403|Refused"):
        client.list_queues()


def test_the_emulator_checks_a_functions_permissions(stack: Stack) -> None:
    """`notify` may publish and nothing else, so the topic's own policy cannot help it elsewhere."""
    session = stack.client("sts").assume_role(
        RoleArn=stack.client("iam").create_role(RoleName="nothing", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"],
        RoleSessionName="nothing",
    )["Credentials"]
    with pytest.raises(ClientError, match="not authorized"):
        boto3.client(
            "sqs",
            endpoint_url=stack.url,
            region_name=REGION,
            aws_access_key_id=session["AccessKeyId"],
            aws_secret_access_key=session["SecretAccessKey"],
            aws_session_token=session["SessionToken"],
        ).list_queues()


@contextmanager
def page(stack: Stack) -> Iterator[tuple[int, Callable[[], bytes]]]:
    """Serve the page; yield its port, and what it tells once it has tried everything."""
    told, arrived = [b""], threading.Event()
    content = PAGE.format(aws=stack.url, neptune=stack.neptune.url, create=CREATE.format("by-fetch"), fault=FAULT)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(content.encode())

        def do_POST(self) -> None:
            told[0] = self.rfile.read(int(self.headers["Content-Length"]))
            arrived.set()
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    def what_it_tells() -> bytes:
        assert arrived.wait(60), "the browser did not run the page"
        return told[0]

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port, what_it_tells
        server.shutdown()


def chromium(folder: Path, url: str, *more: str) -> "subprocess.Popen[str]":
    """Start a headless browser to which NAME is this machine."""
    assert CHROMIUM
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={folder}")
    command = [CHROMIUM, *options, f"--host-resolver-rules=MAP {NAME} 127.0.0.1", *more, url]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


@pytest.mark.skipif(not CHROMIUM, reason="needs chromium")
def test_a_page_in_a_real_browser_changes_nothing_and_reads_nothing(stack: Stack, tmp_path: Path) -> None:
    with page(stack) as (port, what_it_tells):
        browser = chromium(tmp_path, f"http://{NAME}:{port}/", "--remote-debugging-port=0")
        try:
            told = what_it_tells().decode()
        finally:
            browser.terminate()
            browser.communicate(timeout=20)
    assert told == '[{},"refused",{},"refused"]'  # {}: sent, and the page may not see what became of it
    assert "by-fetch" not in queues(stack)
    assert "by-form" not in queues(stack)
    assert stack.neptune.faults() == []


@pytest.mark.skipif(not CHROMIUM, reason="needs chromium")
def test_a_name_that_is_moved_to_this_machine_shows_a_real_browser_the_refusal(stack: Stack, tmp_path: Path) -> None:
    url = f"http://{NAME}:{urlsplit(stack.url).port}/_ministack/health"
    shown, _ = chromium(tmp_path, url, "--dump-dom").communicate(timeout=60)
    assert "Refused: the Host header does not name this machine" in shown
    assert "services" not in shown
