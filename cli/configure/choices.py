"""Which values the parameters get, and why: rules on the account's facts, without I/O of their own."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from cli.facts import routes, security
from cli.facts.aws import NotCheckable
from cli.facts.cluster import Cluster
from cli.facts.dns import cidr_of
from cli.facts.network import Network


@dataclass(frozen=True)
class Choice:
    """A parameter's value and the reason for it. `value` is None if it could not be found out."""

    name: str
    value: str | None
    why: str


def subnets_to_offer(network: Network, cluster_subnets: Sequence[str]) -> dict[str, list[str]]:
    """Return sets of subnets that start and step could run in, the best first, each under its reason.

    Private subnets of the cluster's subnet group are best: what reaches the cluster's own subnets is known to be right.
    """
    tables = network.route_tables
    private = [each for each in network.subnets if routes.is_private(each, tables)]
    in_group = [each for each in cluster_subnets if each in network.subnets]
    offers = {
        "the private subnets of the cluster's subnet group": [each for each in in_group if each in private],
        "the VPC's other private subnets": [each for each in private if each not in in_group],
    }
    if not private:
        # A function in a public subnet has no public address, and needs none: endpoints serve it there, too.
        offers["the cluster's subnets; the VPC has no private ones, and none are needed"] = in_group
    return {why: sorted(found) for why, found in offers.items() if found}


def cluster_choices(cluster: Cluster) -> Iterator[Choice]:
    """Yield what follows from the cluster alone."""
    yield Choice("NeptuneEndpointUrl", cluster.url, f"the writer endpoint of {cluster.identifier}")
    yield Choice(
        "NeptuneClusterResourceId", cluster.resource_id, "for the functions' permissions on this cluster alone"
    )


def network_choices(
    network: Network, cluster: Cluster, subnets: Sequence[str] | None, group: str, own_endpoints: Callable[[], set[str]]
) -> Iterator[Choice]:
    """Yield what follows from the VPC, the subnets (None if not known) and the security group that were chosen.

    `own_endpoints` returns the ids of the gateway endpoints that an earlier deployment of the stack made: the stack
    has to keep naming their route tables.
    """
    yield _known("S3PrefixListId", lambda: (network.prefix_lists["s3"], "this region's list of S3's addresses"))
    yield _known("DynamoDBPrefixListId", lambda: (network.prefix_lists["dynamodb"], "this region's list of DynamoDB's"))
    for service, name in (("s3", "S3"), ("dynamodb", "DynamoDB")):
        find = partial(_endpoint, network, subnets, service, own_endpoints)
        yield _known(f"{name}EndpointRouteTableIds", find)
    yield _known("CreateNeptuneIngress", lambda: _ingress(network, cluster, subnets, group))
    yield _known("DnsServersCidr", lambda: _dns(network))


def _known(name: str, find: Callable[[], tuple[str, str]]) -> Choice:
    try:
        return Choice(name, *find())
    except NotCheckable as unknown:
        return Choice(name, None, unknown.why)


def _endpoint(
    network: Network, subnets: Sequence[str] | None, service: str, own_endpoints: Callable[[], set[str]]
) -> tuple[str, str]:
    if subnets is None:
        raise NotCheckable("depends on SubnetIds")
    own = own_endpoints()
    lacking = routes.lacking(network, subnets, service, own=own)
    having = sorted(
        {found.id for each in routes.tables_of(network, subnets) if (found := routes.serving(network, each, service))}
        - own
    )
    if not lacking:
        return "", f"empty: the subnets' route tables have a gateway endpoint already, {', '.join(having)}"
    others = f"; {', '.join(having)} serves the others" if having else ""
    return ",".join(lacking), f"the subnets' route tables without a gateway endpoint: the stack makes one{others}"


def _ingress(network: Network, cluster: Cluster, subnets: Sequence[str] | None, group: str) -> tuple[str, str]:
    if subnets is None:
        raise NotCheckable("depends on SubnetIds")
    groups = [network.security_groups[each] for each in cluster.security_groups if each in network.security_groups]
    if security.admits_addresses(groups, cluster.port, [network.subnets[each].cidr for each in subnets]):
        return "false", f"the cluster's security groups let the subnets in at port {cluster.port} already"
    return "true", f"adds a rule to {group} that lets the functions in at port {cluster.port}"


def _dns(network: Network) -> tuple[str, str]:
    if not network.dns_servers:
        return "", "empty: the VPC uses Amazon's DNS, which no security group stops"
    return cidr_of(network.dns_servers), f"the VPC's own DNS servers: {', '.join(network.dns_servers)}"
