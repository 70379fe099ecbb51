"""`doctor` on a whole account: all is fine, or it names exactly what was broken."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from moto import mock_aws

from cli import app, parameters_file
from cli.doctor import checks
from cli.doctor.drift import drift
from cli.doctor.findings import Outcome, Result, run
from cli.facts import permissions
from cli.facts.aws import Aws
from cli.facts.facts import Facts
from tests.cli.account import NUMBER, REGION, TRUST, Account, document
from tests.cli.conftest import Said
from tests.cli.deployed import STACK, Deployed
from tests.cli.variants import ROLE, VARIANTS, Variant

OUTSIDE_A_VPC = {("neptune", "describe_db_instances")}  # asked only if the functions are in no VPC
SECURITY = Path(__file__).parents[2] / "docs" / "security.md"


def key_policy() -> str:
    """The policy that docs/security.md wants of a key."""
    section = SECURITY.read_text().partition("## Your own KMS key")[2]
    statements = section.partition("```json")[2].partition("```")[0]
    filled = statements.replace("<account>", NUMBER).replace("<region>", REGION)
    return json.dumps({"Version": "2012-10-17", "Statement": json.loads(filled)})


def configured(account: Account, path: Path) -> dict[str, str]:
    """What `configure` writes."""
    with account.as_the_users():
        assert app.run(["configure", "my-graph", "--output", str(path), "--region", REGION]) == 0
    return parameters_file.read(path)


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """The stack, with every option turned on, as `configure` has set its parameters. Tests repair what they break."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        account = Account()
        account.confirmed |= {"me@example.com", "operator@example.com"}
        account.client("iam").put_role_policy(
            RoleName="NeptuneSageMakerIAMRole",
            PolicyName="kms",
            PolicyDocument=document({"Effect": "Allow", "Action": "kms:*", "Resource": "*"}),
        )
        sns = account.client("sns")
        alarms = sns.create_topic(Name="alarms")["TopicArn"]
        sns.subscribe(TopicArn=alarms, Protocol="email", Endpoint="operator@example.com")
        parameters = {
            **configured(account, tmp_path_factory.mktemp("configured") / "parameters.yaml"),
            "NotificationEmail": "me@example.com",
            "AlarmTopicArn": alarms,
            "ScheduleExpression": "cron(0 2 ? * SUN *)",
            "BaseProcessingInstanceType": "ml.m5.xlarge",
            "KmsKeyArn": account.client("kms").create_key(Policy=key_policy())["KeyMetadata"]["Arn"],
        }
        made = Deployed(account, **parameters)
        cloudwatch = account.client("cloudwatch")
        for name in made.resources:
            if name.endswith("Alarm"):  # new alarms of moto are going off
                cloudwatch.set_alarm_state(AlarmName=f"{STACK}-{name}", StateValue="OK", StateReason="-")
        yield made


@pytest.fixture(scope="module")
def aws(deployed: Deployed) -> Aws:
    return Aws(deployed.account.session)


def results(aws: Aws) -> list[Result]:
    facts = Facts(aws, STACK)
    return [run(each, facts) for each in checks.ALL]


def wrong(found: list[Result]) -> list[str]:
    return [each.check.name for each in found if each.outcome is Outcome.WRONG]


@contextmanager
def broken(deployed: Deployed, variant: Variant) -> Iterator[None]:
    breaking = variant(deployed)
    next(breaking)
    try:
        yield
    finally:
        assert next(breaking, "repaired") == "repaired"


def test_of_a_stack_with_all_options_every_check_is_fine(aws: Aws) -> None:
    assert {each.check.name: each.outcome for each in results(aws)} == {each.name: Outcome.FINE for each in checks.ALL}


def test_a_rule_whose_id_does_not_name_its_bus_is_looked_for_on_the_stacks_own(aws: Aws) -> None:
    facts = Facts(aws, STACK)
    bus, _, name = facts.resources["RequestRule"].partition("|")
    facts.resources["RequestRule"] = name
    assert facts.rule("RequestRule") == (bus, name)
    asked = [each for each in checks.ALL if each.name in ("triggers", "queue-policies")]
    assert [run(each, facts).outcome for each in asked] == [Outcome.FINE, Outcome.FINE]


@pytest.mark.faults
@pytest.mark.parametrize("what", VARIANTS)
def test_exactly_what_is_broken_is_found(deployed: Deployed, aws: Aws, what: str) -> None:
    check, says, variant = VARIANTS[what]
    with broken(deployed, variant):
        found = results(aws)
    assert wrong(found) == [check]
    [one] = [each for each in found if each.outcome is Outcome.WRONG]
    assert len(one.wrong) == 1
    assert says in " ".join((one.wrong[0].what, one.wrong[0].why, one.wrong[0].fix))


@pytest.mark.faults
@pytest.mark.parametrize("call", sorted(permissions.READS.keys() - OUTSIDE_A_VPC), ids=".".join)
def test_without_a_permission_some_checks_are_not_checkable_and_none_is_wrong(
    deployed: Deployed, aws: Aws, call: tuple[str, str]
) -> None:
    deployed.account.denied.add(aws.operation(*call))
    try:
        found = results(aws)
    finally:
        deployed.account.denied.clear()
    assert wrong(found) == []
    missing = [each for each in found if each.outcome is Outcome.NOT_CHECKABLE]
    assert missing
    assert {each.permission for each in missing} == {permissions.READS[call]}


def test_a_stack_that_is_not_there_is_the_one_thing_that_is_wrong(deployed: Deployed) -> None:
    facts = Facts(Aws(deployed.account.session), "another-stack")
    found = [run(each, facts) for each in checks.ALL]
    assert wrong(found) == ["deployed"]
    assert {each.outcome for each in found} == {Outcome.WRONG, Outcome.NOT_NEEDED}


def test_of_a_first_deployment_that_failed_the_rollback_is_named_and_nothing_stops_the_checks(
    deployed: Deployed,
) -> None:
    account = deployed.account
    stack, resources = account.stack, account.stack_resources
    account.stack = (
        {"StackName": STACK, "StackStatus": "ROLLBACK_COMPLETE", "Parameters": stack["Parameters"]} if stack else None
    )
    account.stack_resources = {}
    try:
        facts = Facts(Aws(account.session), STACK)
        found = {each.name: run(each, facts) for each in checks.ALL}
    finally:
        account.stack, account.stack_resources = stack, resources
    assert "delete-stack" in found["deployed"].wrong[0].fix
    assert found["function-roles"].outcome is Outcome.NOT_NEEDED
    assert found["ml-bucket-access"].outcome is Outcome.NOT_NEEDED
    assert found["egress"].outcome is Outcome.NOT_NEEDED


def test_drift_names_each_resource_that_was_changed_by_hand(deployed: Deployed, aws: Aws) -> None:
    assert run(drift, Facts(aws, STACK)).outcome is Outcome.FINE
    change = {"PropertyPath": "/VisibilityTimeout", "ExpectedValue": "720", "ActualValue": "30"}
    deployed.account.drifts = [
        {
            "LogicalResourceId": "TrainingQueue",
            "PhysicalResourceId": "queue",
            "StackResourceDriftStatus": "MODIFIED",
            "PropertyDifferences": [{**change, "DifferenceType": "NOT_EQUAL"}],
        },
        {"LogicalResourceId": "UploadRule", "PhysicalResourceId": "rule", "StackResourceDriftStatus": "DELETED"},
    ]
    found = run(drift, Facts(aws, STACK))
    deployed.account.drifts = []
    assert [each.what for each in found.wrong] == [
        "TrainingQueue is MODIFIED: /VisibilityTimeout is 30, not 720",
        "UploadRule is DELETED: it is gone",
    ]


def test_the_command_exits_1_with_what_is_wrong_and_0_when_all_is_fine(
    deployed: Deployed, program: Callable[..., Said]
) -> None:
    with deployed.account.as_the_users():
        assert program("doctor", "--region", REGION).code == 0
        with broken(deployed, VARIANTS["the key is disabled"][2]):
            said = program("doctor", "--region", REGION)
    assert said.code == 1
    assert "aws kms enable-key" in said.out
    assert "1 wrong" in said.out


def test_the_command_exits_3_if_a_permission_is_missing_and_nothing_is_wrong(
    deployed: Deployed, program: Callable[..., Said]
) -> None:
    deployed.account.denied.add("ListServiceQuotas")
    try:
        with deployed.account.as_the_users():
            said = program("doctor", "--region", REGION)
    finally:
        deployed.account.denied.clear()
    assert [said.code, "1 not checkable" in said.out] == [3, True]


@pytest.mark.parametrize(
    ("check", "change"),
    [
        ("bucket-policy", lambda deployed: with_bucket_policy(deployed, {"aws:SourceVpce": "vpce-1"})),
        ("ml-role", lambda deployed: with_trust(deployed, "rds")),
        ("ml-role", lambda deployed: with_trust(deployed, "sagemaker")),
    ],
)
def test_a_condition_that_cannot_be_judged_is_not_checkable_and_never_fine(
    deployed: Deployed, aws: Aws, check: str, change: Callable[[Deployed], Callable[[], object]]
) -> None:
    repair = change(deployed)
    try:
        [one] = [run(each, Facts(aws, STACK)) for each in checks.ALL if each.name == check]
    finally:
        repair()
    assert [one.outcome, "cannot be judged from here" in one.why] == [Outcome.NOT_CHECKABLE, True]


def with_bucket_policy(deployed: Deployed, condition: dict[str, str]) -> Callable[[], object]:
    s3, bucket = deployed.account.client("s3"), deployed.attribute(["ModelBucket"])
    before = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": resources}
    s3.put_bucket_policy(Bucket=bucket, Policy=document({**deny, "Condition": {"StringNotEquals": condition}}))
    return lambda: s3.put_bucket_policy(Bucket=bucket, Policy=before)


def with_trust(deployed: Deployed, service: str) -> Callable[[], object]:
    """A trust policy that has a condition on one of the two services."""
    iam = deployed.account.client("iam")
    statements = [
        {"Effect": "Allow", "Principal": {"Service": f"{each}.amazonaws.com"}, "Action": "sts:AssumeRole"}
        for each in ("rds", "sagemaker")
    ]
    for each in statements:
        if each["Principal"] == {"Service": f"{service}.amazonaws.com"}:
            each["Condition"] = {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}
    changed = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=changed)
    return lambda: iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=document(TRUST))
