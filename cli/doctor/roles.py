"""Check the permissions of the roles. IAM simulates their policies and permissions boundaries."""

import json
from collections.abc import Iterator, Mapping

from cli.doctor.findings import Wrong, check, drifted
from cli.facts import identity, storage
from cli.facts.aws import NotCheckable
from cli.facts.facts import Facts
from cli.facts.policies import Request, denies

NEPTUNE = [
    "StartMLModelTrainingJob",
    "CancelMLModelTrainingJob",
    "GetMLModelTrainingJobStatus",
    "GetMLDataProcessingJobStatus",
]
NOT_ESSENTIAL = {"s3:DeleteObject", "s3:AbortMultipartUpload"}  # a role as docs/security.md makes it may lack them
RECORDS = ["GetItem", "PutItem", "UpdateItem", "ConditionCheckItem"]


@check("start and step can read models, use the cluster and write records")
def function_roles(facts: Facts) -> Iterator[Wrong]:
    """Simulate the roles of start and step."""
    aws, bucket, prefix = facts.aws, facts.bucket, facts.value("ModelPrefix")
    cluster = f"arn:{aws.partition}:neptune-db:{aws.region}:{aws.account}:{facts.value('NeptuneClusterResourceId')}/*"
    owner = {"aws:ResourceAccount": aws.account}
    wanted: list[tuple[list[str], str, Mapping[str, str]]] = [
        (["s3:ListBucket"], f"arn:{aws.partition}:s3:::{bucket}", {**owner, "s3:prefix": prefix}),
        (["s3:GetObject"], facts.objects(bucket, prefix), owner),
        ([f"neptune-db:{each}" for each in NEPTUNE], cluster, {}),
        ([f"dynamodb:{each}" for each in RECORDS], facts.table, {}),
        (["dynamodb:Query"], f"{facts.table}/index/unfinished", {}),
    ]
    for name in ("StartRole", "StepRole"):
        role = facts.role(name)
        refused = [
            f"{', '.join(found)} on {resource}"
            for actions, resource, context in wanted
            if (found := identity.refused(aws, role, actions, resource, context))
        ]
        if refused:
            yield Wrong(
                f"{role} has no permission for {'; '.join(refused)}",
                "Jobs wait for access, then are rejected. A policy, or the permissions boundary, was changed.",
                f"{drifted(facts)}; aws iam list-attached-role-policies --role-name {identity.name_of(role)}",
            )


@check("The bucket's own policy denies the functions nothing")
def bucket_policy(facts: Facts) -> Iterator[Wrong]:
    """Look for a statement that denies start what it reads."""
    name, aws = facts.existing_bucket, facts.aws
    document = storage.bucket_policy(aws, name)
    role = f"arn:{aws.partition}:iam::{aws.account}:role/-" if facts.before else facts.role("StartRole")
    context = {"aws:SecureTransport": "true", "aws:PrincipalArn": role, "aws:PrincipalAccount": aws.account}
    if facts.value("VpcId"):
        context["aws:SourceVpc"] = facts.value("VpcId")
    answers: dict[str, bool | None] = {}
    for action, suffix in (("s3:ListBucket", ""), ("s3:GetObject", f"/{facts.value('ModelPrefix')}model/training.py")):
        resource = f"arn:{aws.partition}:s3:::{name}{suffix}"
        answers[action] = denies(document, Request(principal=role, action=action, resource=resource, context=context))
        if answers[action]:
            yield Wrong(
                f"The policy of the bucket {name} denies {action}",
                "start cannot read models: jobs wait for access, then are rejected.",
                f"Change the statement that denies it: aws s3api get-bucket-policy --bucket {name}; "
                f"aws s3api put-bucket-policy --bucket {name} --policy file://policy.json",
            )
    if None in answers.values():
        raise NotCheckable(f"a condition in the policy of the bucket {name} cannot be judged from here")


@check("Neptune ML's roles can read models and write trained ones")
def ml_bucket_access(facts: Facts) -> Iterator[Wrong]:
    """Simulate Neptune ML's roles on what the stack's output NeptuneMLRolePolicy says that they need.

    Without permissions on all buckets they have to name "any other customer Amazon S3 resource that NeptuneML commands
    will use" (Neptune user guide, "Setting up Neptune ML without using the quick-start template").
    """
    needed = facts.output("NeptuneMLRolePolicy")
    wanted = [
        (action, resource)
        for statement in json.loads(needed)["Statement"]
        for action in _listed(statement["Action"])
        for resource in _listed(statement["Resource"])
        if action not in NOT_ESSENTIAL
    ]
    for role in sorted({facts.neptune_role, facts.sagemaker_role} - {""}):
        context = {"s3:prefix": facts.value("ModelPrefix")}
        refused = [(action, arn) for action, arn in wanted if identity.refused(facts.aws, role, [action], arn, context)]
        if refused:
            yield Wrong(
                f"{role} has no permission for {', '.join(f'{action} on {arn}' for action, arn in refused)}",
                "The first real training fails: Neptune ML cannot read the model or store the trained one.",
                f"aws iam put-role-policy --role-name {identity.name_of(role)} --policy-name {facts.stack_name} "
                f"--policy-document '{needed}'",
            )


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
