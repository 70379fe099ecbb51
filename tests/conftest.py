"""Stubbed clients and worlds for all tests.

`make_world` makes a world with other parameters of the template, or of local Neptune ML.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from botocore.stub import Stubber

from local.emulator import stay_on_this_machine
from tests import still_running
from tests.stubs import stubbed
from tests.world import World

stay_on_this_machine()


def pytest_configure(config: pytest.Config) -> None:
    still_running.add_to(config)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with a world, so that a run can leave them out: they take most of the time."""
    for item in items:
        if "make_world" in getattr(item, "fixturenames", ()):
            item.add_marker("world")


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
