"""The network that the template makes: what start and step reach in Neptune's VPC."""

import pytest

from tests.rendered import Rendered, takes

VPC = {
    "VpcId": "vpc-1",
    "SubnetIds": "subnet-1,subnet-2",
    "NeptuneSecurityGroupId": "sg-1",
    "S3PrefixListId": "pl-1",
    "DynamoDBPrefixListId": "pl-2",
}


@pytest.mark.parametrize(
    ("parameters", "endpoints"),
    [
        ({}, {}),
        ({"S3EndpointRouteTableIds": "rtb-1"}, {"S3Endpoint": ["rtb-1"]}),
        ({"DynamoDBEndpointRouteTableIds": "rtb-1,rtb-2"}, {"DynamoDBEndpoint": ["rtb-1", "rtb-2"]}),
        (
            {"S3EndpointRouteTableIds": "rtb-1", "DynamoDBEndpointRouteTableIds": "rtb-2"},
            {"S3Endpoint": ["rtb-1"], "DynamoDBEndpoint": ["rtb-2"]},
        ),
    ],
    ids=["none", "S3", "DynamoDB", "both"],
)
def test_each_gateway_endpoint_is_made_only_in_the_route_tables_that_are_named_for_it(
    parameters: dict[str, str], endpoints: dict[str, list[str]]
) -> None:
    made = Rendered(**VPC, **parameters).all("AWS::EC2::VPCEndpoint")
    assert {name: each["RouteTableIds"] for name, each in made.items()} == endpoints
    assert Rendered(**parameters).all("AWS::EC2::VPCEndpoint") == {}


def rules_of(rendered: Rendered) -> set[tuple[str, str, str]]:
    """Return where the functions' security group lets them out to, as protocol, ports and destination."""
    alone = rendered.all("AWS::EC2::SecurityGroupEgress").values()
    assert {each["GroupId"] for each in alone} <= {"FunctionsSecurityGroup"}
    return {
        (each["IpProtocol"], f"{each['FromPort']}-{each['ToPort']}", value)
        for each in (*rendered["FunctionsSecurityGroup"]["SecurityGroupEgress"], *alone)
        for key, value in each.items()
        if key.startswith(("Destination", "Cidr"))
    }


def test_the_functions_reach_neptune_at_the_port_of_its_endpoint() -> None:
    parameters = {"NeptuneEndpointUrl": "https://a.cluster-b.us-east-1.neptune.amazonaws.com:18182"}
    rendered = Rendered(**VPC, **parameters, CreateNeptuneIngress="true")
    assert rules_of(rendered) == {
        ("tcp", "443-443", "pl-1"),
        ("tcp", "443-443", "pl-2"),
        ("tcp", "18182-18182", "sg-1"),
    }
    ingress = rendered["NeptuneIngress"]
    assert (ingress["FromPort"], ingress["ToPort"]) == ("18182", "18182")


def test_the_functions_reach_dns_servers_of_the_vpcs_own_by_udp_and_tcp() -> None:
    rendered = Rendered(**VPC, DnsServersCidr="10.0.0.0/28")
    assert rules_of(rendered) - rules_of(Rendered(**VPC)) == {
        ("udp", "53-53", "10.0.0.0/28"),
        ("tcp", "53-53", "10.0.0.0/28"),
    }


def test_dns_servers_are_a_cidr_block() -> None:
    assert all(takes("DnsServersCidr", text) for text in ("", "10.0.0.2/32", "10.0.0.0/8"))
    assert not any(takes("DnsServersCidr", text) for text in ("10.0.0.2", "10.0.0.2/32,10.0.0.3/32", "fd00::/8", "any"))
