"""An AWS account in moto with a Neptune cluster in a VPC, and what moto cannot answer itself.

    10.0.0.0/24  private, its own route table     S3 endpoint
    10.0.1.0/24  private, the main route table    S3 endpoint
    10.0.2.0/24  public, a table with an internet gateway

The cluster is in the private subnets. It has IAM database authentication, a role for Neptune ML, and the two interface
endpoints for SageMaker that Neptune ML needs. What has no gateway endpoint is DynamoDB: the ordinary Neptune VPC.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest import mock

import boto3
from botocore.loaders import create_loader
from botocore.session import Session
from moto.iam.models import iam_backends
from moto.s3.models import s3_backends

from cli.facts.policies import Request, allows

REGION = "us-east-1"
NUMBER = "123456789012"
ML_ROLE = f"arn:aws:iam::{NUMBER}:role/NeptuneSageMakerIAMRole"
OK = SimpleNamespace(status_code=200)
SERVICE_MODELS = create_loader()  # of all accounts: to read them takes longer than most tests


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


TRUST = {
    "Effect": "Allow",
    "Principal": {"Service": ["rds.amazonaws.com", "sagemaker.amazonaws.com"]},
    "Action": "sts:AssumeRole",
}
ALL_BUCKETS = {
    "Effect": "Allow",
    "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListBucket"],
    "Resource": "arn:aws:s3:::*",
}


def _document(policy: Any) -> str:
    """A managed policy's default version."""
    return next(str(each.document) for each in policy.versions if each.version_id == policy.default_version_id)


class Account:
    """The account. Make it while `mock_aws` is in force."""

    def __init__(self) -> None:
        session = Session()
        session.register_component("data_loader", SERVICE_MODELS)
        self.session = boto3.Session("testing", "testing", region_name=REGION, botocore_session=session)
        self._clients: dict[str, Any] = {}
        self.iam_authentication = True
        self.quotas = {"ml.g5.2xlarge for training job usage": 4.0, "ml.m5.xlarge for processing job usage": 1.0}
        self.cluster: dict[str, Any] = {"Status": "available"}  # what the cluster is beside what moto keeps
        self.failed_functions: set[str] = set()
        self.confirmed: set[str] = set()  # e-mail addresses
        self.stack: dict[str, Any] | None = None
        self.stack_resources: dict[str, str] = {}
        self.drifts: list[dict[str, Any]] = []
        self.denied: set[str] = set()  # operations, such as "DescribeSubnets"
        self.calls: list[tuple[str, str]] = []
        self._answer()
        self._network()
        self._cluster()

    def client(self, service: str) -> Any:
        """Return the client of a service, the same each time."""
        if service not in self._clients:
            self._clients[service] = self.session.client(service)  # type: ignore[call-overload]
        return self._clients[service]

    @contextmanager
    def as_the_users(self) -> Iterator[None]:
        """Let the commands find this account."""
        with mock.patch("cli.account.boto3.Session", return_value=self.session):
            yield

    # --- what there is ------------------------------------------------------------------------------------------------

    def _network(self) -> None:
        ec2 = self.client("ec2")
        self.vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.subnets = [
            ec2.create_subnet(VpcId=self.vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")[
                "Subnet"
            ]["SubnetId"]
            for number, zone in enumerate("abc")
        ]
        [main] = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [self.vpc]}])["RouteTables"]
        own, public = (ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"] for _ in range(2))
        self.private_tables, self.public_table = [own, main["RouteTableId"]], public
        ec2.associate_route_table(RouteTableId=own, SubnetId=self.subnets[0])
        ec2.associate_route_table(RouteTableId=public, SubnetId=self.subnets[2])
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=self.vpc)
        ec2.create_route(RouteTableId=public, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
        self.group = ec2.create_security_group(GroupName="neptune", Description="-", VpcId=self.vpc)["GroupId"]
        self.s3_endpoint = self.endpoint("s3", "Gateway", RouteTableIds=self.private_tables)
        for service in ("sagemaker.api", "sagemaker.runtime"):
            self.endpoint(service, "Interface", SubnetIds=self.subnets[:2], PrivateDnsEnabled=True)

    def endpoint(self, service: str, kind: str, **options: Any) -> str:
        made = self.client("ec2").create_vpc_endpoint(
            VpcId=self.vpc, ServiceName=f"com.amazonaws.{REGION}.{service}", VpcEndpointType=kind, **options
        )
        return str(made["VpcEndpoint"]["VpcEndpointId"])

    def _cluster(self) -> None:
        iam, neptune = self.client("iam"), self.client("neptune")
        iam.create_role(RoleName="NeptuneSageMakerIAMRole", AssumeRolePolicyDocument=document(TRUST))
        iam.put_role_policy(RoleName="NeptuneSageMakerIAMRole", PolicyName="ml", PolicyDocument=document(ALL_BUCKETS))
        neptune.create_db_cluster_parameter_group(
            DBClusterParameterGroupName="graph", DBParameterGroupFamily="neptune1.3", Description="-"
        )
        self.set_ml_role(ML_ROLE)
        neptune.create_db_subnet_group(
            DBSubnetGroupName="graph", DBSubnetGroupDescription="-", SubnetIds=self.subnets[:2]
        )
        self.add_cluster("my-graph")
        neptune.add_role_to_db_cluster(DBClusterIdentifier="my-graph", RoleArn=ML_ROLE)

    def add_cluster(self, name: str) -> None:
        self.client("neptune").create_db_cluster(
            DBClusterIdentifier=name,
            Engine="neptune",
            EngineVersion="1.3.2.0",
            DBSubnetGroupName="graph",
            VpcSecurityGroupIds=[self.group],
            DBClusterParameterGroupName="graph",
        )

    def set_ml_role(self, arn: str) -> None:
        parameter = {"ParameterName": "neptune_ml_iam_role", "ParameterValue": arn, "ApplyMethod": "pending-reboot"}
        self.client("neptune").modify_db_cluster_parameter_group(
            DBClusterParameterGroupName="graph", Parameters=[parameter]
        )

    # --- what moto cannot answer --------------------------------------------------------------------------------------

    def _answer(self) -> None:
        events = self.session.events
        events.register("before-call", self._deny)
        for service, operation, answer in (
            ("cloudformation", "DescribeStacks", self._describe_stacks),
            ("cloudformation", "DescribeStackResources", self._describe_stack_resources),
            ("cloudformation", "DetectStackDrift", lambda _: {"StackDriftDetectionId": "1"}),
            (
                "cloudformation",
                "DescribeStackDriftDetectionStatus",
                lambda _: {"DetectionStatus": "DETECTION_COMPLETE"},
            ),
            ("cloudformation", "DescribeStackResourceDrifts", lambda _: {"StackResourceDrifts": self.drifts}),
            ("iam", "SimulatePrincipalPolicy", self._simulate),
            ("service-quotas", "ListServiceQuotas", lambda _: {"Quotas": []}),
            ("service-quotas", "ListAWSDefaultServiceQuotas", self._list_quotas),
        ):
            events.register(f"provide-client-params.{service}.{operation}", self._remember)
            events.register(f"before-call.{service}.{operation}", self._answering(answer))
        events.register("after-call.neptune.DescribeDBClusters", self._complete_clusters)
        events.register("after-call.lambda.GetFunctionConfiguration", self._complete_function)
        events.register("after-call.sns.ListSubscriptionsByTopic", self._confirm)
        events.register("provide-client-params.s3.GetBucketNotificationConfiguration", self._remember)
        events.register("after-call.s3.GetBucketNotificationConfiguration", self._complete_notifications)

    def _remember(self, params: dict[str, Any], **_: object) -> None:
        self.asked = params

    def _deny(self, model: Any, **_: object) -> Any:
        self.calls.append((model.service_model.service_name, model.name))
        if model.name in self.denied:
            return SimpleNamespace(status_code=403), {"Error": {"Code": "AccessDenied", "Message": "not authorized"}}
        return None

    def _answering(self, answer: Any) -> Any:
        def answered(model: Any, **_: object) -> Any:
            if model.name in self.denied:
                return None  # `_deny` answers
            self.calls.append((model.service_model.service_name, model.name))
            found = answer(self.asked)
            return found if isinstance(found, tuple) else (OK, {**found, "ResponseMetadata": {}})

        return answered

    def _describe_stacks(self, asked: dict[str, Any]) -> Any:
        if not self.stack or asked["StackName"] != self.stack["StackName"]:
            return self._no_stack(asked)
        return {"Stacks": [self.stack]}

    def _describe_stack_resources(self, asked: dict[str, Any]) -> Any:
        if not self.stack or asked["StackName"] != self.stack["StackName"]:
            return self._no_stack(asked)
        resources = [
            {"LogicalResourceId": name, "PhysicalResourceId": id_} for name, id_ in self.stack_resources.items()
        ]
        return {"StackResources": resources}

    @staticmethod
    def _no_stack(asked: dict[str, Any]) -> Any:
        message = f"Stack with id {asked['StackName']} does not exist"
        return SimpleNamespace(status_code=400), {"Error": {"Code": "ValidationError", "Message": message}}

    def _list_quotas(self, _: dict[str, Any]) -> Any:
        quotas = [
            {"QuotaCode": f"L-{number}", "QuotaName": name, "Value": value}
            for number, (name, value) in enumerate(self.quotas.items())
        ]
        return {"Quotas": quotas}

    def _simulate(self, asked: dict[str, Any]) -> Any:
        """Decide by the role's own policies in moto."""
        role = next(each for each in iam_backends[NUMBER]["aws"].roles.values() if each.arn == asked["PolicySourceArn"])
        context = {each["ContextKeyName"]: each["ContextKeyValues"][0] for each in asked["ContextEntries"]}
        [resource] = asked["ResourceArns"]
        documents = [*role.policies.values(), *(_document(each) for each in role.managed_policies.values())]
        policy = {"Statement": [one for each in documents for one in json.loads(each)["Statement"]]}
        results = []
        for action in asked["ActionNames"]:
            request = Request(principal=asked["PolicySourceArn"], action=action, resource=resource, context=context)
            decision = "allowed" if allows(policy, request) else "implicitDeny"
            results.append({"EvalActionName": action, "EvalResourceName": resource, "EvalDecision": decision})
        return {"EvaluationResults": results}

    def _complete_clusters(self, parsed: dict[str, Any], **_: object) -> None:
        found = parsed.setdefault("DBClusters", [])
        found.append({"DBClusterIdentifier": "documents", "Engine": "docdb"})  # AWS names these, too
        for each in found:
            each |= {"IAMDatabaseAuthenticationEnabled": self.iam_authentication, **self.cluster}

    def _complete_function(self, parsed: dict[str, Any], **_: object) -> None:
        parsed["State"] = "Failed" if parsed.get("FunctionName") in self.failed_functions else "Active"

    def _complete_notifications(self, parsed: dict[str, Any], **_: object) -> None:
        """Say that a bucket sends its events to EventBridge: moto keeps it, and leaves it out of its answer."""
        bucket = s3_backends[NUMBER]["global"].buckets.get(self.asked["Bucket"])
        found = bucket.notification_configuration if bucket else None
        if found and found.event_bridge is not None:
            parsed["EventBridgeConfiguration"] = {}

    def _confirm(self, parsed: dict[str, Any], **_: object) -> None:
        """Say which e-mail subscriptions wait for somebody to open a link; moto confirms all of them."""
        for each in parsed.get("Subscriptions", []):
            if each["Protocol"] == "email" and each["Endpoint"] not in self.confirmed:
                each["SubscriptionArn"] = "PendingConfirmation"
