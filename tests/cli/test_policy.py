"""`doctor --policy`: the permissions are those of the calls that are made, and none of them writes."""

from collections.abc import Callable
from typing import Any

import pytest
from moto import mock_aws

from cli.doctor import checks
from cli.doctor.findings import run
from cli.facts import permissions
from cli.facts.aws import Aws
from cli.facts.facts import Facts
from tests.cli.account import REGION, Account
from tests.cli.conftest import Said
from tests.cli.deployed import STACK, Deployed

READS = ("Describe", "Get", "List", "Simulate", "Detect")  # how actions begin that only read
SETTINGS = {"ScheduleExpression": "cron(0 2 ? * SUN *)", "NotificationEmail": "me@example.com"}


def test_the_policy_has_the_actions_of_the_calls_that_the_checks_make_and_no_others() -> None:
    with mock_aws():
        account = Account()
        ec2 = account.client("ec2")
        options = ec2.create_dhcp_options(
            DhcpConfigurations=[{"Key": "domain-name-servers", "Values": ["AmazonProvidedDNS"]}]
        )
        ec2.associate_dhcp_options(DhcpOptionsId=options["DhcpOptions"]["DhcpOptionsId"], VpcId=account.vpc)
        [cluster, _] = account.client("neptune").describe_db_clusters()["DBClusters"]
        lists = {
            each["PrefixListName"]: each["PrefixListId"] for each in ec2.describe_managed_prefix_lists()["PrefixLists"]
        }
        deployed = Deployed(
            account,
            **SETTINGS,
            NeptuneEndpointUrl=f"https://{cluster['Endpoint']}:8182",
            NeptuneClusterResourceId=cluster["DbClusterResourceId"],
            VpcId=account.vpc,
            SubnetIds=",".join(account.subnets[:2]),
            NeptuneSecurityGroupId=account.group,
            S3PrefixListId=lists[f"com.amazonaws.{REGION}.s3"],
            DynamoDBPrefixListId=lists[f"com.amazonaws.{REGION}.dynamodb"],
            DynamoDBEndpointRouteTableIds=",".join(account.private_tables),
            KmsKeyArn=account.client("kms").create_key()["KeyMetadata"]["Arn"],
            AlarmTopicArn=account.client("sns").create_topic(Name="alarms")["TopicArn"],
        )
        aws = Aws(account.session)
        account.calls.clear()
        outside = {name: deployed.value(name) for name in deployed.parameters} | {"VpcId": ""}
        for facts in (Facts(aws, STACK), Facts(aws, STACK, outside)):
            for each in checks.ALL:
                run(each, facts)
        named = {
            (service, aws.operation(service, method)): action for (service, method), action in permissions.READS.items()
        }
    made = {call for call in account.calls if call != ("sts", "GetCallerIdentity")}
    assert made == named.keys()
    [statement] = permissions.policy()["Statement"]
    assert statement["Action"] == sorted(set(named.values()))


@pytest.mark.parametrize("options", [(), ("--drift",)])
def test_without_a_probe_the_policy_only_reads(program: Callable[..., Said], options: tuple[str, ...]) -> None:
    said: Any = program("doctor", "--policy", *options).json
    actions = [action for each in said["Statement"] for action in each["Action"]]
    assert actions
    assert all(action.partition(":")[2].startswith(READS) for action in actions)


def test_only_a_probe_may_write_one_event(program: Callable[..., Said]) -> None:
    said: Any = program("doctor", "--policy", "--probe").json
    actions = {action for each in said["Statement"] for action in each["Action"]}
    writes = {action for action in actions if not action.partition(":")[2].startswith(READS)}
    assert writes == {"events:PutEvents", "logs:FilterLogEvents"}  # the second of which reads
