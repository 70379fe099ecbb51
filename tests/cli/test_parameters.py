"""`doctor --parameters`: what can be seen before a deployment."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.exits import CommandError
from cli.facts.facts import DEFAULTS
from cli.parameters_file import read
from tests.cli.account import REGION, Account
from tests.cli.conftest import Said
from tests.rendered import template


@pytest.fixture
def file(account: Account, tmp_path: Path, program: Callable[..., Said]) -> Path:
    """What `configure` has written."""
    path = tmp_path / "parameters.yaml"
    assert program("configure", "--output", str(path), "--region", REGION).code == 0
    return path


@pytest.fixture
def doctor(file: Path, program: Callable[..., Said]) -> Callable[..., tuple[int, list[str]]]:
    """Changes parameters in the file, and returns the exit code and which checks are wrong."""

    def call(**changed: str) -> tuple[int, list[str]]:
        file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), **changed}))
        said = program("doctor", "--parameters", str(file), "--region", REGION, "--json")
        found: Any = said.json
        return said.code, [each["check"] for each in found if each["outcome"] == "wrong"]

    return call


def test_what_configure_writes_is_fine(doctor: Callable[..., Any]) -> None:
    assert doctor() == (0, [])


@pytest.mark.parametrize(
    ("changed", "check"),
    [
        ({"VpcId": ""}, "vpc"),
        ({"NeptuneClusterResourceId": "cluster-OTHER"}, "cluster"),
        ({"NeptuneSecurityGroupId": "sg-0"}, "neptune-group"),
        ({"S3PrefixListId": "pl-0"}, "prefix-lists"),
        ({"SubnetIds": "subnet-0"}, "subnets"),
        ({"DynamoDBEndpointRouteTableIds": ""}, "dynamodb-route"),
        ({"CreateNeptuneIngress": "false"}, "ingress"),
        ({"ExistingModelBucket": "no-such-bucket"}, "bucket"),
        ({"KmsKeyArn": f"arn:aws:kms:{REGION}:123456789012:key/1"}, "key"),
        ({"AlarmTopicArn": f"arn:aws:sns:{REGION}:123456789012:none"}, "alarm-topic"),
        ({"TrainingInstanceType": "ml.g4dn.xlarge"}, "quota"),
        ({"MaxHPOParallelTrainingJobs": "5"}, "quota"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_parameter_is_found_before_it_is_deployed(
    account: Account, doctor: Callable[..., Any], changed: dict[str, str], check: str
) -> None:
    account.quotas["ml.g4dn.xlarge for training job usage"] = 0.0
    assert doctor(**changed) == (1, [check])


def test_a_second_endpoint_for_a_route_table_is_found_before_it_fails(
    account: Account, doctor: Callable[..., Any]
) -> None:
    assert doctor(S3EndpointRouteTableIds=account.private_tables[0]) == (1, ["s3-route"])


def test_an_existing_bucket_that_sends_no_events_is_found(account: Account, doctor: Callable[..., Any]) -> None:
    account.client("s3").create_bucket(Bucket="my-models")
    assert doctor(ExistingModelBucket="my-models") == (1, ["bucket-events"])


def test_a_bucket_of_another_region_is_found(account: Account, doctor: Callable[..., Any]) -> None:
    s3 = account.client("s3")
    s3.create_bucket(Bucket="far-away", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_bucket_notification_configuration(
        Bucket="far-away", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    assert doctor(ExistingModelBucket="far-away") == (1, ["bucket"])


def test_a_file_that_is_not_there_or_no_yaml_is_said(program: Callable[..., Said], tmp_path: Path) -> None:
    path = tmp_path / "none.yaml"
    said = program("doctor", "--parameters", str(path), "--region", REGION)
    assert (said.code, str(path) in said.err) == (2, True)
    path.write_text("a: [")
    assert program("doctor", "--parameters", str(path), "--region", REGION).code == 2


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("120", "120"),
        ("-1", "-1"),
        ("2026-01-01", "2026-01-01"),
        ("'true'", "true"),
        ('"010"', "010"),
        ("'1e3'", "1e3"),
        ("'{\"a\": true}'", '{"a": true}'),
        ('>-\n  {"a":\n  1}', '{"a": 1}'),
        ("", ""),
        ("~", ""),
        ("''", ""),
        ("[subnet-1, subnet-2]", "subnet-1,subnet-2"),
        ("\n- 1\n-\n- a", "1,a"),
        ("ml.m5.xlarge", "ml.m5.xlarge"),
        ("rate(7 days)", "rate(7 days)"),
    ],
)
def test_a_value_is_the_text_that_sam_makes_of_it(tmp_path: Path, written: str, value: str) -> None:
    path = tmp_path / "parameters.yaml"
    path.write_text(f"Before: x\nName: {written}\nAfter: y\n")
    assert read(path) == {"Before": "x", "Name": value, "After": "y"}


@pytest.mark.parametrize(
    "written",
    [
        *("true", "False", "yes", "on", "010", "0x10", "0o10", "1_000", "+1", "1.50", "1e3", ".inf", "1:30"),
        *("2026-01-01T10:00:00Z", "[a, true]"),
    ],
)
def test_a_value_that_yaml_reads_otherwise_than_it_is_written_is_refused_with_what_to_write(
    tmp_path: Path, written: str
) -> None:
    path = tmp_path / "parameters.yaml"
    path.write_text(f"Name: {written}\n")
    with pytest.raises(CommandError) as refused:
        read(path)
    bare = written.removeprefix("[a, ").removesuffix("]")
    assert refused.value.problem == f"{path}: Name is {bare} without quotes, which SAM could change."
    assert refused.value.remedy == f"Write it as text: Name: '{bare}'"


@pytest.mark.parametrize("written", ['{"a": 1}', "\n  a: 1", "[[a], b]", "[{a: 1}]"])
def test_a_mapping_or_a_nested_list_is_refused_with_what_to_write(tmp_path: Path, written: str) -> None:
    path = tmp_path / "parameters.yaml"
    path.write_text(f"ScheduledRequest: {written}\n")
    with pytest.raises(CommandError) as refused:
        read(path)
    assert refused.value.problem == f"{path}: the value of ScheduledRequest is not text."
    assert "Put it in quotes, JSON too: ScheduledRequest: '{" in refused.value.remedy


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("A: 1\nA: 2\n", "has A twice"),
        ("- A\n", "has no parameters"),
        ("", "has no parameters"),
        ("A: " + "[" * 5_000, "is not valid YAML"),
        ("A: \x07", "is not valid YAML"),
    ],
)
def test_a_file_that_sam_would_not_take_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "parameters.yaml"
    path.write_text(text)
    with pytest.raises(CommandError, match=problem):
        read(path)


def test_the_defaults_are_the_templates() -> None:
    declared = template()["Parameters"]
    assert {name: str(declared[name]["Default"]) for name in DEFAULTS} == DEFAULTS
