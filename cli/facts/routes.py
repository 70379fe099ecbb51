"""Which way the packets of a subnet go: its route table, and the gateway endpoints in it."""

from collections.abc import Collection, Iterable

from cli.facts.network import Endpoint, Network, RouteTable

SERVICES = ("s3", "dynamodb")  # those that have gateway endpoints


def table_of(subnet: str, tables: Iterable[RouteTable]) -> RouteTable | None:
    """Return the route table of a subnet: its own, or else the VPC's main one."""
    tables = list(tables)
    own = (each for each in tables if subnet in each.subnets)
    return next(own, next((each for each in tables if each.main), None))


def is_private(subnet: str, tables: Iterable[RouteTable]) -> bool:
    """Return True if a subnet has no route to an internet gateway."""
    table = table_of(subnet, tables)
    return table is None or not table.to_internet_gateway


def gateways(network: Network, service: str) -> list[Endpoint]:
    """Return the VPC's gateway endpoints for a service, such as `s3`."""
    return [each for each in network.endpoints if each.gateway and each.service == service]


def tables_of(network: Network, subnets: Iterable[str]) -> list[str]:
    """Return the ids of the subnets' route tables, each once."""
    found = (table_of(each, network.route_tables) for each in subnets)
    return sorted({each.id for each in found if each})


def serving(network: Network, table: str, service: str) -> Endpoint | None:
    """Return the gateway endpoint for a service in a route table; None if there is none."""
    return next((each for each in gateways(network, service) if table in each.route_tables), None)


def lacking(network: Network, subnets: Iterable[str], service: str, *, own: Collection[str] = ()) -> list[str]:
    """Return the subnets' route tables that have no gateway endpoint for a service but those with ids in `own`."""
    found = {each: serving(network, each, service) for each in tables_of(network, subnets)}
    return [table for table, endpoint in found.items() if endpoint is None or endpoint.id in own]
