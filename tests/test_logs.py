"""Logs: whatever is in a key or in Neptune's words, a line of the log is one JSON object, and begins no other."""

import io
import json
import logging
from typing import Any

import pytest

import emit
import notify
import wiring
from neptune_training.checks.events import CONFIGURATION
from tests.world import World
from tests.world.triggers import MODEL

FORGED = '{"level": "ERROR", "message": "forged"}'


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    written = io.StringIO()
    for logger in (wiring.logger, notify.logger, emit.logger, logging.getLogger("neptune_training")):
        for handler in logger.handlers:
            if type(handler) is logging.StreamHandler:  # pytest has others of its own
                monkeypatch.setattr(handler, "stream", written)
    return written


def messages(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().rstrip().split("\n")]


@pytest.mark.parametrize("name", [f"a\n{FORGED}\n", f"a\r\n{FORGED}", f"\x1b[2K{FORGED}", f'a"}}{FORGED}', "\u2028x"])
def test_a_key_with_line_breaks_makes_no_line_of_its_own(name: str, world: World, log: io.StringIO) -> None:
    world.queue.send(world.uploaded(name, {**MODEL, CONFIGURATION: b"{}"}))
    world.until_quiet()
    assert world.job()["status"] == "REJECTED"
    assert {each["message"] for each in messages(log)} == {"ended", "request", "announced", "emitted"}
    assert "\x1b" not in log.getvalue()


def test_line_breaks_in_neptunes_words_make_no_line_of_their_own(world: World, log: io.StringIO) -> None:
    world.neptune.fail("StartMLModelTrainingJob", "BadRequestException", message=f"No.\n{FORGED}\n")
    world.queue.send(world.requested())
    world.until_quiet()
    assert "forged" in world.job()["reasons"][0]["problem"]
    assert {each["message"] for each in messages(log)} == {"ended", "request", "announced", "emitted"}
