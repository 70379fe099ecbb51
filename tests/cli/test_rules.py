"""The rules on facts by themselves: policies, DNS servers, security groups."""

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import boto3
import pytest
from botocore.stub import Stubber

from cli.doctor.command import exit_code
from cli.doctor.findings import Check, Outcome, Wrong, run
from cli.doctor.probe import Probe
from cli.exits import Exit
from cli.facts import security
from cli.facts.aws import Aws, NotCheckable, NotNeeded
from cli.facts.dns import cidr_of
from cli.facts.facts import Facts
from cli.facts.network import Rule, SecurityGroup
from cli.facts.policies import Request, allows, denies

QUEUE = "arn:aws:sqs:us-east-1:123456789012:training"
RULE = "arn:aws:events:us-east-1:123456789012:rule/upload"
SEND = Request(
    principal="events.amazonaws.com",
    action="sqs:SendMessage",
    resource=QUEUE,
    context={"aws:SourceArn": RULE, "aws:SecureTransport": "true"},
)
ALLOW = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:*", "Resource": QUEUE}


def test_an_announcement_on_a_later_page_of_the_log_is_found() -> None:
    aws = Aws(boto3.Session("key", "secret", region_name="us-east-1"))
    facts: Any = SimpleNamespace(aws=aws, resources={"NotifyLogs": "notify-logs"})
    probe = Probe(facts, {"announced": 0.0})
    line = json.dumps({"message": "announced", "status": "REJECTED", "jobId": probe.id})
    asked = {"logGroupName": "notify-logs", "startTime": 0, "filterPattern": f'"{probe.id}"'}
    with Stubber(aws._client("logs")) as logs:
        logs.add_response("filter_log_events", {"events": [], "nextToken": "2"}, asked)
        logs.add_response("filter_log_events", {"events": [{"message": line}]}, {**asked, "nextToken": "2"})
        assert list(probe._wait_for_announcement(facts)) == []


@pytest.mark.parametrize("reason", [NotCheckable("needs a permission", "events:DescribeRule"), NotNeeded("none")])
def test_what_a_check_found_wrong_stays_wrong_if_it_cannot_see_the_rest(reason: Exception) -> None:
    found = Wrong("the mapping is Disabled", "nothing is recorded", "enable it")

    def look(_: Facts) -> Iterator[Wrong]:
        yield found
        raise reason

    result = run(Check("triggers", "stack", "all triggers are on", look), Mock())
    assert (result.outcome, result.wrong) == (Outcome.WRONG, (found,))
    assert exit_code([result]) == Exit.WRONG


@pytest.mark.parametrize(
    ("changed", "answer"),
    [
        ({}, True),
        ({"Principal": "*"}, True),
        ({"Principal": {"AWS": "*"}}, True),
        ({"Principal": {"Service": ["s3.amazonaws.com", "events.amazonaws.com"]}}, True),
        ({"Principal": {"Service": "s3.amazonaws.com"}}, False),
        ({"Action": ["SQS:SendMessage"]}, True),
        ({"Action": "sqs:ReceiveMessage"}, False),
        ({"Resource": "arn:aws:sqs:*:*:train?ng"}, True),
        ({"Resource": f"{QUEUE}-other"}, False),
        ({"Condition": {"ArnEquals": {"aws:SourceArn": [RULE, f"{RULE}-2"]}}}, True),
        ({"Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:events:*"}}}, True),
        ({"Condition": {"ArnEquals": {"aws:SourceArn": f"{RULE}-2"}}}, False),
        ({"Condition": {"StringNotEquals": {"aws:SourceArn": RULE}}}, False),
        ({"Condition": {"StringEqualsIfExists": {"aws:SourceVpc": "vpc-1"}}}, True),
        ({"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}, None),  # nobody here knows
        ({"Condition": {"IpAddress": {"aws:SourceArn": "10.0.0.0/8"}}}, None),
        ({"NotPrincipal": {"AWS": "*"}}, None),
    ],
)
def test_a_statement_allows_what_it_names_and_a_condition_that_cannot_be_judged_is_said(
    changed: dict[str, object], answer: bool | None
) -> None:
    statement = {**ALLOW, **changed}
    assert allows({"Statement": [statement]}, SEND) is answer


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        ({}, False),
        ({"Bool": {"aws:SecureTransport": "false"}}, True),
        ({"Bool": {"aws:SecureTransport": True}}, False),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, None),
    ],
)
def test_a_denial_wins_if_its_condition_holds(condition: dict[str, object], answer: bool | None) -> None:
    deny = {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*", "Condition": condition}
    document = {"Statement": [ALLOW, deny]}
    assert allows(document, SEND) is answer
    assert denies(document, SEND) is {False: True, True: False, None: None}[answer]


def test_a_statement_for_the_account_is_for_its_roles() -> None:
    statement = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "*"}
    for account, answer in (("123456789012", True), ("210987654321", False)):
        request = Request(principal=f"arn:aws:iam::{account}:role/start", action="kms:Decrypt", resource="key")
        assert allows({"Statement": statement}, request) is answer


@pytest.mark.parametrize(
    ("servers", "block"),
    [
        (["10.0.0.2"], "10.0.0.2/32"),
        (["10.0.0.2", "10.0.0.3"], "10.0.0.2/31"),
        (["10.0.0.5", "10.0.1.5"], "10.0.0.0/23"),
    ],
)
def test_the_block_of_dns_servers_is_the_smallest_that_holds_them(servers: list[str], block: str) -> None:
    assert cidr_of(servers) == block


@pytest.mark.parametrize(
    ("rule", "lets_in"),
    [
        (Rule("tcp", 8182, 8182, ("10.0.0.0/16",), (), ()), True),
        (Rule("-1", 0, 65_535, ("0.0.0.0/0",), (), ()), True),
        (Rule("6", 8000, 9000, ("10.0.1.0/24",), (), ()), True),
        (Rule("udp", 8182, 8182, ("10.0.0.0/16",), (), ()), False),
        (Rule("tcp", 443, 443, ("10.0.0.0/16",), (), ()), False),
        (Rule("tcp", 8182, 8182, ("10.0.1.0/25",), (), ()), False),
        (Rule("tcp", 8182, 8182, (), ("sg-1",), ()), False),
    ],
)
def test_a_subnet_is_let_in_if_a_rule_covers_all_of_it(rule: Rule, *, lets_in: bool) -> None:
    assert security.admits_addresses([SecurityGroup("sg-0", (rule,), ())], 8182, ["10.0.1.0/24"]) is lets_in
