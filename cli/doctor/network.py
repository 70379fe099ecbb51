"""Check the network of `start` and `step`: VPC, subnets and DNS."""

from collections.abc import Iterator

from cli.doctor.findings import Wrong, check
from cli.facts.dns import cidr_of, covers
from cli.facts.facts import Facts

FEW_ADDRESSES = 8  # Lambda takes one for each combination of subnet and security group; others need some, too


@check("start and step run where the cluster can be reached")
def vpc(facts: Facts) -> Iterator[Wrong]:
    """Compare the VPC of the functions with that of the cluster."""
    theirs, ours = facts.cluster_subnets.vpc, facts.value("VpcId")
    if ours and ours != theirs:
        why = "start and step cannot reach another VPC, unless the two are connected."
        yield Wrong(f"The cluster is in {theirs}, and VpcId is {ours}", why, "neptune-training configure")
    if not ours and not facts.cluster_is_public:
        why = "Its endpoint answers in its own VPC only, so every start waits until it is rejected."
        yield Wrong(f"VpcId is empty, and the cluster is in {theirs}", why, "neptune-training configure")


@check("The subnets of start and step are in the VPC and have free addresses")
def subnets(facts: Facts) -> Iterator[Wrong]:
    """Look at each of SubnetIds."""
    found = facts.network.subnets
    for each in facts.values("SubnetIds"):
        if each not in found:
            why = "The deployment fails, or the functions cannot be invoked."
            yield Wrong(f"{each} is not a subnet of {facts.network.vpc}", why, "neptune-training configure")
        elif found[each].free_addresses < FEW_ADDRESSES:
            why = "Lambda needs addresses for its network interfaces."
            fix = "Name other subnets in SubnetIds and deploy again"
            yield Wrong(f"{each} has {found[each].free_addresses} free addresses", why, fix)


@check("start and step can resolve names")
def dns(facts: Facts) -> Iterator[Wrong]:
    """Look at the VPC's DNS. Packets to Amazon's own DNS server pass every security group (EC2 user guide)."""
    servers, allowed = facts.network.dns_servers, facts.value("DnsServersCidr")
    if not servers and not facts.network.dns_support:
        yield Wrong(
            f"DNS support of {facts.network.vpc} is off",
            "No name can be resolved there, not even the cluster's.",
            f"aws ec2 modify-vpc-attribute --vpc-id {facts.network.vpc} --enable-dns-support",
        )
    if servers and not (allowed and covers(allowed, servers)):
        yield Wrong(
            f"{facts.network.vpc} has DNS servers of its own, {', '.join(servers)}",
            "The functions' security group has no egress rule to them, so no name can be resolved.",
            f"Set DnsServersCidr: {cidr_of(servers)} and deploy again",
        )
