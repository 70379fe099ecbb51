"""`make up` has the ports of last time again, if nothing else has them now."""

import socket
from pathlib import Path

import pytest

from local import ports
from local.emulator import free_port


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(ports, "FILE", tmp_path / "ports.json")
    return tmp_path / "ports.json"


def test_a_port_is_the_same_as_last_time_if_it_is_free() -> None:
    port = free_port()
    ports.remember({"aws": port})
    assert ports.same_as_last_time("aws") == port


def test_a_port_that_is_taken_is_replaced_by_a_free_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        ports.remember({"aws": taken})
        assert ports.same_as_last_time("aws") not in (0, taken)


@pytest.mark.parametrize("text", ["", "no json", "[]", '{"aws": "x"}', '{"aws": 99999999}'])
def test_a_damaged_file_counts_as_none(file: Path, text: str) -> None:
    file.write_text(text)
    assert ports.same_as_last_time("aws") > 0
