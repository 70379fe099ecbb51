"""Ways in which an account can be broken, each in one way, and repaired again.

Each is a generator: it breaks the account, yields, and repairs it. Its name in `VARIANTS` says what is broken; beside
it stands the check that has to find it, and a word that what it says has to hold.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

from tests.cli.account import ML_ROLE, NUMBER, REGION, TRUST, document
from tests.cli.deployed import STACK, Deployed

Variant = Callable[[Deployed], Iterator[None]]
VARIANTS: dict[str, tuple[str, str, Variant]] = {}
ROLE = "NeptuneSageMakerIAMRole"


def breaks(what: str, check: str, says: str) -> Callable[[Variant], Variant]:
    def keep(variant: Variant) -> Variant:
        VARIANTS[what] = (check, says, variant)
        return variant

    return keep


def set_on(target: dict[str, Any], name: str, value: Any) -> Iterator[None]:
    before = target.get(name)
    target[name] = value
    yield
    if before is None:
        del target[name]
    else:
        target[name] = before


def parameter(deployed: Deployed, name: str, value: str) -> Iterator[None]:
    """Change a parameter of the stack, as an earlier deployment may have had it."""
    [said] = [each for each in deployed.account.stack["Parameters"] if each["ParameterKey"] == name]  # type: ignore[index]
    return set_on(said, "ParameterValue", value)


# --- the stack --------------------------------------------------------------------------------------------------------


@breaks("the last update was rolled back", "deployed", "UPDATE_ROLLBACK_COMPLETE")
def rolled_back(deployed: Deployed) -> Iterator[None]:
    assert deployed.account.stack
    return set_on(deployed.account.stack, "StackStatus", "UPDATE_ROLLBACK_COMPLETE")


@breaks("a function failed", "functions", "Failed")
def function_failed(deployed: Deployed) -> Iterator[None]:
    deployed.account.failed_functions.add(deployed.attribute(["StepFunction"]))
    yield
    deployed.account.failed_functions.clear()


@breaks("start takes nothing from the queue", "triggers", "Disabled")
def source_disabled(deployed: Deployed) -> Iterator[None]:
    lambda_ = deployed.account.client("lambda")
    uuid = deployed.attribute(["StartFunctionRequest"])
    lambda_.update_event_source_mapping(UUID=uuid, Enabled=False)
    yield
    lambda_.update_event_source_mapping(UUID=uuid, Enabled=True)


@breaks("emit takes nothing from the stream", "triggers", "no status event is sent")
def emit_disabled(deployed: Deployed) -> Iterator[None]:
    lambda_ = deployed.account.client("lambda")
    uuid = deployed.attribute(["EmitFunctionRecord"])
    lambda_.update_event_source_mapping(UUID=uuid, Enabled=False)
    yield
    lambda_.update_event_source_mapping(UUID=uuid, Enabled=True)


@breaks("the bus for status events was deleted", "status-event-bus", "There is no event bus gone")
def bus_deleted(deployed: Deployed) -> Iterator[None]:
    return parameter(deployed, "StatusEventBus", "gone")


@breaks("the rule for uploads is disabled", "triggers", "uploads start nothing")
def rule_disabled(deployed: Deployed) -> Iterator[None]:
    events, name = deployed.account.client("events"), deployed.attribute(["UploadRule"])
    events.disable_rule(Name=name)
    yield
    events.enable_rule(Name=name)


@breaks("the rule for hints is disabled", "triggers", "a quarter of an hour late")
def hints_disabled(deployed: Deployed) -> Iterator[None]:
    events, name = deployed.account.client("events"), deployed.attribute(["SageMakerRule"])
    events.disable_rule(Name=name)
    yield
    events.enable_rule(Name=name)


@breaks("the rule on the stack's bus is disabled", "triggers", "events start nothing")
def bus_rule_disabled(deployed: Deployed) -> Iterator[None]:
    events = deployed.account.client("events")
    bus, name = deployed.attribute(["RequestRule"]).split("|")
    events.disable_rule(Name=name, EventBusName=bus)
    yield
    events.enable_rule(Name=name, EventBusName=bus)


@breaks("the schedule is disabled", "triggers", "on schedule")
def schedule_disabled(deployed: Deployed) -> Iterator[None]:
    scheduler = deployed.account.client("scheduler")
    properties = {"Name": deployed.attribute(["Schedule"]), **deployed["Schedule"]}
    scheduler.update_schedule(**properties, State="DISABLED")
    yield
    scheduler.update_schedule(**properties, State="ENABLED")


# --- the cluster ------------------------------------------------------------------------------------------------------


@breaks("the endpoint is that of the readers", "cluster", "writer endpoint")
def reader_endpoint(deployed: Deployed) -> Iterator[None]:
    url = deployed.value("NeptuneEndpointUrl").replace(".cluster-", ".cluster-ro-")
    return parameter(deployed, "NeptuneEndpointUrl", url)


@breaks("the cluster is stopped", "cluster", "start-db-cluster")
def cluster_stopped(deployed: Deployed) -> Iterator[None]:
    return set_on(deployed.account.cluster, "Status", "stopped")


@breaks("the cluster was made anew, under the same name", "cluster", "cluster-NEW")
def cluster_made_anew(deployed: Deployed) -> Iterator[None]:
    return set_on(deployed.account.cluster, "DbClusterResourceId", "cluster-NEW")


@breaks("IAM database authentication is off", "iam-authentication", "--enable-iam-database-authentication")
def no_iam_authentication(deployed: Deployed) -> Iterator[None]:
    deployed.account.iam_authentication = False
    yield
    deployed.account.iam_authentication = True


@breaks("the engine is too old", "engine", "1.1.1.0")
def old_engine(deployed: Deployed) -> Iterator[None]:
    return set_on(deployed.account.cluster, "EngineVersion", "1.1.1.0")


@breaks("the parameter group names no role for Neptune ML", "ml-role", "neptune_ml_iam_role")
def no_ml_role(deployed: Deployed) -> Iterator[None]:
    deployed.account.set_ml_role("")
    yield
    deployed.account.set_ml_role(ML_ROLE)


@breaks("Neptune ML's role is not attached to the cluster", "ml-role", "add-role-to-db-cluster")
def role_not_attached(deployed: Deployed) -> Iterator[None]:
    return set_on(deployed.account.cluster, "AssociatedRoles", [])


@breaks("SageMaker cannot assume Neptune ML's role", "ml-role", "sagemaker.amazonaws.com cannot assume")
def no_trust(deployed: Deployed) -> Iterator[None]:
    iam = deployed.account.client("iam")
    rds_only = {**TRUST, "Principal": {"Service": "rds.amazonaws.com"}}
    iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=document(rds_only))
    yield
    iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=document(TRUST))


# --- the network ------------------------------------------------------------------------------------------------------


@breaks("the VPC has DNS servers of its own", "dns", "DnsServersCidr: 10.0.0.4/30")
def own_dns(deployed: Deployed) -> Iterator[None]:
    ec2, vpc = deployed.account.client("ec2"), deployed.account.vpc
    options = [{"Key": "domain-name-servers", "Values": ["10.0.0.5", "10.0.0.6"]}]
    made = ec2.create_dhcp_options(DhcpConfigurations=options)["DhcpOptions"]["DhcpOptionsId"]
    ec2.associate_dhcp_options(DhcpOptionsId=made, VpcId=vpc)
    yield
    options = [{"Key": "domain-name-servers", "Values": ["AmazonProvidedDNS"]}]
    amazon = ec2.create_dhcp_options(DhcpConfigurations=options)["DhcpOptions"]["DhcpOptionsId"]
    ec2.associate_dhcp_options(DhcpOptionsId=amazon, VpcId=vpc)


@breaks("DNS support of the VPC is off", "dns", "--enable-dns-support")
def no_dns_support(deployed: Deployed) -> Iterator[None]:
    ec2, vpc = deployed.account.client("ec2"), deployed.account.vpc
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsSupport={"Value": False})
    yield
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsSupport={"Value": True})


def without_route(endpoint: str, deployed: Deployed, table: str) -> Iterator[None]:
    ec2 = deployed.account.client("ec2")
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, RemoveRouteTableIds=[table])
    yield
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddRouteTableIds=[table])


@breaks("a subnet's own route table has no S3 endpoint", "s3-route", "S3EndpointRouteTableIds")
def no_s3_route(deployed: Deployed) -> Iterator[None]:
    return without_route(deployed.account.s3_endpoint, deployed, deployed.account.private_tables[0])


@breaks("the main route table has no DynamoDB endpoint", "dynamodb-route", "DynamoDBEndpointRouteTableIds")
def no_dynamodb_route(deployed: Deployed) -> Iterator[None]:
    return without_route(deployed.attribute(["DynamoDBEndpoint"]), deployed, deployed.account.private_tables[1])


def with_policy(endpoint: str, deployed: Deployed, *statements: dict[str, Any]) -> Iterator[None]:
    ec2 = deployed.account.client("ec2")
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, PolicyDocument=document(*statements))
    yield
    everything = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, PolicyDocument=document(everything))


@breaks("the S3 endpoint's policy is for another bucket", "endpoint-policies", "s3:GetObject")
def narrow_s3_policy(deployed: Deployed) -> Iterator[None]:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": ["arn:aws:s3:::graphs*"]}
    return with_policy(deployed.account.s3_endpoint, deployed, statement)


@breaks("the DynamoDB endpoint's policy only lets read", "endpoint-policies", "dynamodb:PutItem")
def narrow_dynamodb_policy(deployed: Deployed) -> Iterator[None]:
    reads = ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:ConditionCheckItem"]
    statement = {"Effect": "Allow", "Principal": "*", "Action": reads, "Resource": "*"}
    return with_policy(deployed.attribute(["DynamoDBEndpoint"]), deployed, statement)


@breaks("an interface endpoint takes DynamoDB's name", "private-dns", "private DNS for DynamoDB")
def interface_endpoint(deployed: Deployed) -> Iterator[None]:
    account = deployed.account
    made = account.endpoint("dynamodb", "Interface", SubnetIds=account.subnets[:2], PrivateDnsEnabled=True)
    yield
    account.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[made])


@breaks("the VPC has no endpoint for SageMaker's API", "sagemaker-endpoints", "sagemaker.api")
def no_sagemaker(deployed: Deployed) -> Iterator[None]:
    account, ec2 = deployed.account, deployed.account.client("ec2")
    service = [{"Name": "service-name", "Values": [f"com.amazonaws.{REGION}.sagemaker.api"]}]
    [found] = ec2.describe_vpc_endpoints(Filters=service)["VpcEndpoints"]
    ec2.delete_vpc_endpoints(VpcEndpointIds=[found["VpcEndpointId"]])
    yield
    account.endpoint("sagemaker.api", "Interface", SubnetIds=account.subnets[:2], PrivateDnsEnabled=True)


# --- security groups --------------------------------------------------------------------------------------------------


@breaks("the cluster has another security group", "neptune-group", "NeptuneSecurityGroupId")
def other_group(deployed: Deployed) -> Iterator[None]:
    ec2 = deployed.account.client("ec2")
    made = ec2.create_security_group(GroupName="other", Description="-", VpcId=deployed.account.vpc)["GroupId"]
    ec2.authorize_security_group_ingress(
        GroupId=made,
        IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 8182, "ToPort": 8182, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}
        ],
    )
    yield from set_on(deployed.account.cluster, "VpcSecurityGroups", [{"VpcSecurityGroupId": made, "Status": "active"}])


@breaks("the functions' security group has no way out to DynamoDB", "egress", "no egress rule to DynamoDB")
def no_egress(deployed: Deployed) -> Iterator[None]:
    ec2, group = deployed.account.client("ec2"), deployed.attribute(["FunctionsSecurityGroup"])
    rule = {
        "IpProtocol": "tcp",
        "FromPort": 443,
        "ToPort": 443,
        "PrefixListIds": [{"PrefixListId": deployed.value("DynamoDBPrefixListId")}],
    }
    ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[rule])
    yield
    ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[rule])


@breaks("the cluster's security group does not let the functions in", "ingress", "authorize-security-group-ingress")
def no_ingress(deployed: Deployed) -> Iterator[None]:
    ec2, group = deployed.account.client("ec2"), deployed.attribute(["FunctionsSecurityGroup"])
    rule = {"IpProtocol": "tcp", "FromPort": 8182, "ToPort": 8182, "UserIdGroupPairs": [{"GroupId": group}]}
    ec2.revoke_security_group_ingress(GroupId=deployed.account.group, IpPermissions=[rule])
    yield
    ec2.authorize_security_group_ingress(GroupId=deployed.account.group, IpPermissions=[rule])


# --- the bucket, roles, the key ---------------------------------------------------------------------------------------


@breaks("the bucket does not send its events to EventBridge", "bucket-events", "enable-events")
def no_events(deployed: Deployed) -> Iterator[None]:
    s3, bucket = deployed.account.client("s3"), deployed.attribute(["ModelBucket"])
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    yield
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}})


def encrypted_with(deployed: Deployed, key: str) -> None:
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    deployed.account.client("s3").put_bucket_encryption(
        Bucket=deployed.attribute(["ModelBucket"]), ServerSideEncryptionConfiguration={"Rules": [rule]}
    )


@breaks("the bucket is encrypted with another key", "bucket-key", "ModelBucketKmsKeyArn")
def other_key(deployed: Deployed) -> Iterator[None]:
    encrypted_with(deployed, deployed.account.client("kms").create_key()["KeyMetadata"]["Arn"])
    yield
    encrypted_with(deployed, deployed.value("KmsKeyArn"))


@breaks("start's role has lost its policy", "function-roles", "neptune-db:StartMLModelTrainingJob")
def no_policy(deployed: Deployed) -> Iterator[None]:
    iam, role, policy = (
        deployed.account.client("iam"),
        deployed.attribute(["StartRole"]),
        deployed.attribute(["TrainingPolicy"]),
    )
    iam.detach_role_policy(RoleName=role, PolicyArn=policy)
    yield
    iam.attach_role_policy(RoleName=role, PolicyArn=policy)


@breaks("the bucket's policy denies reading", "bucket-policy", "denies s3:GetObject")
def bucket_denies(deployed: Deployed) -> Iterator[None]:
    s3, bucket = deployed.account.client("s3"), deployed.attribute(["ModelBucket"])
    before = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
        "Condition": {"StringNotEquals": {"aws:SourceVpc": "vpc-0"}},
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=document(deny))
    yield
    s3.put_bucket_policy(Bucket=bucket, Policy=before)


@breaks("Neptune ML's role is for another bucket", "ml-bucket-access", f"put-role-policy --role-name {ROLE}")
def narrow_ml_role(deployed: Deployed) -> Iterator[None]:
    iam = deployed.account.client("iam")
    before = json.dumps(iam.get_role_policy(RoleName=ROLE, PolicyName="ml")["PolicyDocument"])
    graphs = {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::graphlytics*"}
    key = {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}
    iam.put_role_policy(RoleName=ROLE, PolicyName="ml", PolicyDocument=document(graphs, key))
    yield
    iam.put_role_policy(RoleName=ROLE, PolicyName="ml", PolicyDocument=before)


@breaks("the key is disabled", "key", "enable-key")
def key_disabled(deployed: Deployed) -> Iterator[None]:
    kms, key = deployed.account.client("kms"), deployed.value("KmsKeyArn").rpartition("/")[2]
    kms.disable_key(KeyId=key)
    yield
    kms.enable_key(KeyId=key)


@breaks("the key's policy does not let EventBridge use it", "key-policy", "events.amazonaws.com")
def key_without_eventbridge(deployed: Deployed) -> Iterator[None]:
    kms, key = deployed.account.client("kms"), deployed.value("KmsKeyArn")
    before = kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    others = [each for each in json.loads(before)["Statement"] if not each["Sid"].startswith("EventBridge")]
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=document(*others))
    yield
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=before)


@breaks("the quota of the default instance type is 0", "quota", "request-service-quota-increase")
def no_quota(deployed: Deployed) -> Iterator[None]:
    return set_on(deployed.account.quotas, "ml.g5.2xlarge for training job usage", 0.0)


# --- queues, alarms, messages -----------------------------------------------------------------------------------------


@breaks("the queue takes nothing from the rules", "queue-policies", "does not let UploadRule")
def no_queue_policy(deployed: Deployed) -> Iterator[None]:
    sqs, url = deployed.account.client("sqs"), deployed.attribute(["TrainingQueue"])
    before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]
    tls_only = [each for each in json.loads(before["Policy"])["Statement"] if each["Effect"] == "Deny"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": document(*tls_only)})
    yield
    sqs.set_queue_attributes(QueueUrl=url, Attributes=before)


@breaks("failed requests go to another queue", "redrive-policy", "set-queue-attributes")
def other_dead_letter_queue(deployed: Deployed) -> Iterator[None]:
    sqs, url = deployed.account.client("sqs"), deployed.attribute(["TrainingQueue"])
    before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy", "RedrivePolicy"])["Attributes"]
    sqs.create_queue(QueueName="other")
    other = {"deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{NUMBER}:other", "maxReceiveCount": 5}
    # moto takes the policy away if it is not set, too.
    sqs.set_queue_attributes(QueueUrl=url, Attributes={**before, "RedrivePolicy": json.dumps(other)})
    yield
    sqs.set_queue_attributes(QueueUrl=url, Attributes=before)


@breaks("a request could not be recorded", "dead-letters", "neptune-training redrive")
def dead_letter(deployed: Deployed) -> Iterator[None]:
    sqs, url = deployed.account.client("sqs"), deployed.attribute(["DeadLetterQueue"])
    sqs.send_message(QueueUrl=url, MessageBody="{}")
    yield
    sqs.purge_queue(QueueUrl=url)


@breaks("an alarm is going off", "alarms", "docs/operate.md#trackstoppedalarm")
def alarm(deployed: Deployed) -> Iterator[None]:
    cloudwatch, name = deployed.account.client("cloudwatch"), deployed.attribute(["TrackStoppedAlarm"])
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="no data")
    yield
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="data")


@breaks("an alarm was deleted", "alarms", "DeadLetterAlarm is not there")
def alarm_deleted(deployed: Deployed) -> Iterator[None]:
    cloudwatch = deployed.account.client("cloudwatch")
    cloudwatch.delete_alarms(AlarmNames=[f"{STACK}-DeadLetterAlarm"])
    yield
    deployed.maker.cloudwatch_alarm(f"{STACK}-DeadLetterAlarm", deployed["DeadLetterAlarm"])
    cloudwatch.set_alarm_state(AlarmName=f"{STACK}-DeadLetterAlarm", StateValue="OK", StateReason="-")


@breaks("nobody gets the alarms", "alarm-topic", "no confirmed subscription")
def no_subscriber(deployed: Deployed) -> Iterator[None]:
    deployed.account.confirmed.remove("operator@example.com")
    yield
    deployed.account.confirmed.add("operator@example.com")


@breaks("the e-mail address is not confirmed", "email", "me@example.com has not confirmed")
def unconfirmed(deployed: Deployed) -> Iterator[None]:
    deployed.account.confirmed.remove("me@example.com")
    yield
    deployed.account.confirmed.add("me@example.com")
