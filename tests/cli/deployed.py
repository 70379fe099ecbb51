"""The template, through the SAM transform, deployed into an account in moto.

moto's own CloudFormation lacks some of the types (queue and bucket policies, schedules) and stumbles over others. So
each resource is made by the call that CloudFormation would make, with the properties that the template renders to.
"""

import io
import json
import zipfile
from copy import deepcopy
from functools import cache
from typing import Any
from unittest import mock

import yaml
from samtranslator.translator.transform import transform

from tests.cli.account import NUMBER, REGION, Account
from tests.rendered import PSEUDO, TEMPLATE, Loader, Rendered

STACK = PSEUDO["AWS::StackName"]


class NoManagedPolicies:
    """SAM asks for AWS's own policies by name; this template names none."""

    def load(self) -> dict[str, str]:
        return {}


@cache
def transformed() -> dict[str, Any]:
    """The template as CloudFormation deploys it. The functions' code is a place in S3, as after `sam deploy`."""
    source = yaml.load(TEMPLATE.read_text(), Loader)
    source["Globals"]["Function"]["CodeUri"] = "s3://artefacts/functions.zip"
    with mock.patch.dict("os.environ", {"AWS_DEFAULT_REGION": REGION}):
        return dict(transform(source, {}, NoManagedPolicies()))


class RenderedBySam(Rendered):
    """The transformed template for parameters."""

    def document(self) -> dict[str, Any]:
        return transformed()


class Deployed(RenderedBySam):
    """The same, in an account: what refers to a resource makes it first."""

    def __init__(self, account: Account, **parameters: str) -> None:
        self.account = account
        self.made: dict[str, tuple[str, dict[str, str]]] = {}  # what Ref and GetAtt say of each
        iam = account.client("iam")
        self.maker = Maker(account, iam)
        super().__init__(**parameters)
        assert not self.refusals(), self.refusals()
        for name in self.resources:
            self.attribute([name])
        account.stack_resources = {name: ref for name, (ref, _) in self.made.items()}
        account.stack = {
            "StackName": STACK,
            "StackStatus": "CREATE_COMPLETE",
            "Parameters": [{"ParameterKey": name, "ParameterValue": self.value(name)} for name in self.parameters],
            "Outputs": [{"OutputKey": name, "OutputValue": each["Value"]} for name, each in self.outputs.items()],
        }

    def value(self, parameter: str) -> str:
        said = self.parameters[parameter]
        return ",".join(said) if isinstance(said, list) else said

    def attribute(self, name_and_attribute: list[str]) -> str:
        name, *attribute = name_and_attribute
        if name not in self.made:
            resource = deepcopy(self.document()["Resources"][name])
            make = getattr(self.maker, resource["Type"].removeprefix("AWS::").replace("::", "_").lower())
            self.made[name] = make(f"{STACK}-{name}", self.of(resource.get("Properties", {})))
        ref, attributes = self.made[name]
        return attributes[attribute[0]] if attribute else ref


class Maker:
    """One method for each type of resource. Each returns its physical id and its attributes."""

    def __init__(self, account: Account, iam: Any) -> None:
        self.client = account.client
        self.s3 = account.client("s3")
        self.s3.create_bucket(Bucket="artefacts")
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("start.py", "")
        self.s3.put_object(Bucket="artefacts", Key="functions.zip", Body=code.getvalue())

    def s3_bucket(self, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        bucket = name.lower()
        self.s3.create_bucket(Bucket=bucket)
        assert properties["NotificationConfiguration"]["EventBridgeConfiguration"]["EventBridgeEnabled"]
        self.s3.put_bucket_notification_configuration(
            Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
        )
        rules = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        for rule in rules:
            rule["ApplyServerSideEncryptionByDefault"] = rule.pop("ServerSideEncryptionByDefault")
        self.s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules})
        return bucket, {"Arn": f"arn:aws:s3:::{bucket}"}

    def s3_bucketpolicy(self, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        self.s3.put_bucket_policy(Bucket=properties["Bucket"], Policy=json.dumps(properties["PolicyDocument"]))
        return name, {}

    def sqs_queue(self, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        redrive = {"RedrivePolicy": json.dumps(properties["RedrivePolicy"])} if "RedrivePolicy" in properties else {}
        url = self.client("sqs").create_queue(QueueName=name, Attributes=redrive)["QueueUrl"]
        return url, {"Arn": f"arn:aws:sqs:{REGION}:{NUMBER}:{name}", "QueueName": name}

    def sqs_queuepolicy(self, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        policy = json.dumps(properties["PolicyDocument"])
        for url in properties["Queues"]:
            self.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        return name, {}

    def sns_topic(self, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        return self.client("sns").create_topic(Name=name)["TopicArn"], {}

    def sns_topicpolicy(self, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        return name, {}  # no check looks at it

    def sns_subscription(self, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        made = self.client("sns").subscribe(
            TopicArn=properties["TopicArn"],
            Protocol=properties["Protocol"],
            Endpoint=properties["Endpoint"],
            ReturnSubscriptionArn=True,
        )
        return made["SubscriptionArn"], {}

    def iam_role(self, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        iam = self.client("iam")
        trust = json.dumps(properties["AssumeRolePolicyDocument"])
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        for each in properties.get("Policies", []):
            document = json.dumps(each["PolicyDocument"])
            iam.put_role_policy(RoleName=name, PolicyName=each["PolicyName"], PolicyDocument=document)
        for each in properties.get("ManagedPolicyArns", []):
            iam.attach_role_policy(RoleName=name, PolicyArn=each)
        return name, {"Arn": arn}

    def iam_managedpolicy(self, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        document = json.dumps(properties["PolicyDocument"])
        return self.client("iam").create_policy(PolicyName=name, PolicyDocument=document)["Policy"]["Arn"], {}

    def dynamodb_table(self, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        made = self.client("dynamodb").create_table(
            TableName=name,
            BillingMode=properties["BillingMode"],
            KeySchema=properties["KeySchema"],
            AttributeDefinitions=properties["AttributeDefinitions"],
            GlobalSecondaryIndexes=properties["GlobalSecondaryIndexes"],
            StreamSpecification={"StreamEnabled": True, **properties["StreamSpecification"]},
        )["TableDescription"]
        return name, {"Arn": made["TableArn"], "StreamArn": made["LatestStreamArn"]}

    def logs_loggroup(self, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        self.client("logs").create_log_group(logGroupName=name)
        return name, {"Arn": f"arn:aws:logs:{REGION}:{NUMBER}:log-group:{name}:*"}

    def lambda_function(self, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        names = {"KmsKeyArn": "KMSKeyArn"}  # CloudFormation's and Lambda's
        properties = {names.get(key, key): value for key, value in properties.items() if key != "Tags"}
        arn = self.client("lambda").create_function(FunctionName=name, **properties)["FunctionArn"]
        return name, {"Arn": arn}

    def lambda_eventsourcemapping(self, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        properties = {key: value for key, value in properties.items() if key != "Tags"}
        return self.client("lambda").create_event_source_mapping(**properties)["UUID"], {}

    def lambda_eventinvokeconfig(self, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        return name, {}

    def lambda_permission(self, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        return name, {}

    def events_eventbus(self, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        arn = self.client("events").create_event_bus(Name=properties["Name"])["EventBusArn"]
        return properties["Name"], {"Arn": arn}

    def events_rule(self, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        bus = properties.get("EventBusName", "default")
        what = (
            {"ScheduleExpression": properties["ScheduleExpression"]}
            if "ScheduleExpression" in properties
            else {"EventPattern": json.dumps(properties["EventPattern"])}
        )
        arn = self.client("events").put_rule(Name=name, EventBusName=bus, State="ENABLED", **what)["RuleArn"]
        return name if bus == "default" else f"{bus}|{name}", {"Arn": arn}

    def scheduler_schedulegroup(self, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        return name, {"Arn": self.client("scheduler").create_schedule_group(Name=name)["ScheduleGroupArn"]}

    def scheduler_schedule(self, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        self.client("scheduler").create_schedule(Name=name, **properties)
        return name, {}

    def ec2_securitygroup(self, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        ec2 = self.client("ec2")
        id_ = ec2.create_security_group(
            GroupName=name, Description=properties["GroupDescription"], VpcId=properties["VpcId"]
        )["GroupId"]
        everywhere = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        ec2.revoke_security_group_egress(GroupId=id_, IpPermissions=[everywhere])
        for each in properties["SecurityGroupEgress"]:
            ec2.authorize_security_group_egress(GroupId=id_, IpPermissions=[permission(each)])
        return id_, {"GroupId": id_}

    def ec2_securitygroupegress(self, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        self.client("ec2").authorize_security_group_egress(
            GroupId=properties["GroupId"], IpPermissions=[permission(properties)]
        )
        return name, {}

    def ec2_securitygroupingress(self, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        self.client("ec2").authorize_security_group_ingress(
            GroupId=properties["GroupId"], IpPermissions=[permission(properties)]
        )
        return name, {}

    def ec2_vpcendpoint(self, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        return self.client("ec2").create_vpc_endpoint(**properties)["VpcEndpoint"]["VpcEndpointId"], {}

    def cloudwatch_alarm(self, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        properties["Threshold"] = float(properties["Threshold"])
        self.client("cloudwatch").put_metric_alarm(AlarmName=name, **properties)
        return name, {"Arn": f"arn:aws:cloudwatch:{REGION}:{NUMBER}:alarm:{name}"}

    def cloudwatch_dashboard(self, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        return name, {}

    def logs_querydefinition(self, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        return name, {}


def permission(rule: dict[str, Any]) -> dict[str, Any]:
    """A rule of the template as EC2's calls take it."""
    said: dict[str, Any] = {
        "IpProtocol": rule["IpProtocol"],
        "FromPort": int(rule["FromPort"]),
        "ToPort": int(rule["ToPort"]),
    }
    if list_ := rule.get("DestinationPrefixListId"):
        said["PrefixListIds"] = [{"PrefixListId": list_}]
    if group := rule.get("DestinationSecurityGroupId") or rule.get("SourceSecurityGroupId"):
        said["UserIdGroupPairs"] = [{"GroupId": group}]
    if cidr := rule.get("CidrIp"):
        said["IpRanges"] = [{"CidrIp": cidr}]
    return said
