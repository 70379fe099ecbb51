"""What a web page in a browser can send to the local servers, byte by byte, and that it changes nothing."""

import json
import random
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from local.neptune_ml import NeptuneML
from local.soak.front import Front
from local.soak.refusals import Refusals
from local.web_page_guard import FURTHER_NAMES, refusal

FAULT = json.dumps({"operation": "*", "fault": "drop-before", "times": 1_000})
START = json.dumps({"id": "mine", "dataProcessingJobId": "local-data-processing", "trainModelS3Location": "s3://b/m"})
FROM_PAGES = {
    "a fetch that needs no preflight": {"Origin": "https://attacker.example", "Content-Type": "text/plain"},
    "a page in a sandbox": {"Origin": "null", "Content-Type": "text/plain"},
    "a page of another local server": {"Origin": "http://127.0.0.1:3000"},
    "a form": {"Origin": "https://attacker.example", "Content-Type": "application/x-www-form-urlencoded"},
    "an image or a script": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
    "an image of another local server": {"Sec-Fetch-Site": "same-site"},
    "a name moved to this machine": {"Host": "attacker.example:{port}", "Sec-Fetch-Site": "same-origin"},
    "a name that begins with ours": {"Host": "127.0.0.1.attacker.example:{port}"},
    "a name that ends with ours": {"Host": "attacker-localhost:{port}"},
    "an address of the internet": {"Host": "93.184.216.34:{port}"},
    "the unspecified address, to which browsers send no Sec-Fetch-Site": {"Host": "0.0.0.0:{port}"},
}


@pytest.fixture
def neptune() -> Iterator[NeptuneML]:
    with NeptuneML() as running:
        yield running


def send(url: str, method: str, path: str, headers: dict[str, str], body: str = "") -> tuple[int, str]:
    """Send exactly these headers, after a Host of our own if they have none; return the status and the whole answer."""
    port = urlsplit(url).port
    given = {"Host": f"127.0.0.1:{port}", **headers, "Content-Length": str(len(body)), "Connection": "close"}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value.format(port=port)}" for name, value in given.items())]
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall("\r\n".join([*lines, "", body]).encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    return int(answer.split(" ", 2)[1]), answer


@pytest.mark.parametrize("headers", FROM_PAGES.values(), ids=FROM_PAGES)
def test_a_page_tells_neptune_ml_nothing_and_starts_nothing(neptune: NeptuneML, headers: dict[str, str]) -> None:
    told = send(neptune.url, "POST", "/_local/faults", headers, FAULT)
    started = send(neptune.url, "POST", "/ml/modeltraining", headers, START)
    assert [told[0], started[0]] == [403, 403]
    assert told[1].rstrip().splitlines()[-1].startswith("Refused: ")
    assert [neptune.faults(), neptune.summary()["ids"]] == [[], {}]


def test_a_page_is_told_by_a_preflight_that_it_may_not(neptune: NeptuneML) -> None:
    asked = {"Origin": "https://attacker.example", "Access-Control-Request-Method": "PUT"}
    status, answer = send(neptune.url, "OPTIONS", "/_local/reset", asked)
    assert status == 403
    assert "access-control" not in answer.lower()


def test_a_program_is_answered_whichever_way_it_calls_this_machine(neptune: NeptuneML) -> None:
    for host in (
        "127.0.0.1",
        "localhost",
        "LOCALHOST",
        "host.containers.internal",
        "host.docker.internal",
        "10.89.0.1",
    ):
        assert send(neptune.url, "GET", "/_local/summary", {"Host": f"{host}:{{port}}"})[0] == 200


def test_a_person_who_types_the_address_into_a_browser_is_answered(neptune: NeptuneML) -> None:
    assert (
        send(neptune.url, "GET", "/_local/summary", {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"})[0] == 200
    )


@pytest.mark.parametrize("headers", FROM_PAGES.values(), ids=FROM_PAGES)
def test_a_page_gets_nothing_through_the_soak_tests_proxy(neptune: NeptuneML, headers: dict[str, str]) -> None:
    with Front(Refusals(random.Random(1))) as front:
        assert send(front.before(neptune.url), "POST", "/_local/faults", headers, FAULT)[0] == 403
    assert not front.calls


@pytest.mark.parametrize("hosts", [[], [""], ["127.0.0.1", "127.0.0.1"], ["127.0.0.1", "attacker.example"]])
def test_a_request_with_no_host_or_with_two_is_refused(hosts: list[str]) -> None:
    assert refusal([("Host", host) for host in hosts])


def test_a_name_that_the_environment_lists_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FURTHER_NAMES, "graph.example .s3.example")
    accepted = ("graph.example:8182", "bucket.s3.example", "s3.example", "other.example", "mygraph.example")
    assert [refusal([("Host", name)]) is None for name in accepted] == [True, True, False, False, False]
