"""Stubbed clients and worlds for all tests.

`make_world` makes a world with other parameters of the template, or of local Neptune ML.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from botocore.stub import Stubber

from local.emulator import stay_on_this_machine
from tests import still_running
from tests.stubs import stubbed
from tests.world import World

stay_on_this_machine()


WHOLE_FLOWS_WORKER = "gw0"  # pytest-xdist gives its first worker the largest group


def pytest_configure(config: pytest.Config) -> None:
    """Let the other workers leave the processor to whole flows, which mostly wait, but not for long."""
    still_running.add_to(config)
    if os.environ.get("PYTEST_XDIST_WORKER", WHOLE_FLOWS_WORKER) != WHOLE_FLOWS_WORKER:
        os.nice(5)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark each test with a world, and keep whole flows in one worker. Workers begin with the longest tests."""
    for item in items:
        if "make_world" in getattr(item, "fixturenames", ()):
            item.add_marker("world")
        if item.get_closest_marker("e2e"):
            item.add_marker(pytest.mark.xdist_group("e2e"))
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: item.get_closest_marker("faults") is None)


@pytest.fixture
def dynamodb() -> Iterator[Stubber]:
    with stubbed("dynamodb") as stubber:
        yield stubber


@pytest.fixture
def s3() -> Iterator[Stubber]:
    with stubbed("s3") as stubber:
        yield stubber


@pytest.fixture
def make_world() -> Iterator[Callable[..., World]]:
    with ExitStack() as worlds:
        yield lambda *args, **parameters: worlds.enter_context(World(*args, **parameters))


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what the tests have counted: a proof is worth what it has looked at."""
    for report in terminalreporter.getreports("passed"):
        if report.when == "call" and report.user_properties:
            counted = ", ".join(f"{value} {name}" for name, value in report.user_properties)
            terminalreporter.write_line(f"{report.nodeid.rpartition('::')[2]}: {counted}")
