"""`configure` in the ordinary account, and in those that are not: what it writes, and what it asks."""

import io
import resource
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli import parameters_file
from tests.cli.account import ML_ROLE, REGION, Account
from tests.cli.conftest import Said
from tests.cli.deployed import STACK, RenderedBySam
from tests.rendered import takes


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "parameters.yaml"


@pytest.fixture
def configure(account: Account, file: Path, program: Callable[..., Said]) -> Callable[..., Said]:
    return lambda *arguments: program("configure", *arguments, "--output", str(file), "--region", REGION)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Somebody at a terminal gives these answers."""

    def give(*lines: str) -> None:
        terminal = io.StringIO("".join(f"{each}\n" for each in lines))
        monkeypatch.setattr(terminal, "isatty", lambda: True)
        monkeypatch.setattr("sys.stdin", terminal)

    return give


def written(file: Path) -> dict[str, str]:
    parameters = parameters_file.read(file)
    assert all(takes(name, value) for name, value in parameters.items())
    return parameters


def test_with_an_s3_endpoint_only_the_stack_has_exactly_the_missing_endpoint(
    account: Account, configure: Callable[..., Said], file: Path
) -> None:
    assert configure().code == 0
    rendered = RenderedBySam(**written(file))
    assert rendered.refusals() == []
    [endpoint] = rendered.all("AWS::EC2::VPCEndpoint").values()
    assert endpoint == {
        "VpcEndpointType": "Gateway",
        "VpcId": account.vpc,
        "ServiceName": f"com.amazonaws.{REGION}.dynamodb",
        "RouteTableIds": sorted(account.private_tables),
    }


def test_each_value_is_the_accounts_and_has_its_reason_above_it(
    account: Account, configure: Callable[..., Said], file: Path
) -> None:
    configure()
    [cluster, _] = account.client("neptune").describe_db_clusters()["DBClusters"]
    lists = account.client("ec2").describe_managed_prefix_lists()["PrefixLists"]
    ids = {each["PrefixListName"].rpartition(".")[2]: each["PrefixListId"] for each in lists}
    assert written(file) == {
        "NeptuneEndpointUrl": f"https://{cluster['Endpoint']}:8182",
        "NeptuneClusterResourceId": cluster["DbClusterResourceId"],
        "VpcId": account.vpc,
        "SubnetIds": ",".join(sorted(account.subnets[:2])),
        "NeptuneSecurityGroupId": account.group,
        "S3PrefixListId": ids["s3"],
        "DynamoDBPrefixListId": ids["dynamodb"],
        "S3EndpointRouteTableIds": "",
        "DynamoDBEndpointRouteTableIds": ",".join(sorted(account.private_tables)),
        "CreateNeptuneIngress": "true",
        "DnsServersCidr": "",
    }
    lines = file.read_text().split("\n")
    for name in written(file):
        [number] = [number for number, line in enumerate(lines) if line.startswith(f"{name}:")]
        assert lines[number - 1].startswith("# ")


def test_without_any_endpoint_the_stack_makes_both(
    account: Account, configure: Callable[..., Said], file: Path
) -> None:
    account.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[account.s3_endpoint])
    configure()
    assert set(RenderedBySam(**written(file)).all("AWS::EC2::VPCEndpoint")) == {"S3Endpoint", "DynamoDBEndpoint"}


def test_with_both_endpoints_the_stack_makes_none(account: Account, configure: Callable[..., Said], file: Path) -> None:
    account.endpoint("dynamodb", "Gateway", RouteTableIds=account.private_tables)
    configure()
    assert RenderedBySam(**written(file)).all("AWS::EC2::VPCEndpoint") == {}


def test_only_the_route_tables_that_lack_an_endpoint_get_one(
    account: Account, configure: Callable[..., Said], file: Path
) -> None:
    own, main = account.private_tables
    account.endpoint("dynamodb", "Gateway", RouteTableIds=[own])
    configure()
    assert written(file)["DynamoDBEndpointRouteTableIds"] == main


def test_the_stacks_own_endpoint_stays_with_the_stack(
    account: Account, configure: Callable[..., Said], file: Path
) -> None:
    made = account.endpoint("dynamodb", "Gateway", RouteTableIds=account.private_tables)
    account.stack, account.stack_resources = {"StackName": STACK}, {"DynamoDBEndpoint": made}
    configure()
    assert written(file)["DynamoDBEndpointRouteTableIds"] == ",".join(sorted(account.private_tables))


def test_a_security_group_that_lets_the_subnets_in_gets_no_rule(
    account: Account, configure: Callable[..., Said], file: Path
) -> None:
    rule = {"IpProtocol": "tcp", "FromPort": 8182, "ToPort": 8182, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}
    account.client("ec2").authorize_security_group_ingress(GroupId=account.group, IpPermissions=[rule])
    configure()
    assert written(file)["CreateNeptuneIngress"] == "false"


def test_a_vpcs_own_dns_servers_become_one_block(account: Account, configure: Callable[..., Said], file: Path) -> None:
    ec2 = account.client("ec2")
    options = [{"Key": "domain-name-servers", "Values": ["10.0.0.5", "10.0.0.6"]}]
    made = ec2.create_dhcp_options(DhcpConfigurations=options)["DhcpOptions"]["DhcpOptionsId"]
    ec2.associate_dhcp_options(DhcpOptionsId=made, VpcId=account.vpc)
    configure()
    assert written(file)["DnsServersCidr"] == "10.0.0.4/30"


def test_what_will_not_work_is_said_with_its_fix(account: Account, configure: Callable[..., Said]) -> None:
    account.iam_authentication = False
    account.quotas["ml.g5.2xlarge for training job usage"] = 0.0
    said = configure().out
    assert "IAM database authentication of my-graph is off" in said
    assert "--enable-iam-database-authentication" in said
    assert "request-service-quota-increase" in said


def test_a_default_account_has_nothing_to_warn_of(account: Account, configure: Callable[..., Said]) -> None:
    assert "Before you deploy" not in configure().out


# --- more than one answer ---------------------------------------------------------------------------------------------


def test_of_several_clusters_the_one_that_is_chosen_is_configured(
    account: Account, configure: Callable[..., Said], file: Path, answers: Callable[..., None]
) -> None:
    account.add_cluster("a-second")
    answers("2")
    said = configure()
    assert "a-second" in said.out
    assert "documents" not in said.out
    assert "//my-graph." in written(file)["NeptuneEndpointUrl"]


def test_of_several_clusters_none_is_taken_unasked(
    account: Account, configure: Callable[..., Said], file: Path
) -> None:
    account.add_cluster("a-second")
    said = configure("--yes")
    assert said.code == 2
    assert "a-second" in said.err
    assert "my-graph" in said.err
    assert not file.exists()


def test_a_cluster_that_there_is_not_is_said_with_those_that_there_are(configure: Callable[..., Said]) -> None:
    said = configure("another")
    assert said.code == 2
    assert "no Neptune cluster another" in said.err
    assert "my-graph" in said.err


def test_the_vpcs_other_private_subnets_are_offered_and_can_be_named(
    account: Account, configure: Callable[..., Said], file: Path, answers: Callable[..., None]
) -> None:
    ec2 = account.client("ec2")
    other = ec2.create_subnet(VpcId=account.vpc, CidrBlock="10.0.9.0/24")["Subnet"]["SubnetId"]
    assert configure().code == 2
    answers("2")
    configure()
    assert written(file)["SubnetIds"] == other
    configure("--subnets", account.subnets[0], "--overwrite")
    assert written(file)["SubnetIds"] == account.subnets[0]
    configure("--yes", "--overwrite")
    assert written(file)["SubnetIds"] == ",".join(sorted(account.subnets[:2]))


def test_without_private_subnets_those_of_the_cluster_are_taken(
    account: Account, configure: Callable[..., Said], file: Path
) -> None:
    ec2 = account.client("ec2")
    for number, table in enumerate(account.private_tables):
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.create_route(RouteTableId=table, DestinationCidrBlock=f"8.8.{number}.0/24", GatewayId=gateway)
    configure()
    assert written(file)["SubnetIds"] == ",".join(sorted(account.subnets[:2]))


# --- the file ---------------------------------------------------------------------------------------------------------


def test_a_dry_run_prints_the_file_and_writes_none(configure: Callable[..., Said], file: Path) -> None:
    printed = configure("--dry-run").out
    assert not file.exists()
    configure()
    assert printed.startswith(file.read_text())


def test_a_file_is_not_replaced_unasked(configure: Callable[..., Said], file: Path) -> None:
    file.write_text("GiveUpSeconds: 120\n")
    said = configure("--yes")
    assert said.code == 2
    assert "--overwrite" in said.err
    assert file.read_text() == "GiveUpSeconds: 120\n"


def test_a_full_disk_leaves_the_file_that_was_there(configure: Callable[..., Said], file: Path) -> None:
    before = "GiveUpSeconds: 120\n"
    file.write_text(before)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        said = configure("--yes", "--overwrite")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert said.code == 2
    assert file.read_text() == before
    assert [each.name for each in file.parent.iterdir()] == [file.name]


def test_a_link_stays_a_link_and_a_files_mode_stays_as_it_was(configure: Callable[..., Said], file: Path) -> None:
    kept = file.with_name("kept.yaml")
    kept.write_text("GiveUpSeconds: 120\n")
    kept.chmod(0o640)
    file.symlink_to(kept)
    assert configure("--overwrite").code == 0
    assert file.is_symlink()
    assert "NeptuneEndpointUrl" in kept.read_text()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o640


@pytest.mark.parametrize(("answer", "replaced"), [("n", False), ("y", True)])
def test_a_file_is_replaced_if_a_person_says_so_after_seeing_what_changes(
    configure: Callable[..., Said], file: Path, answers: Callable[..., None], answer: str, *, replaced: bool
) -> None:
    file.write_text("GiveUpSeconds: 120\n")
    answers(answer)
    said = configure()
    assert "+NeptuneEndpointUrl" in said.out
    assert (file.read_text() != "GiveUpSeconds: 120\n") == replaced


def test_other_parameters_of_a_file_are_kept(configure: Callable[..., Said], file: Path) -> None:
    file.write_text("GiveUpSeconds: 120\nVpcId: vpc-0\nCreateNeptuneIngress: true\nNotificationEmail: me@example.com\n")
    configure("--overwrite")
    kept = written(file)
    assert kept["GiveUpSeconds"] == "120"
    assert kept["NotificationEmail"] == "me@example.com"
    assert kept["VpcId"] != "vpc-0"


def test_a_second_run_says_that_nothing_changes(configure: Callable[..., Said], file: Path) -> None:
    configure()
    before = file.read_text()
    said = configure()
    assert said.code == 0
    assert "says this already" in said.out
    assert file.read_text() == before


def test_json_has_parameters_reasons_and_warnings(account: Account, configure: Callable[..., Said], file: Path) -> None:
    account.iam_authentication = False
    said: Any = configure("--json").json
    assert said["parameters"] == written(file)
    assert {each["name"] for each in said["choices"]} == set(said["parameters"])
    assert [each["check"] for each in said["warnings"]] == ["iam-authentication"]


# --- what may not be read ---------------------------------------------------------------------------------------------


GAPS = {
    "DescribeManagedPrefixLists": {"S3PrefixListId", "DynamoDBPrefixListId"},
    "DescribeVpcEndpoints": {"S3EndpointRouteTableIds", "DynamoDBEndpointRouteTableIds"},
    "DescribeSecurityGroups": {"CreateNeptuneIngress"},
    "DescribeVpcs": {"DnsServersCidr"},
    "DescribeRouteTables": {
        "SubnetIds",
        "S3EndpointRouteTableIds",
        "DynamoDBEndpointRouteTableIds",
        "CreateNeptuneIngress",
    },
}


@pytest.mark.parametrize("operation", GAPS)
def test_without_a_permission_the_rest_is_written_and_the_gap_is_named(
    account: Account, configure: Callable[..., Said], file: Path, operation: str
) -> None:
    configure()
    everything = set(written(file))
    account.denied.add(operation)
    file.unlink()
    said = configure()
    assert said.code == 0
    assert everything - set(written(file)) == GAPS[operation]
    assert f"ec2:{operation}" in file.read_text()
    assert f"ec2:{operation}" in said.out


def test_without_the_permission_to_see_clusters_there_is_nothing_to_write(
    account: Account, configure: Callable[..., Said], file: Path
) -> None:
    account.denied.add("DescribeDBClusters")
    said = configure()
    assert said.code == 2
    assert "rds:DescribeDBClusters" in said.err
    assert not file.exists()


def test_without_a_role_for_neptune_ml_it_is_said(account: Account, configure: Callable[..., Said]) -> None:
    account.set_ml_role("")
    assert "names no neptune_ml_iam_role" in configure().out
    account.set_ml_role(ML_ROLE)


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("", "is a directory. Name a file, such as parameters.yaml."),
        ("none/parameters.yaml", "there is no directory"),
    ],
)
def test_a_place_where_no_file_can_be_written_is_refused_before_aws_is_asked(
    program: Callable[..., Said], tmp_path: Path, output: str, expected: str
) -> None:
    said = program("configure", "--output", str(tmp_path / output))
    assert [said.code, expected in said.err] == [2, True]


@pytest.mark.parametrize(
    "said",
    [
        (
            "parameters.yaml",
            (),
            "sam deploy --parameter-overrides file://parameters.yaml; then: neptune-training doctor",
        ),
        (
            "my file.yaml",
            ("--stack-name", "mine"),
            "sam deploy --stack-name mine --parameter-overrides 'file://my file.yaml'; then: neptune-training doctor",
        ),
    ],
)
def test_the_next_command_names_the_stack_and_the_file_for_a_shell(
    account: Account,
    program: Callable[..., Said],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    said: tuple[str, tuple[str, ...], str],
) -> None:
    name, options, expected = said
    monkeypatch.chdir(tmp_path)
    shown = program("configure", "--output", name, "--region", REGION, *options).out
    assert expected in shown
    assert shown.endswith(f"then: {' '.join(('neptune-training doctor', *options))}\n")
