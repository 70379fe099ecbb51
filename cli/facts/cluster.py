"""The Neptune cluster: where it is, who can use it, and which role Neptune ML works with."""

from dataclasses import dataclass

from cli.facts.aws import Aws

ML_ROLE = "neptune_ml_iam_role"  # Neptune user guide, "Amazon Neptune parameters"


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """Hold one cluster, as DescribeDBClusters describes it."""

    identifier: str
    resource_id: str
    endpoint: str
    port: int
    engine_version: str
    status: str
    iam_authentication: bool
    subnet_group: str
    security_groups: tuple[str, ...]
    parameter_group: str
    roles: tuple[str, ...]  # ARNs of the roles attached to it

    @property
    def url(self) -> str:
        """The writer endpoint with its port, as `NeptuneEndpointUrl` wants it."""
        return f"https://{self.endpoint}:{self.port}"


@dataclass(frozen=True)
class SubnetGroup:
    """The VPC and the subnets that a cluster may be in."""

    vpc: str
    subnets: tuple[str, ...]


def clusters(aws: Aws) -> list[Cluster]:
    """Return the account's Neptune clusters in this region, by their names."""
    found = aws.pages("neptune", "describe_db_clusters", "DBClusters")
    # "This operation can also return information for Amazon RDS clusters and Amazon DocDB clusters" (API reference).
    return sorted((_cluster(each) for each in found if each["Engine"] == "neptune"), key=lambda one: one.identifier)


def subnet_group(aws: Aws, name: str) -> SubnetGroup:
    """Return a subnet group."""
    [found] = aws.ask("neptune", "describe_db_subnet_groups", DBSubnetGroupName=name)["DBSubnetGroups"]
    return SubnetGroup(found["VpcId"], tuple(each["SubnetIdentifier"] for each in found["Subnets"]))


def ml_role(aws: Aws, parameter_group: str) -> str:
    """Return the ARN of the role that Neptune ML uses when a request names none; empty if the group names none."""
    parameters = aws.pages(
        "neptune", "describe_db_cluster_parameters", "Parameters", DBClusterParameterGroupName=parameter_group
    )
    return next((each.get("ParameterValue", "") for each in parameters if each["ParameterName"] == ML_ROLE), "")


def is_public(aws: Aws, identifier: str) -> bool:
    """Return True if the cluster's instances have public addresses."""
    filters = [{"Name": "db-cluster-id", "Values": [identifier]}]
    instances = aws.pages("neptune", "describe_db_instances", "DBInstances", Filters=filters)
    return any(each.get("PubliclyAccessible") for each in instances)


def _cluster(said: dict[str, object]) -> Cluster:
    groups, roles = said.get("VpcSecurityGroups", []), said.get("AssociatedRoles", [])
    return Cluster(
        identifier=str(said["DBClusterIdentifier"]),
        resource_id=str(said["DbClusterResourceId"]),
        endpoint=str(said["Endpoint"]),
        port=int(str(said["Port"])),
        engine_version=str(said["EngineVersion"]),
        status=str(said["Status"]),
        iam_authentication=bool(said.get("IAMDatabaseAuthenticationEnabled")),
        subnet_group=str(said["DBSubnetGroup"]),
        security_groups=tuple(each["VpcSecurityGroupId"] for each in groups),  # type: ignore[attr-defined]
        parameter_group=str(said["DBClusterParameterGroup"]),
        roles=tuple(each["RoleArn"] for each in roles),  # type: ignore[attr-defined]
    )
