"""Evaluate the rules of security groups: which traffic they allow."""

from collections.abc import Iterable
from ipaddress import ip_network

from cli.facts.network import Rule, SecurityGroup


def to_port(rules: Iterable[Rule], port: int, protocol: str = "tcp") -> list[Rule]:
    """Return the rules that cover a port."""
    number = {"tcp": "6", "udp": "17"}[protocol]
    return [
        each
        for each in rules
        if each.protocol == "-1" or (each.protocol in (protocol, number) and each.first_port <= port <= each.last_port)
    ]


def cover(rules: Iterable[Rule], cidr: str) -> bool:
    """Return True if one of the rules is for every address of `cidr`, such as `10.0.1.0/24`."""
    wanted = ip_network(cidr)
    ranges = (ip_network(each) for rule in rules for each in rule.cidrs)
    return any(wanted.subnet_of(each) for each in ranges if each.version == wanted.version)  # type: ignore[arg-type]


def admits_group(groups: Iterable[SecurityGroup], port: int, source: str) -> bool:
    """Return True if one of the groups lets the members of the group `source` in at a TCP port."""
    return any(source in rule.groups for group in groups for rule in to_port(group.ingress, port))


def admits_addresses(groups: Iterable[SecurityGroup], port: int, cidrs: Iterable[str]) -> bool:
    """Return True if the groups together let every address of `cidrs` in at a TCP port."""
    rules = [rule for group in groups for rule in to_port(group.ingress, port)]
    return all(cover(rules, each) for each in cidrs)
