"""An account for each test of the commands that ask AWS."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.cli.account import REGION, Account


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_REGION", REGION)
    with mock_aws():
        yield Account()
