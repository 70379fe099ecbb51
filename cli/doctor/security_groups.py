"""Security groups, both ways: out of the functions, into the cluster."""

from collections.abc import Iterator

from cli.doctor.findings import Wrong, check, drifted
from cli.facts import security
from cli.facts.aws import NotNeeded
from cli.facts.facts import Facts

LISTS = {"s3": "S3PrefixListId", "dynamodb": "DynamoDBPrefixListId"}


@check("NeptuneSecurityGroupId is a group of the cluster")
def neptune_group(facts: Facts) -> Iterator[Wrong]:
    """Compare the parameter with the cluster's groups."""
    _, group, theirs = facts.network, facts.value("NeptuneSecurityGroupId"), facts.known_cluster.security_groups
    if group not in theirs:
        why = "start and step can reach only the members of that group, and the cluster is not one."
        fix = f"Set NeptuneSecurityGroupId: {theirs[0]} and deploy again"
        yield Wrong(f"{group} is not one of the cluster's security groups", why, fix)


@check("The prefix lists are those of S3 and DynamoDB in this region")
def prefix_lists(facts: Facts) -> Iterator[Wrong]:
    """Compare the parameters with the region's prefix lists."""
    for service, parameter in LISTS.items():
        right = facts.network.prefix_lists.get(service, "")
        if facts.value(parameter) != right:
            why = "The functions' security group lets them reach other addresses, so their calls time out."
            yield Wrong(
                f"{parameter} is {facts.value(parameter)}, not {right}",
                why,
                f"Set {parameter}: {right} and deploy again",
            )


@check("The functions' security group lets them out to S3, DynamoDB and the cluster")
def egress(facts: Facts) -> Iterator[Wrong]:
    """Look at the egress rules of FunctionsSecurityGroup."""
    network = facts.network
    id_ = facts.resource("FunctionsSecurityGroup")
    own = network.security_groups.get(id_)
    if not own:
        yield Wrong("FunctionsSecurityGroup is not there", "It was deleted by hand.", drifted(facts))
        return
    for parameter in LISTS.values():
        rules = security.to_port(own.egress, 443)
        wanted = facts.value(parameter)
        if not any(wanted in each.prefix_lists or "0.0.0.0/0" in each.cidrs for each in rules):
            name = parameter.removesuffix("PrefixListId")
            yield _closed(id_, name, 443, f"PrefixListIds=[{{PrefixListId={wanted}}}]")
    group, port = facts.value("NeptuneSecurityGroupId"), facts.port
    rules = security.to_port(own.egress, port)
    if not any(group in each.groups or "0.0.0.0/0" in each.cidrs for each in rules):
        yield _closed(id_, "Neptune", port, f"UserIdGroupPairs=[{{GroupId={group}}}]")


def _closed(group: str, name: str, port: int, target: str) -> Wrong:
    return Wrong(
        f"{group} has no egress rule to {name} at port {port}",
        f"The functions' calls of {name} time out.",
        f"aws ec2 authorize-security-group-egress --group-id {group} --ip-permissions "
        f"IpProtocol=tcp,FromPort={port},ToPort={port},{target}",
    )


@check("The cluster's security groups let the functions in")
def ingress(facts: Facts) -> Iterator[Wrong]:
    """Look at the ingress rules of all groups of the cluster."""
    network, port = facts.network, facts.known_cluster.port
    if facts.before and facts.value("CreateNeptuneIngress") == "true":
        raise NotNeeded("the stack will add the rule (CreateNeptuneIngress)")
    groups = [
        network.security_groups[each] for each in facts.known_cluster.security_groups if each in network.security_groups
    ]
    cidrs = [network.subnets[each].cidr for each in facts.values("SubnetIds") if each in network.subnets]
    own = "" if facts.before else facts.resource("FunctionsSecurityGroup")
    if not (own and security.admits_group(groups, port, own)) and not security.admits_addresses(groups, port, cidrs):
        yield Wrong(
            f"No rule of {', '.join(facts.known_cluster.security_groups)} lets the functions in at port {port}",
            "Every call of Neptune times out: jobs wait, then are rejected.",
            'Set CreateNeptuneIngress: "true" and deploy again'
            if facts.before or facts.value("CreateNeptuneIngress") != "true"
            else f"aws ec2 authorize-security-group-ingress --group-id {facts.value('NeptuneSecurityGroupId')} "
            f"--protocol tcp --port {port} --source-group {own}",
        )
