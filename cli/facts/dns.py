"""The addresses of DNS servers, as one block for a security group's rule."""

from collections.abc import Sequence
from ipaddress import IPv4Network, ip_address, ip_network


def cidr_of(servers: Sequence[str]) -> str:
    """Return the smallest block that holds all of these IPv4 addresses, such as `10.0.0.0/30`."""
    block = IPv4Network(servers[0])
    while not covers(str(block), servers):
        block = block.supernet()
    return str(block)


def covers(cidr: str, servers: Sequence[str]) -> bool:
    """Return True if a block holds all of these addresses."""
    return all(ip_address(each) in ip_network(cidr) for each in servers)
