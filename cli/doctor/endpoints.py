"""The VPC's endpoints: the ways to S3 and DynamoDB for the functions, and to SageMaker for Neptune ML."""

from collections.abc import Iterator

from cli.doctor.findings import Wrong, check
from cli.facts import routes, security
from cli.facts.aws import NotCheckable
from cli.facts.facts import Facts
from cli.facts.policies import Request, allows
from cli.facts.routes import SERVICES

NAMES = {"s3": "S3", "dynamodb": "DynamoDB"}
ACTIONS = {  # what the functions do there
    "s3": ("s3:ListBucket", "s3:GetObject"),
    "dynamodb": (
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "dynamodb:ConditionCheckItem",
        "dynamodb:Query",
    ),
}
SAGEMAKER = ("sagemaker.api", "sagemaker.runtime")


@check("The subnets' route tables have a gateway endpoint for S3")
def s3_route(facts: Facts) -> Iterator[Wrong]:
    """Look for the endpoint in each route table."""
    yield from _route(facts, "s3")


@check("The subnets' route tables have a gateway endpoint for DynamoDB")
def dynamodb_route(facts: Facts) -> Iterator[Wrong]:
    """Look for the endpoint in each route table."""
    yield from _route(facts, "dynamodb")


def _route(facts: Facts, service: str) -> Iterator[Wrong]:
    network, name, parameter = facts.network, NAMES[service], f"{NAMES[service]}EndpointRouteTableIds"
    planned = facts.values(parameter) if facts.before else []
    missing = [each for each in routes.lacking(network, facts.values("SubnetIds"), service) if each not in planned]
    if missing:
        yield Wrong(
            f"{', '.join(missing)} {'has' if len(missing) == 1 else 'have'} no gateway endpoint for {name}",
            f"start and step have no other way to {name}, so their calls of it time out.",
            f"Set {parameter}: {','.join(sorted({*facts.values(parameter), *missing}))} and deploy again",
        )
    for table in planned:
        other = routes.serving(network, table, service)
        if other and other.id not in facts.own_endpoints:
            yield Wrong(
                f"{table} has a gateway endpoint for {name} already, {other.id}",
                "A second one fails, and the deployment with it.",
                f"Remove {table} from {parameter}",
            )


@check("The endpoints' policies allow what the functions do")
def endpoint_policies(facts: Facts) -> Iterator[Wrong]:
    """Look at the policy of each gateway endpoint in the subnets' route tables."""
    tables = set(routes.tables_of(facts.network, facts.values("SubnetIds")))
    role = f"arn:{facts.aws.partition}:iam::{facts.aws.account}:role/{facts.stack_name}-StartRole-0"
    role = role if facts.before else facts.role("StartRole")
    resources = {
        ("s3", "s3:ListBucket"): f"arn:{facts.aws.partition}:s3:::{facts.bucket}",
        (
            "s3",
            "s3:GetObject",
        ): f"arn:{facts.aws.partition}:s3:::{facts.bucket}/{facts.value('ModelPrefix')}model/training.py",
        ("dynamodb", "dynamodb:Query"): f"{facts.table}/index/unfinished",
    }
    for service in SERVICES:
        for endpoint in routes.gateways(facts.network, service):
            if not endpoint.route_tables & tables:
                continue
            refused, undecided = [], []
            for action in ACTIONS[service]:
                resource = resources.get((service, action), facts.table)
                request = Request(principal=role, action=action, resource=resource, context=_context(facts, role))
                answer = allows(endpoint.policy, request)
                refused += [(action, resource)] if answer is False else []
                undecided += [action] if answer is None else []
            if refused:
                yield Wrong(
                    f"The policy of {endpoint.id} does not allow {', '.join(action for action, _ in refused)}",
                    f"Calls of {NAMES[service]} through it are denied, whatever the functions' roles allow.",
                    f"Allow it on {', '.join(sorted({resource for _, resource in refused}))}: "
                    f"aws ec2 modify-vpc-endpoint --vpc-endpoint-id {endpoint.id} --policy-document file://policy.json",
                )
            elif undecided:
                raise NotCheckable(f"a condition in the policy of {endpoint.id} cannot be judged from here")


def _context(facts: Facts, role: str) -> dict[str, str]:
    account = facts.aws.account
    return {
        "aws:PrincipalAccount": account,
        "aws:ResourceAccount": account,
        "aws:PrincipalArn": role,
        "aws:SourceVpc": facts.network.vpc,
        "aws:SecureTransport": "true",
    }


@check("No interface endpoint takes the names of S3 and DynamoDB")
def private_dns(facts: Facts) -> Iterator[Wrong]:
    """Look for interface endpoints with private DNS, which lead the names elsewhere than to the prefix lists."""
    for each in facts.network.endpoints:
        if each.gateway or not each.private_dns or each.service not in SERVICES:
            continue
        if not facts.before and _may_reach(facts, each.security_groups):
            continue
        name = NAMES[each.service]
        group = "<FunctionsSecurityGroup>" if facts.before else facts.resources["FunctionsSecurityGroup"]
        target = each.security_groups[0] if each.security_groups else "<its security group>"
        yield Wrong(
            f"{each.id} has private DNS for {name}",
            f"{name}'s names resolve to its addresses, and the functions' security group has no egress rule to them.",
            f"aws ec2 authorize-security-group-egress --group-id {group} --ip-permissions "
            f"IpProtocol=tcp,FromPort=443,ToPort=443,UserIdGroupPairs=[{{GroupId={target}}}]",
        )


def _may_reach(facts: Facts, groups: tuple[str, ...]) -> bool:
    own = facts.network.security_groups.get(facts.resources.get("FunctionsSecurityGroup", ""))
    return own is not None and any(set(rule.groups) & set(groups) for rule in security.to_port(own.egress, 443))


@check("Neptune ML reaches SageMaker from the cluster's VPC")
def sagemaker_endpoints(facts: Facts) -> Iterator[Wrong]:
    """Look for the two interface endpoints that the Neptune guide requires, or for a NAT gateway.

    Neptune user guide, "Setting up Neptune ML without using the quick-start template": two endpoints for SageMaker.
    """
    network, region = facts.cluster_network, facts.aws.region
    missing = [each for each in SAGEMAKER if each not in {one.service for one in network.endpoints if not one.gateway}]
    tables = (routes.table_of(each, network.route_tables) for each in facts.cluster_subnets.subnets)
    if not missing or all(each and (each.to_nat or each.to_internet_gateway) for each in tables):
        return
    subnets = " ".join(facts.cluster_subnets.subnets)
    yield Wrong(
        f"{network.vpc} has no interface endpoint for {' and '.join(missing)}, and no way out",
        "Neptune calls SageMaker through them; without them it can start no training.",
        "; ".join(
            f"aws ec2 create-vpc-endpoint --vpc-id {network.vpc} --vpc-endpoint-type Interface --service-name "
            f"com.amazonaws.{region}.{each} --subnet-ids {subnets} --security-group-ids <one that lets the cluster in>"
            for each in missing
        ),
    )
