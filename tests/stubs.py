"""Clients of AWS that answer the calls that a test expects, in their order, and refuse any other."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import boto3
from botocore.stub import Stubber


@cache
def client(service: Any) -> Any:
    """One for all tests: it reads the service's model, which takes longer than they do."""
    session = boto3.session.Session("test", "test", region_name="us-east-1")
    return session.client(service)


@contextmanager
def stubbed(service: str) -> Iterator[Stubber]:
    with Stubber(client(service)) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()
