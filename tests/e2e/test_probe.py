"""`doctor --probe` on the local stack: each hop is fine, or the first that is not is named."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest

from cli.doctor.findings import Outcome, run
from cli.doctor.probe import Probe
from cli.facts.aws import Aws
from cli.facts.facts import Facts
from local.stack import NAME, REGION, Stack

pytestmark = pytest.mark.e2e
QUICK = {"recorded": 15.0, "decided": 5.0, "announced": 15.0}


@pytest.fixture
def probe(stack: Stack) -> Callable[[], dict[str, Any]]:
    """Sends one, and returns each hop's result."""

    def send() -> dict[str, Any]:
        session = boto3.Session(stack.credentials.access_key, stack.credentials.secret_key, region_name=REGION)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_ENDPOINT_URL", stack.url)
            facts = Facts(Aws(session), NAME)
            return {each.name: run(each, facts) for each in Probe(facts, QUICK).checks}

    return send


def outcomes(found: dict[str, Any]) -> list[str]:
    return [str(each.outcome) for each in found.values()]


def test_every_hop_is_fine_and_a_subscriber_hears_of_the_rejection(
    stack: Stack, probe: Callable[[], dict[str, Any]], heard: Callable[..., dict[str, Any]]
) -> None:
    found = probe()
    assert outcomes(found) == ["fine"] * 4, found
    message = heard("probe-", "REJECTED")
    assert "Neptune has no such job" in json.dumps(message["reasons"])


@contextmanager
def without_rule(stack: Stack) -> Iterator[None]:
    events, bus = stack.client("events"), stack.outputs["EventBus"]
    [rule] = events.list_rules(EventBusName=bus)["Rules"]
    events.disable_rule(Name=rule["Name"], EventBusName=bus)
    try:
        yield
    finally:
        events.enable_rule(Name=rule["Name"], EventBusName=bus)


def test_without_the_buss_rule_the_record_is_the_first_hop_that_is_wrong(
    stack: Stack, probe: Callable[[], dict[str, Any]]
) -> None:
    with without_rule(stack):
        found = probe()
    assert outcomes(found) == ["fine", "wrong", "not needed", "not needed"]


def test_a_cluster_that_cannot_be_reached_is_named_by_what_the_job_waits_for(
    stack: Stack, probe: Callable[[], dict[str, Any]]
) -> None:
    stack.neptune.fail("*", "http-503", share=1.0)
    try:
        found = probe()
    finally:
        stack.neptune.clear_faults()
    assert outcomes(found) == ["fine", "fine", "wrong", "not needed"]
    assert found["decided"].outcome is Outcome.WRONG
