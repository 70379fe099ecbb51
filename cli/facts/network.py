"""One VPC: subnets, route tables, endpoints, security groups, DNS; and the region's prefix lists."""

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from cli.facts.aws import Aws

AMAZON_DNS = "AmazonProvidedDNS"


@dataclass(frozen=True)
class Subnet:
    """A subnet of the VPC."""

    id: str
    zone: str
    cidr: str
    free_addresses: int


@dataclass(frozen=True)
class RouteTable:
    """A route table. `main` is for the subnets without a table of their own."""

    id: str
    main: bool
    subnets: frozenset[str]
    to_internet_gateway: bool
    to_nat: bool


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A VPC endpoint and its policy document."""

    id: str
    service: str
    gateway: bool
    route_tables: frozenset[str] = frozenset()
    security_groups: tuple[str, ...] = ()
    private_dns: bool = False  # for the VPC's own names, not only for an inbound resolver
    policy: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Rule:
    """A security group's rule, to or from any of these. `protocol` is `tcp`, `udp`, a number, or `-1` for all."""

    protocol: str
    first_port: int
    last_port: int
    cidrs: tuple[str, ...]
    groups: tuple[str, ...]
    prefix_lists: tuple[str, ...]


@dataclass(frozen=True)
class SecurityGroup:
    """A security group and its rules."""

    id: str
    ingress: tuple[Rule, ...]
    egress: tuple[Rule, ...]


class Network:
    """Read the facts of one VPC, each when it is first asked for. Each may raise `NotCheckable`."""

    def __init__(self, aws: Aws, vpc: str) -> None:
        self._aws, self.vpc = aws, vpc
        self._in_vpc = [{"Name": "vpc-id", "Values": [vpc]}]

    @cached_property
    def subnets(self) -> dict[str, Subnet]:
        """The VPC's subnets by their ids."""
        found = self._aws.pages("ec2", "describe_subnets", "Subnets", Filters=self._in_vpc)
        return {
            each["SubnetId"]: Subnet(
                each["SubnetId"], each["AvailabilityZone"], each["CidrBlock"], each["AvailableIpAddressCount"]
            )
            for each in found
        }

    @cached_property
    def route_tables(self) -> list[RouteTable]:
        """The VPC's route tables."""
        return [
            _table(each)
            for each in self._aws.pages("ec2", "describe_route_tables", "RouteTables", Filters=self._in_vpc)
        ]

    @cached_property
    def endpoints(self) -> list[Endpoint]:
        """The VPC's endpoints that are there, or will be soon."""
        found = self._aws.pages("ec2", "describe_vpc_endpoints", "VpcEndpoints", Filters=self._in_vpc)
        return [_endpoint(each) for each in found if each["State"].lower() in ("available", "pending")]

    @cached_property
    def security_groups(self) -> dict[str, SecurityGroup]:
        """The VPC's security groups by their ids."""
        found = self._aws.pages("ec2", "describe_security_groups", "SecurityGroups", Filters=self._in_vpc)
        return {each["GroupId"]: _group(each) for each in found}

    @cached_property
    def dns_servers(self) -> tuple[str, ...]:
        """The addresses of the VPC's own DNS servers; none if it uses Amazon's."""
        [vpc] = self._aws.ask("ec2", "describe_vpcs", VpcIds=[self.vpc])["Vpcs"]
        if vpc.get("DhcpOptionsId", "default") == "default":
            return ()
        [options] = self._aws.ask("ec2", "describe_dhcp_options", DhcpOptionsIds=[vpc["DhcpOptionsId"]])["DhcpOptions"]
        said = {each["Key"]: each["Values"] for each in options["DhcpConfigurations"]}
        return tuple(each["Value"] for each in said.get("domain-name-servers", []) if each["Value"] != AMAZON_DNS)

    @cached_property
    def dns_support(self) -> bool:
        """True if Amazon's DNS server answers in the VPC."""
        answer = self._aws.ask("ec2", "describe_vpc_attribute", VpcId=self.vpc, Attribute="enableDnsSupport")
        return bool(answer["EnableDnsSupport"]["Value"])

    @cached_property
    def prefix_lists(self) -> dict[str, str]:
        """The ids of the region's prefix lists for gateway endpoints, such as `{"s3": "pl-63a5400a"}`."""
        ours = {f"com.amazonaws.{self._aws.region}.{service}": service for service in ("s3", "dynamodb")}
        found = self._aws.pages("ec2", "describe_managed_prefix_lists", "PrefixLists")
        return {ours[each["PrefixListName"]]: each["PrefixListId"] for each in found if each["PrefixListName"] in ours}


def _table(said: dict[str, Any]) -> RouteTable:
    associations = said.get("Associations", [])
    routes = [each for each in said.get("Routes", []) if each.get("State", "active") == "active"]
    return RouteTable(
        said["RouteTableId"],
        main=any(each.get("Main") for each in associations),
        subnets=frozenset(each["SubnetId"] for each in associations if each.get("SubnetId")),
        to_internet_gateway=any(each.get("GatewayId", "").startswith("igw-") for each in routes),
        to_nat=any(each.get("NatGatewayId") or each.get("TransitGatewayId") for each in routes),
    )


def _endpoint(said: dict[str, Any]) -> Endpoint:
    dns = said.get("DnsOptions") or {}
    return Endpoint(
        id=said["VpcEndpointId"],
        service=said["ServiceName"].split(".", 3)[-1],  # com.amazonaws.<region>.s3
        gateway=said["VpcEndpointType"] == "Gateway",
        route_tables=frozenset(said.get("RouteTableIds", [])),
        security_groups=tuple(each["GroupId"] for each in said.get("Groups", [])),
        private_dns=bool(said.get("PrivateDnsEnabled")) and not dns.get("PrivateDnsOnlyForInboundResolverEndpoint"),
        policy=json.loads(said.get("PolicyDocument") or "{}"),
    )


def _group(said: dict[str, Any]) -> SecurityGroup:
    return SecurityGroup(
        said["GroupId"], tuple(map(_rule, said["IpPermissions"])), tuple(map(_rule, said["IpPermissionsEgress"]))
    )


def _rule(said: dict[str, Any]) -> Rule:
    return Rule(
        str(said["IpProtocol"]),
        said.get("FromPort", 0),
        said.get("ToPort", 65_535),
        tuple(each["CidrIp"] for each in said.get("IpRanges", [])),
        tuple(each["GroupId"] for each in said.get("UserIdGroupPairs", [])),
        tuple(each["PrefixListId"] for each in said.get("PrefixListIds", [])),
    )
