"""Everything that the rules can ask about one stack: as it is deployed, or as a file of parameters would deploy it."""

from collections.abc import Mapping
from functools import cached_property

from cli.facts import cluster as clusters
from cli.facts import quotas, stack
from cli.facts.aws import Aws, NotNeeded
from cli.facts.cluster import Cluster, SubnetGroup
from cli.facts.network import Network
from cli.facts.stack import Stack

DEFAULTS = {  # the template's, for what a file of parameters leaves out
    "BaseProcessingInstanceType": "",
    "CreateNeptuneIngress": "false",
    "EnableManagedSpotTraining": "false",
    "MaxHPOParallelTrainingJobs": "2",
    "ModelPrefix": "models/",
    "StatusEventBus": "default",
    "TrainingInstanceType": "ml.g5.2xlarge",
    "WriteStatusFile": "true",
}
ON_OWN_BUS = "RequestRule"  # the only rule on the stack's own bus


class Facts:
    """The facts, each read from AWS when it is first asked for.

    `parameters` is None for the stack as it is deployed. Each fact may raise `NotCheckable` or `NotNeeded`.
    """

    def __init__(self, aws: Aws, stack_name: str, parameters: Mapping[str, str] | None = None) -> None:
        self.aws, self.stack_name, self._parameters = aws, stack_name, parameters

    @property
    def before(self) -> bool:
        """True if the facts are those before a deployment."""
        return self._parameters is not None

    # --- the stack ----------------------------------------------------------------------------------------------------

    @cached_property
    def stack(self) -> Stack | None:
        """The deployed stack; None if there is none."""
        if self.before:
            raise NotNeeded("can be checked after the deployment")
        return stack.read(self.aws, self.stack_name)

    @cached_property
    def _deployed(self) -> Stack:
        if not self.stack:
            raise NotNeeded(f"there is no stack {self.stack_name}")
        return self.stack

    @cached_property
    def resources(self) -> dict[str, str]:
        """The physical ids of the stack's resources by their names in the template."""
        return stack.resources(self.aws, self._deployed.name)

    @cached_property
    def own_endpoints(self) -> set[str]:
        """The ids of the gateway endpoints that this stack has made; none if there is no stack yet."""
        found = stack.resources(self.aws, self.stack_name)
        return {found[each] for each in ("S3Endpoint", "DynamoDBEndpoint") if each in found}

    def output(self, name: str) -> str:
        """Return one of the stack's outputs. Raises `NotNeeded` if it has none of that name."""
        if name not in self._deployed.outputs:
            raise NotNeeded(f"the stack has no output {name}: its deployment failed, or it is of another version")
        return self._deployed.outputs[name]

    def value(self, name: str) -> str:
        """Return a parameter's value; empty if it is not set."""
        parameters = self._deployed.parameters if self._parameters is None else self._parameters
        return parameters.get(name, DEFAULTS.get(name, ""))

    def values(self, name: str) -> list[str]:
        """Return the values of a parameter that is a list."""
        return [each.strip() for each in self.value(name).split(",") if each.strip()]

    def role(self, name: str) -> str:
        """Return the ARN of one of the stack's roles, by its name in the template. Raises `NotNeeded`."""
        return f"arn:{self.aws.partition}:iam::{self.aws.account}:role/{self.resource(name)}"

    def resource(self, name: str) -> str:
        """Return the physical id of a resource, by its name in the template. Raises `NotNeeded` if there is none."""
        if name not in self.resources:
            raise NotNeeded(f"the stack has no {name}: its deployment failed, or it is of another version")
        return self.resources[name]

    def rule(self, name: str) -> tuple[str, str]:
        """Return the bus and the name of a rule of EventBridge, by its name in the template; empty if there is none.

        The physical id of a rule on a bus of its own is bus|rule. The local stack's emulator gives the rule alone.
        """
        bus, _, rule = self.resources.get(name, "").rpartition("|")
        own = self._deployed.outputs.get("EventBus", "") if name == ON_OWN_BUS else ""
        return bus or own or "default", rule

    @property
    def table(self) -> str:
        """The ARN of the table of jobs, or before a deployment an ARN like the one it will have."""
        name = f"{self.stack_name}-TrainingJobs-0" if self.before else self.output("TrainingJobsTable")
        return f"arn:{self.aws.partition}:dynamodb:{self.aws.region}:{self.aws.account}:table/{name}"

    # --- the cluster --------------------------------------------------------------------------------------------------

    @cached_property
    def cluster(self) -> Cluster | None:
        """The cluster that the parameters name; None if there is none."""
        named = self.value("NeptuneClusterResourceId")
        found = clusters.clusters(self.aws)
        by_endpoint = (each for each in found if f"//{each.endpoint}:" in self.value("NeptuneEndpointUrl"))
        return next((each for each in found if each.resource_id == named), next(by_endpoint, None))

    @property
    def known_cluster(self) -> Cluster:
        """The cluster. Raises `NotNeeded` if there is none, which a check of its own says."""
        if not self.cluster:
            raise NotNeeded("there is no such cluster")
        return self.cluster

    @cached_property
    def cluster_subnets(self) -> SubnetGroup:
        """The cluster's subnet group."""
        return clusters.subnet_group(self.aws, self.known_cluster.subnet_group)

    @cached_property
    def cluster_network(self) -> Network:
        """The cluster's VPC."""
        return (
            self.network if self.network_is(self.cluster_subnets.vpc) else Network(self.aws, self.cluster_subnets.vpc)
        )

    @cached_property
    def cluster_is_public(self) -> bool:
        """True if the cluster can be reached from outside its VPC."""
        return clusters.is_public(self.aws, self.known_cluster.identifier)

    @cached_property
    def parameter_group_role(self) -> str:
        """The ARN of the role that the cluster's parameter group names for Neptune ML; empty if it names none."""
        return clusters.ml_role(self.aws, self.known_cluster.parameter_group)

    @property
    def neptune_role(self) -> str:
        """The role that Neptune works with."""
        return self.value("NeptuneIamRoleArn") or self.parameter_group_role

    @property
    def sagemaker_role(self) -> str:
        """The role that SageMaker works with."""
        return self.value("SagemakerIamRoleArn") or self.parameter_group_role

    # --- the functions' network ---------------------------------------------------------------------------------------

    def network_is(self, vpc: str) -> bool:
        """Return True if start and step run in this VPC."""
        return self.value("VpcId") == vpc

    @cached_property
    def network(self) -> Network:
        """The VPC in which start and step run."""
        if not self.value("VpcId"):
            raise NotNeeded("start and step run in no VPC")
        return Network(self.aws, self.value("VpcId"))

    @property
    def port(self) -> int:
        """The cluster's port, as the stack has it."""
        return int(self.value("NeptuneEndpointUrl").rstrip("/").rpartition(":")[2] or 8182)

    # --- the bucket, the quotas ---------------------------------------------------------------------------------------

    @property
    def bucket(self) -> str:
        """The name of the model bucket, or an example of it before the stack has made it."""
        if self.before and not self.value("ExistingModelBucket"):
            return f"{self.stack_name}-modelbucket-0".lower()
        return self.value("ExistingModelBucket") or self.output("ModelBucket")

    @property
    def existing_bucket(self) -> str:
        """The name of the model bucket. Raises `NotNeeded` if it does not exist yet."""
        if self.before and not self.value("ExistingModelBucket"):
            raise NotNeeded("the stack will make the bucket")
        return self.bucket

    def objects(self, bucket: str, prefix: str = "") -> str:
        """Return the ARN of the objects below a prefix."""
        return f"arn:{self.aws.partition}:s3:::{bucket}/{prefix}*"

    @cached_property
    def quotas(self) -> dict[str, quotas.Quota]:
        """SageMaker's quotas by their names."""
        return quotas.quotas(self.aws)
