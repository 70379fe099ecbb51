"""The cluster: the one that the parameters name, with the settings that the functions rely on."""

from collections.abc import Iterator

from packaging.version import Version

from cli.doctor.findings import Wrong, check
from cli.facts import identity
from cli.facts.aws import NotCheckable
from cli.facts.facts import Facts
from cli.facts.policies import Request, allows

OLDEST_ENGINE = "1.2.0.0"  # the first with IAM permissions per action (Neptune user guide, "Data access policies")


@check("NeptuneEndpointUrl and NeptuneClusterResourceId name one cluster, which is available")
def cluster(facts: Facts) -> Iterator[Wrong]:
    """Look the cluster up by its resource id."""
    named, url = facts.value("NeptuneClusterResourceId"), facts.value("NeptuneEndpointUrl")
    found = facts.cluster
    if not found:
        why = "The functions cannot reach the cluster, or have no permission on it."
        yield Wrong(f"There is no cluster {named} in {facts.aws.region}", why, "neptune-training configure")
    elif found.resource_id != named:
        why = f"The functions' permissions are for {named}, so Neptune refuses every start."
        fix = f"Set NeptuneClusterResourceId: {found.resource_id} and deploy again"
        yield Wrong(f"The cluster at {url} is {found.resource_id}", why, fix)
    elif url.rstrip("/") != found.url:
        why = "Only the writer endpoint starts trainings; with a wrong port or name, jobs wait until they are rejected."
        fix = f"Set NeptuneEndpointUrl: {found.url} and deploy again"
        yield Wrong(f"{url} is not the writer endpoint of {found.identifier}", why, fix)
    elif found.status in ("stopped", "stopping", "deleting", "failed", "inaccessible-encryption-credentials"):
        fix = f"aws neptune start-db-cluster --db-cluster-identifier {found.identifier}"
        yield Wrong(f"The cluster {found.identifier} is {found.status}", "Jobs wait, then are rejected.", fix)


@check("The cluster checks IAM permissions")
def iam_authentication(facts: Facts) -> Iterator[Wrong]:
    """Look whether IAM database authentication is on."""
    found = facts.known_cluster
    if not found.iam_authentication:
        yield Wrong(
            f"IAM database authentication of {found.identifier} is off",
            "Whoever reaches its port can train, past every limit. When it is on, all other clients have to sign too.",
            f"aws neptune modify-db-cluster --db-cluster-identifier {found.identifier} "
            "--enable-iam-database-authentication --apply-immediately",
        )


@check(f"The engine is {OLDEST_ENGINE} or later")
def engine(facts: Facts) -> Iterator[Wrong]:
    """Look at the cluster's engine version."""
    found = facts.known_cluster
    if Version(found.engine_version) < Version(OLDEST_ENGINE):
        yield Wrong(
            f"The engine of {found.identifier} is {found.engine_version}",
            "It does not support IAM permissions per action, which the functions' roles have.",
            f"aws neptune modify-db-cluster --db-cluster-identifier {found.identifier} --engine-version <version> "
            "--allow-major-version-upgrade; aws neptune describe-db-engine-versions --engine neptune",
        )


@check("Neptune ML has its role, and the cluster can use it")
def ml_role(facts: Facts) -> Iterator[Wrong]:
    """Look at the parameter group, the roles attached to the cluster, and who can assume the role.

    Neptune user guide, "Setting up Neptune ML without using the quick-start template".
    """
    found, role = facts.known_cluster, facts.neptune_role
    if not role:
        yield Wrong(
            f"The parameter group {found.parameter_group} names no neptune_ml_iam_role",
            'Neptune rejects each start: "Required credentials are missing".',
            f"aws neptune modify-db-cluster-parameter-group --db-cluster-parameter-group-name {found.parameter_group} "
            "--parameters ParameterName=neptune_ml_iam_role,ParameterValue=<role's ARN>,ApplyMethod=pending-reboot; "
            f"then reboot the writer (a default group cannot be changed: make one of your own first)",
        )
        return
    if role not in found.roles:
        yield Wrong(
            f"{role} is not attached to the cluster {found.identifier}",
            'Neptune cannot assume it: "Please add IAM role to the cluster".',
            f"aws neptune add-role-to-db-cluster --db-cluster-identifier {found.identifier} --role-arn {role}",
        )
    answers: dict[tuple[str, str], bool | None] = {}
    for service, arn in (("rds", role), ("sagemaker", facts.sagemaker_role)):
        trust = identity.trust(facts.aws, arn) if arn else {}
        principal = f"{service}.amazonaws.com"
        request = Request(
            principal=principal, action="sts:AssumeRole", resource=arn, context={"aws:SourceAccount": facts.aws.account}
        )
        if trust is None:
            yield Wrong(f"There is no role {arn}", "Trainings fail.", "Correct the name, or make the role")
            continue
        answers[service, arn] = allows(trust, request) if arn else True
        if answers[service, arn] is False:
            yield Wrong(
                f"{principal} cannot assume {arn}",
                "Trainings fail: Neptune works with it as rds, and the trainings run with it as sagemaker.",
                f"aws iam update-assume-role-policy --role-name {identity.name_of(arn)} --policy-document "
                f'\'{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Principal": {{"Service": '
                f'["rds.amazonaws.com", "sagemaker.amazonaws.com"]}}, "Action": "sts:AssumeRole"}}]}}\'',
            )
    if unknown := {arn for (_, arn), answer in answers.items() if answer is None}:
        raise NotCheckable(f"a condition in the trust policy of {' and '.join(unknown)} cannot be judged from here")
