"""Which IAM action each call to AWS needs, and the policy that allows all of them.

`aws.Aws` makes no call that is not in these tables. Actions: the Service Authorization Reference. Neptune's own calls
are authorized as those of RDS, and some of S3's have other names than the operations.
"""

from typing import Any

Call = tuple[str, str]  # service and operation, as boto3 names them

READS: dict[Call, str] = {
    ("cloudformation", "describe_stack_resources"): "cloudformation:DescribeStackResources",
    ("cloudformation", "describe_stacks"): "cloudformation:DescribeStacks",
    ("cloudwatch", "describe_alarms"): "cloudwatch:DescribeAlarms",
    ("ec2", "describe_dhcp_options"): "ec2:DescribeDhcpOptions",
    ("ec2", "describe_managed_prefix_lists"): "ec2:DescribeManagedPrefixLists",
    ("ec2", "describe_route_tables"): "ec2:DescribeRouteTables",
    ("ec2", "describe_security_groups"): "ec2:DescribeSecurityGroups",
    ("ec2", "describe_subnets"): "ec2:DescribeSubnets",
    ("ec2", "describe_vpc_attribute"): "ec2:DescribeVpcAttribute",
    ("ec2", "describe_vpc_endpoints"): "ec2:DescribeVpcEndpoints",
    ("ec2", "describe_vpcs"): "ec2:DescribeVpcs",
    ("events", "describe_event_bus"): "events:DescribeEventBus",
    ("events", "describe_rule"): "events:DescribeRule",
    ("iam", "get_role"): "iam:GetRole",
    ("iam", "simulate_principal_policy"): "iam:SimulatePrincipalPolicy",
    ("kms", "describe_key"): "kms:DescribeKey",
    ("kms", "get_key_policy"): "kms:GetKeyPolicy",
    ("lambda", "get_function_configuration"): "lambda:GetFunctionConfiguration",
    ("lambda", "list_event_source_mappings"): "lambda:ListEventSourceMappings",
    ("neptune", "describe_db_cluster_parameters"): "rds:DescribeDBClusterParameters",
    ("neptune", "describe_db_clusters"): "rds:DescribeDBClusters",
    ("neptune", "describe_db_instances"): "rds:DescribeDBInstances",
    ("neptune", "describe_db_subnet_groups"): "rds:DescribeDBSubnetGroups",
    ("s3", "get_bucket_encryption"): "s3:GetEncryptionConfiguration",
    ("s3", "get_bucket_notification_configuration"): "s3:GetBucketNotification",
    ("s3", "get_bucket_policy"): "s3:GetBucketPolicy",
    ("s3", "head_bucket"): "s3:ListBucket",
    ("scheduler", "get_schedule"): "scheduler:GetSchedule",
    ("service-quotas", "list_aws_default_service_quotas"): "servicequotas:ListAWSDefaultServiceQuotas",
    ("service-quotas", "list_service_quotas"): "servicequotas:ListServiceQuotas",
    ("sns", "list_subscriptions_by_topic"): "sns:ListSubscriptionsByTopic",
    ("sqs", "get_queue_attributes"): "sqs:GetQueueAttributes",
}
DRIFT: dict[Call, str] = {  # CloudFormation also reads each resource with the caller's own permissions
    ("cloudformation", "describe_stack_drift_detection_status"): "cloudformation:DescribeStackDriftDetectionStatus",
    ("cloudformation", "describe_stack_resource_drifts"): "cloudformation:DescribeStackResourceDrifts",
    ("cloudformation", "detect_stack_drift"): "cloudformation:DetectStackDrift",
}
PROBE: dict[Call, str] = {
    ("dynamodb", "get_item"): "dynamodb:GetItem",
    ("events", "put_events"): "events:PutEvents",
    ("logs", "filter_log_events"): "logs:FilterLogEvents",
}
ALL = {**READS, **DRIFT, **PROBE}
FREE: set[Call] = {("sts", "get_caller_identity")}  # needs no permission (API reference of STS)


def policy(*, drift: bool = False, probe: bool = False) -> dict[str, Any]:
    """Return the IAM policy that `configure` and every check of `doctor` need; only a probe needs more than reading."""
    statements = [_statement("Look", READS)]
    if drift:
        statements.append(_statement("LookForDrift", DRIFT))
    if probe:
        statements.append(_statement("Probe", PROBE))
    return {"Version": "2012-10-17", "Statement": statements}


def _statement(sid: str, calls: dict[Call, str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": sorted(set(calls.values())), "Resource": "*"}
