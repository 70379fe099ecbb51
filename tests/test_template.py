"""template.yaml: what CloudFormation's own linters cannot know about it."""

import json
import random
import re
from fnmatch import fnmatchcase
from itertools import combinations
from math import prod
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticUndefined

import emit
from neptune_training.aws.model_files import STATUS_FILE
from neptune_training.checks.sagemaker_events import FIELD_PREFIXES
from neptune_training.flow.services import MARGIN
from neptune_training.flow.tick import Done
from neptune_training.model.parameters import TrainingRequest
from neptune_training.model.settings import LISTS, Limits, Settings
from neptune_training.model.statuses import Status, WaitingFor
from tests.rendered import REQUIRED, Rendered, takes, template

FUNCTIONS = Path(__file__).parent.parent / "functions"
KEY = "arn:aws:kms:us-east-1:123456789012:key/1"
BOUNDARY = "arn:aws:iam::123456789012:policy/boundary"
SWITCHES: list[list[dict[str, str]]] = [
    [{}, {"ExistingModelBucket": "my-models"}],
    [{}, {"TrainModelS3Bucket": "my-trained"}],
    [
        {},
        {"ScheduleExpression": "cron(0 2 ? * SUN *)"},
        {"ScheduleExpression": "cron(0 2 ? * SUN *)", "ScheduleStartDate": "2030-01-31T02:00:00Z"},
    ],
    [{}, {"NotificationEmail": "me@example.com"}],
    [{}, {"StatusEventBus": "", "WriteStatusFile": "false"}],
    [{}, {"AlarmTopicArn": "arn:aws:sns:us-east-1:123456789012:alarms", "IncludeLogLines": "nowhere"}],
    [
        {},
        vpc := {
            "VpcId": "vpc-1",
            "SubnetIds": "subnet-1,subnet-2",
            "NeptuneSecurityGroupId": "sg-1",
            "S3PrefixListId": "pl-1",
            "DynamoDBPrefixListId": "pl-2",
        },
        vpc | {"CreateNeptuneIngress": "true"},
        vpc | {"S3EndpointRouteTableIds": "rtb-1"},
        vpc | {"DynamoDBEndpointRouteTableIds": "rtb-1", "DnsServersCidr": "10.0.0.2/32"},
        vpc
        | {
            "CreateNeptuneIngress": "true",
            "S3EndpointRouteTableIds": "rtb-1",
            "DynamoDBEndpointRouteTableIds": "rtb-1,rtb-2",
            "DnsServersCidr": "10.0.0.2/32",
        },
    ],
    [{}, {"PermissionsBoundaryArn": BOUNDARY}],
    [{}, {"KmsKeyArn": KEY}],
    [{}, {"ModelBucketKmsKeyArn": KEY}],
    [{}, {"AwsEndpointUrl": "http://127.0.0.1:4566"}],
]
ALL_ON = Rendered(**{name: value for switch in SWITCHES for name, value in switch[-1].items()})
ALL_OFF = Rendered()
BOTH = pytest.mark.parametrize("rendered", [ALL_OFF, ALL_ON], ids=["all off", "all on"])


def statements(document: dict[str, Any]) -> list[dict[str, Any]]:
    return document["Statement"]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def granted(rendered: Rendered) -> list[dict[str, Any]]:
    """Every statement of every identity policy."""
    managed = rendered.all("AWS::IAM::ManagedPolicy").values()
    inline = [policy for role in rendered.all("AWS::IAM::Role").values() for policy in role["Policies"]]
    return [each for policy in (*managed, *inline) for each in statements(policy["PolicyDocument"])]


# --- parameters -------------------------------------------------------------------------------------------------------


def combinations_of_switches(number: int) -> list[tuple[dict[str, str], ...]]:
    """The same `number` of combinations each time, out of thousands."""
    drawn = random.Random(1)
    return [tuple(map(drawn.choice, SWITCHES)) for _ in range(number)]


def test_in_any_combination_of_three_switches_what_is_referred_to_is_there() -> None:
    tried = combinations_of_switches(400)
    for places in combinations(range(len(SWITCHES)), 3):
        together = {tuple(map(str, (each[place] for place in places))) for each in tried}
        assert len(together) == prod(len(SWITCHES[place]) for place in places)
    for switches in tried:
        parameters = {name: value for switch in switches for name, value in switch.items()}
        rendered = Rendered(**parameters)
        assert rendered.referred <= rendered.resources.keys(), parameters
        assert not rendered.refusals(), parameters


def test_every_condition_is_switched_on_and_off() -> None:
    for name in template()["Conditions"]:
        assert ALL_ON.condition(name) != ALL_OFF.condition(name), name


def test_only_the_cluster_has_to_be_named() -> None:
    assert {name for name, each in template()["Parameters"].items() if "Default" not in each} == set(REQUIRED)


def test_every_parameter_is_described_and_in_one_group() -> None:
    groups = template()["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert sorted(name for group in groups for name in group["Parameters"]) == sorted(template()["Parameters"])
    assert all(each["Description"] for each in template()["Parameters"].values())


@pytest.mark.parametrize(
    "parameters",
    [
        {"ModelPrefix": "trained/"},
        {"ModelPrefix": "trained/", "ExistingModelBucket": "mine"},
        {"ModelPrefix": "trained/", "ExistingModelBucket": "mine", "TrainModelS3Bucket": "mine"},
    ],
)
def test_a_place_for_trained_models_that_starts_trainings_is_refused(parameters: dict[str, str]) -> None:
    assert [text for text in Rendered(**parameters).refusals() if "TrainModelS3Prefix" in text]


@pytest.mark.parametrize(
    "parameters",
    [
        {"ModelPrefix": "trained/models/"},
        {"ModelPrefix": "trained/", "ExistingModelBucket": "mine", "TrainModelS3Bucket": "other"},
    ],
)
def test_any_other_place_for_trained_models_is_accepted(parameters: dict[str, str]) -> None:
    assert Rendered(**parameters).refusals() == []


def test_a_vpc_without_its_parts_is_refused_and_each_is_named() -> None:
    refusals = " ".join(Rendered(VpcId="vpc-1").refusals())
    for name in ("NeptuneSecurityGroupId", "S3PrefixListId", "DynamoDBPrefixListId", "SubnetIds"):
        assert name in refusals


@pytest.mark.parametrize(
    "url",
    [
        "https://my-graph.cluster-abc.us-east-1.neptune.amazonaws.com:8182",
        "https://cluster-ro-1.cluster-abc.us-east-1.neptune.amazonaws.com:8182",  # the writer of a cluster of that name
        "http://127.0.0.1:40123",
    ],
)
def test_a_writers_endpoint_with_its_port_is_taken(url: str) -> None:
    assert takes("NeptuneEndpointUrl", url)


@pytest.mark.parametrize(
    "url",
    [
        "https://my-graph.cluster-ro-abc.us-east-1.neptune.amazonaws.com:8182",
        "https://my-graph.cluster-abc.us-east-1.neptune.amazonaws.com",
        "https://my-graph.cluster-abc.us-east-1.neptune.amazonaws.com:0",
        "https://my-graph.cluster-abc.us-east-1.neptune.amazonaws.com:123456",
        "https://my-graph.cluster-abc.us-east-1.neptune.amazonaws.com:8182/",
        "http://my-graph.cluster-abc.us-east-1.neptune.amazonaws.com:8182",
    ],
)
def test_an_endpoint_of_readers_or_without_a_port_or_without_tls_is_refused(url: str) -> None:
    assert not takes("NeptuneEndpointUrl", url)


def test_who_names_a_readers_endpoint_is_told_what_is_wrong_with_it() -> None:
    told = template()["Parameters"]["NeptuneEndpointUrl"]["ConstraintDescription"]
    assert "An endpoint with .cluster-ro- is the readers', which start no training" in told


READ_TIMEOUTS = [int(text) for text in template()["Parameters"]["NeptuneReadTimeoutSeconds"]["AllowedValues"]]


@pytest.mark.parametrize("seconds", READ_TIMEOUTS)
def test_the_functions_have_time_for_five_slow_answers_and_a_start_unless_for_local_use(seconds: int) -> None:
    rendered = Rendered(NeptuneReadTimeoutSeconds=str(seconds))
    enough = {
        name: rendered[name]["Timeout"] >= 5 * seconds + MARGIN.total_seconds()
        for name in ("StartFunction", "StepFunction")
    }
    local = seconds <= 3
    assert local or all(enough.values())
    assert (rendered.refusals() != []) == local
    assert Rendered(NeptuneReadTimeoutSeconds=str(seconds), AwsEndpointUrl="http://127.0.0.1:4566").refusals() == []


# --- the functions' environment ---------------------------------------------------------------------------------------

VARIABLES: dict[str, Any] = ALL_ON.globals["Environment"]["Variables"]
NOT_SETTINGS = {
    "POWERTOOLS_SERVICE_NAME",
    "POWERTOOLS_METRICS_NAMESPACE",
    "PYDANTIC_DISABLE_PLUGINS",
    "AWS_ENDPOINT_URL",
}
NOT_DEFAULTS = {
    "id",  # a job's own
    "previousModelTrainingJobId",  # a model's own
    "customModelTrainingParameters",  # a model's own
    "trainModelS3Location",  # TRAIN_MODEL_S3_LOCATION, and the job's id
}


def variables(prefix: str) -> set[str]:
    return {name.removeprefix(prefix) for name in VARIABLES if name.startswith(prefix)}


def test_every_setting_is_a_variable_and_every_variable_a_setting() -> None:
    others = {name for name in VARIABLES if not name.startswith(("DEFAULT_", "LIMIT_"))} - NOT_SETTINGS
    assert {name.lower() for name in others} == Settings.model_fields.keys() - {"limits", "defaults"}


def test_every_limit_is_a_variable_and_every_variable_a_limit() -> None:
    assert variables("LIMIT_") == set(Limits.model_fields)


def test_every_parameter_of_a_training_job_has_a_default_in_the_stack() -> None:
    assert variables("DEFAULT_") == TrainingRequest.model_fields.keys() - NOT_DEFAULTS
    written = template()["Globals"]["Function"]["Environment"]["Variables"]
    for name in variables("DEFAULT_"):
        parameter = name[0].upper() + name[1:]
        # Subnets and security groups are the training instances', beside those of the functions.
        assert written[f"DEFAULT_{name}"] == {"Ref": f"Training{parameter}" if name in LISTS else parameter}


def test_the_stacks_own_values_are_the_settings_own_defaults() -> None:
    environment = {name: str(value) for name, value in ALL_OFF.globals["Environment"]["Variables"].items()}
    settings = Settings.from_environment(environment)
    for name, field in Settings.model_fields.items():
        if field.default is not PydanticUndefined and name not in ("limits", "defaults"):
            assert getattr(settings, name) == field.default, name
    for name, field in Limits.model_fields.items():
        if name != "instanceTypes":  # the stack's list is narrower, since it costs money
            assert getattr(settings.limits, name) == field.default, name
    assert settings.train_model_s3_location == "s3://ModelBucket/trained/"


INSTANCE_TYPE = ["", "ml.g5.2xlarge"], ["g5.2xlarge", "ml.g5", "ml.G5.2xlarge", "ml.g5.2xlarge "]
COUNT = ["1", "10000"], ["0", "-1", "10001"]
ROLE = (
    ["", "arn:aws:iam::123456789012:role/NeptuneML", "arn:aws-cn:iam::123456789012:role/service-role/a+b=c,d.e@f-g_h"],
    ["NeptuneML", "arn:aws:iam::123:role/N", "arn:aws:iam::123456789012:user/me", "arn:aws:iam::123456789012:role/"],
)
ANY_KEY = (
    ["", KEY, "alias/aws/s3", "1234abcd-12ab-34cd-56ef-1234567890ab"],
    ["alias/", "my key", "arn:aws:s3:::bucket", f"{KEY} "],
)
EXAMPLES = {  # of values for each default: those that are taken, and those that are refused
    "DEFAULT_dataProcessingJobId": (["", "my-processed-graph", "x" * 64], []),
    "DEFAULT_trainingInstanceType": INSTANCE_TYPE,
    "DEFAULT_baseProcessingInstanceType": INSTANCE_TYPE,
    "DEFAULT_trainingInstanceVolumeSizeInGB": (["0", "16384"], ["-1", "16385"]),
    "DEFAULT_trainingTimeOutInSeconds": (["1", "2419200"], ["0", "2419201"]),
    "DEFAULT_maxHPONumberOfTrainingJobs": COUNT,
    "DEFAULT_maxHPOParallelTrainingJobs": COUNT,
    "DEFAULT_enableManagedSpotTraining": (["true", "false"], ["maybe"]),
    "DEFAULT_sagemakerIamRoleArn": ROLE,
    "DEFAULT_neptuneIamRoleArn": ROLE,
    "DEFAULT_subnets": (["", "subnet-1a", "subnet-1a, subnet-2b"], ["sg-1", "subnet-", "subnet-1 subnet-2"]),
    "DEFAULT_securityGroupIds": (["", "sg-1a", "sg-1a,sg-2b"], ["subnet-1", "sg-", "sg-1,default"]),
    "DEFAULT_volumeEncryptionKMSKey": ANY_KEY,
    "DEFAULT_s3OutputEncryptionKMSKey": ANY_KEY,
}


def parameter_of(variable: str) -> str:
    """The template's parameter that a variable has its value from."""
    return template()["Globals"]["Function"]["Environment"]["Variables"][variable]["Ref"]


def functions_take(variable: str, text: str) -> bool:
    """Whether they start with it, and a request that says nothing else is a right one."""
    try:
        settings = Settings.from_environment({**ALL_OFF.globals["Environment"]["Variables"], variable: text})
        least = {"dataProcessingJobId": "my-processed-graph", "trainModelS3Location": "s3://my-models/trained/"}
        TrainingRequest.model_validate({**least, **settings.defaults})
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("variable", [f"DEFAULT_{name}" for name in sorted(variables("DEFAULT_"))])
def test_the_template_takes_and_refuses_the_defaults_that_the_functions_do(variable: str) -> None:
    """A wrong one that could be deployed would fail each function, and send each request to the dead-letter queue."""
    taken, refused = EXAMPLES[variable]
    assert [text for text in (*taken, *refused) if takes(parameter_of(variable), text)] == taken
    assert [text for text in (*taken, *refused) if functions_take(variable, text)] == taken


@given(st.data())
def test_whatever_the_template_takes_as_a_default_the_functions_take(data: st.DataObject) -> None:
    variable = data.draw(st.sampled_from([name for name in EXAMPLES if "AllowedPattern" in declared(name)]))
    pattern = st.from_regex(declared(variable)["AllowedPattern"], fullmatch=True, alphabet=st.characters(codec="ascii"))
    text = data.draw(pattern.filter(lambda text: takes(parameter_of(variable), text)))
    assert functions_take(variable, text)


def declared(variable: str) -> dict[str, Any]:
    return template()["Parameters"][parameter_of(variable)]


def test_each_limit_names_the_parameter_that_sets_it() -> None:
    named = {name: limit.parameter for name, limit in Limits.declared().items()}
    assert named == {name: parameter_of(f"LIMIT_{name}") for name in Limits.model_fields}


@pytest.mark.parametrize("name", sorted(Limits.model_fields.keys() - {"instanceTypes"}))
def test_a_limit_ranges_as_far_as_what_it_limits(name: str) -> None:
    assert declared(f"LIMIT_{name}")["AllowedPattern"] == declared(f"DEFAULT_{name}")["AllowedPattern"]


def test_no_instance_types_would_be_no_limit_and_are_refused() -> None:
    assert takes("AllowedInstanceTypes", "ml.g5.*, ml.*")
    assert functions_take("LIMIT_instanceTypes", "ml.g5.*, ml.*")
    assert not any(takes("AllowedInstanceTypes", text) for text in ("", "ml.g5.*,", "ML.G5.*"))


def test_a_schedule_asks_in_json_or_is_not_deployed() -> None:
    assert all(takes("ScheduledRequest", text) for text in ("{}", '{"dataProcessingJobId": "a"}', '{\n "a": {}\n}\n'))
    assert not any(takes("ScheduledRequest", text) for text in ("", "{'dataProcessingJobId': 'a'}", "[]", "a"))


def test_the_default_instance_type_is_an_allowed_one() -> None:
    family = str(ALL_OFF.parameters["TrainingInstanceType"]).rpartition(".")[0]
    assert f"{family}.*" in str(ALL_OFF.parameters["AllowedInstanceTypes"]).split(",")


# --- who may do what --------------------------------------------------------------------------------------------------

NO_RESOURCE_TO_NAME = {"Trace", "JoinTheVpc", "LeaveTheVpcToLambda"}


@BOTH
def test_no_policy_grants_a_wildcard_action_or_every_resource(rendered: Rendered) -> None:
    for each in granted(rendered):
        assert "*" not in "".join(listed(each["Action"]))
        assert not {"NotAction", "NotResource"} & each.keys()
        if each.get("Sid") not in NO_RESOURCE_TO_NAME:
            assert "*" not in listed(each["Resource"]), each


@BOTH
def test_every_function_has_a_role_of_its_own_without_policies_of_aws(rendered: Rendered) -> None:
    functions = rendered.all("AWS::Serverless::Function")
    assert {each["Role"] for each in functions.values()} == {
        "StartRole.Arn",
        "StepRole.Arn",
        "TrackRole.Arn",
        "NotifyRole.Arn",
        "EmitRole.Arn",
    }
    assert not any("Policies" in each for each in functions.values())
    for role in rendered.all("AWS::IAM::Role").values():
        assert role.get("ManagedPolicyArns", []) in ([], ["TrainingPolicy"], ["ResultsPolicy"])


def test_the_functions_own_code_may_not_touch_the_vpc() -> None:
    by_id = {each["Sid"]: each for each in granted(ALL_ON) if "Sid" in each}
    assert by_id["LeaveTheVpcToLambda"]["Effect"] == "Deny"
    assert by_id["LeaveTheVpcToLambda"]["Action"] == by_id["JoinTheVpc"]["Action"]
    assert by_id["LeaveTheVpcToLambda"]["Condition"] == {"Null": {"lambda:SourceFunctionArn": "false"}}


def test_every_role_has_the_permissions_boundary_or_none_has_one() -> None:
    roles = ALL_ON.all("AWS::IAM::Role")
    assert {"StartRole", "StepRole", "TrackRole", "NotifyRole", "EmitRole", "TrainingScheduleRole"} == roles.keys()
    assert {role["PermissionsBoundary"] for role in roles.values()} == {BOUNDARY}
    assert not any("PermissionsBoundary" in role for role in ALL_OFF.all("AWS::IAM::Role").values())


IN_DYNAMODB = {  # "Authorizing use of your KMS key" in DynamoDB's guide, its wildcards written out
    "kms:Encrypt",
    "kms:Decrypt",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:DescribeKey",
    "kms:CreateGrant",
}


@pytest.mark.parametrize("name", ["TrainingPolicy", "TrackRole", "NotifyRole", "EmitRole"])
def test_whoever_uses_the_table_may_use_its_key_as_dynamodb_wants_it_and_only_through_dynamodb(name: str) -> None:
    documents = [
        ALL_ON[name].get("PolicyDocument"),
        *(each["PolicyDocument"] for each in ALL_ON[name].get("Policies", [])),
    ]
    by_id = {each["Sid"]: each for document in documents if document for each in statements(document)}
    assert set(by_id["OurKeyForTheTable"]["Action"]) == IN_DYNAMODB
    assert by_id["OurKeyForTheTable"]["Condition"] == {"StringLike": {"kms:ViaService": "dynamodb.*.amazonaws.com"}}
    assert {by_id[sid]["Resource"] for sid in ("OurKeyForTheTable", "OurKey")} == {KEY}


def test_only_schedules_of_this_stacks_group_may_use_the_schedules_role() -> None:
    assert ALL_ON["Schedule"]["GroupName"] == "ScheduleGroup"
    trust = statements(ALL_ON["TrainingScheduleRole"]["AssumeRolePolicyDocument"])
    assert [each["Condition"]["ArnEquals"] for each in trust] == [{"aws:SourceArn": "ScheduleGroup.Arn"}]


@BOTH
def test_bucket_queues_and_topic_take_nothing_without_tls(rendered: Rendered) -> None:
    policies = resource_policies(rendered)
    if "ModelBucket" in rendered.resources:
        assert "ModelBucketPolicy" in policies
    for name, document in policies.items():
        denials = [each for each in statements(document) if each["Effect"] == "Deny"]
        assert [each["Condition"] for each in denials] == [{"Bool": {"aws:SecureTransport": "false"}}], name
        assert denials[0]["Principal"] == "*"


@BOTH
def test_another_service_may_act_for_this_stacks_resources_only(rendered: Rendered) -> None:
    trusts = [role["AssumeRolePolicyDocument"] for role in rendered.all("AWS::IAM::Role").values()]
    for document in (*resource_policies(rendered).values(), *trusts):
        for each in statements(document):
            if each["Effect"] == "Allow" and each["Principal"] != {"Service": "lambda.amazonaws.com"}:
                assert set(each["Principal"]) == {"Service"}
                assert {key for test in each["Condition"].values() for key in test} == {
                    "aws:SourceAccount",
                    "aws:SourceArn",
                }


def trigger_rules() -> dict[str, dict[str, Any]]:
    """The rules whose events must not be lost."""
    return {name: rule for name, rule in ALL_ON.all("AWS::Events::Rule").items() if name != "SageMakerRule"}


def test_the_queues_take_messages_from_each_trigger_rule_and_each_bus_of_this_stack() -> None:
    statement = statements(ALL_ON["QueuePolicy"]["PolicyDocument"])[0]
    senders = (*trigger_rules(), *ALL_ON.all("AWS::Events::EventBus"))
    assert sorted(statement["Condition"]["ArnEquals"]["aws:SourceArn"]) == sorted(f"{name}.Arn" for name in senders)


def resource_policies(rendered: Rendered) -> dict[str, Any]:
    types = ("AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy")
    return {name: each["PolicyDocument"] for type_ in types for name, each in rendered.all(type_).items()}


# --- the schedule -----------------------------------------------------------------------------------------------------


def test_a_schedule_starts_at_its_start_date_if_there_is_one() -> None:
    every_week = {"ScheduleExpression": "rate(7 days)"}
    dated = Rendered(**every_week, ScheduleStartDate="2030-01-31T02:00:00Z")
    assert dated["Schedule"]["StartDate"] == "2030-01-31T02:00:00Z"
    assert "StartDate" not in Rendered(**every_week)["Schedule"]


def test_a_start_date_is_a_time_in_utc() -> None:
    assert all(takes("ScheduleStartDate", text) for text in ("", "2030-01-31T02:00:00Z", "2030-01-31T02:00:00.000Z"))
    for text in ("2030-01-31", "2030-01-31T02:00:00", "2030-01-31T02:00:00+01:00", "tomorrow"):
        assert not takes("ScheduleStartDate", text)


def test_who_sets_a_rate_is_told_that_it_trains_at_once() -> None:
    for name in ("ScheduleExpression", "ScheduleStartDate"):
        assert re.search(r"rate\(\.\.\.\).* trains? .*", template()["Parameters"][name]["Description"]), name


# --- nothing is lost --------------------------------------------------------------------------------------------------

OUTLIVE = {  # what has data, and what others in the VPC use
    "AWS::S3::Bucket",
    "AWS::S3::BucketPolicy",
    "AWS::DynamoDB::Table",
    "AWS::SQS::Queue",
    "AWS::Logs::LogGroup",
    "AWS::EC2::VPCEndpoint",
}


@BOTH
def test_what_has_data_or_serves_others_outlives_the_stack_but_not_a_first_deployment_that_fails(
    rendered: Rendered,
) -> None:
    for name, each in rendered.resources.items():
        if each["Type"] in OUTLIVE:
            protected = each["Properties"].get("DeletionProtectionEnabled")  # it would make the rollback fail
            assert each["DeletionPolicy"] == ("Retain" if protected else "RetainExceptOnCreate"), name
            assert each["UpdateReplacePolicy"] == "Retain", name


@BOTH
def test_every_function_writes_to_a_log_group_that_ends(rendered: Rendered) -> None:
    for name, each in rendered.all("AWS::Serverless::Function").items():
        assert rendered[each["LoggingConfig"]["LogGroup"]]["RetentionInDays"], name


def test_a_request_is_delivered_again_only_after_the_function_has_ended_and_often_enough() -> None:
    queue = ALL_OFF["TrainingQueue"]
    for seconds in READ_TIMEOUTS:
        rendered = Rendered(NeptuneReadTimeoutSeconds=str(seconds))
        assert rendered["TrainingQueue"]["VisibilityTimeout"] >= 6 * rendered["StartFunction"]["Timeout"]
    assert queue["RedrivePolicy"] == {"deadLetterTargetArn": "DeadLetterQueue.Arn", "maxReceiveCount": 5}
    source = ALL_OFF["StartFunction"]["Events"]["Request"]["Properties"]
    assert source["BatchSize"] == 1
    assert source["ScalingConfig"]["MaximumConcurrency"] == 5
    assert "FunctionResponseTypes" not in source  # it would turn off SQS's back-off after failures


def test_every_trigger_rule_schedule_and_bus_has_a_dead_letter_queue() -> None:
    targets = [each for rule in trigger_rules().values() for each in rule["Targets"]]
    schedules = [each["Target"] for each in ALL_ON.all("AWS::Scheduler::Schedule").values()]
    for each in (*targets, *schedules, *ALL_ON.all("AWS::Events::EventBus").values()):
        assert each["DeadLetterConfig"] == {"Arn": "DeadLetterQueue.Arn"}


def test_the_stream_is_read_until_it_ends() -> None:
    for function in ("NotifyFunction", "EmitFunction"):
        source = ALL_OFF[function]["Events"]["Record"]["Properties"]
        assert not {"MaximumRetryAttempts", "MaximumRecordAgeInSeconds", "DestinationConfig"} & source.keys()


def test_no_more_functions_read_the_stream_than_dynamodb_allows() -> None:
    """Two processes at most can read a shard at the same time (DynamoDB's guide, "DynamoDB Streams")."""
    functions = ALL_OFF.all("AWS::Serverless::Function").values()
    sources = [source for each in functions for source in each.get("Events", {}).values()]
    assert sum(source["Type"] == "DynamoDB" for source in sources) == 2


# --- status events ----------------------------------------------------------------------------------------------------


def test_status_events_are_put_on_the_bus_that_is_named_and_on_no_other() -> None:
    rendered = Rendered(StatusEventBus="mine")
    assert rendered["EmitFunction"]["Environment"]["Variables"]["STATUS_EVENT_BUS"] == "mine"
    [statement] = [each for each in granted(rendered) if each["Sid"] == "Emit"]
    assert statement["Action"] == "events:PutEvents"
    assert statement["Resource"] == "arn:aws:events:us-east-1:123456789012:event-bus/mine"
    said = {"events:source": emit.SOURCE, "events:detail-type": emit.DETAIL_TYPE}
    assert statement["Condition"] == {"StringEqualsIfExists": said}


def emits(rendered: Rendered) -> list[dict[str, Any]]:
    return statements(rendered["EmitRole"]["Policies"][0]["PolicyDocument"])


@pytest.mark.parametrize("bus", ["", "default"])
@pytest.mark.parametrize("file", ["true", "false"])
def test_emit_reads_the_stream_only_for_an_event_or_a_file_and_may_do_only_what_is_turned_on(
    bus: str, file: str
) -> None:
    rendered = Rendered(StatusEventBus=bus, WriteStatusFile=file, ModelBucketKmsKeyArn=KEY)
    enabled = rendered["EmitFunction"]["Events"]["Record"]["Properties"]["Enabled"]
    assert enabled is (bus == "default" or file == "true")
    allowed = {each["Sid"] for each in granted(rendered)} & {"Emit", "WriteStatusFiles"}
    assert allowed == {*(["Emit"] if bus else []), *(["WriteStatusFiles"] if file == "true" else [])}
    keys = [each for each in emits(rendered) if each["Sid"] == "BucketKey"]
    assert len(keys) == (file == "true")


def test_emit_may_write_files_of_one_name_below_the_upload_folder_and_under_the_buckets_key() -> None:
    rendered = Rendered(ExistingModelBucket="my-models", ModelPrefix="a/b/", ModelBucketKmsKeyArn=KEY)
    [statement] = [each for each in granted(rendered) if each["Sid"] == "WriteStatusFiles"]
    assert statement["Action"] == ["s3:GetObject", "s3:PutObject"]
    assert statement["Resource"] == f"arn:aws:s3:::my-models/a/b/*/{STATUS_FILE}"
    keys = [(each["Action"], each["Resource"]) for each in emits(rendered) if each["Sid"] == "BucketKey"]
    assert keys == [(["kms:Decrypt", "kms:GenerateDataKey"], KEY)]


def test_a_status_file_starts_no_training_at_any_depth() -> None:
    [pattern] = ALL_OFF["UploadRule"]["EventPattern"]["detail"]["object"]["key"]
    assert not any(fnmatchcase(f"models/{path}{STATUS_FILE}", pattern["wildcard"]) for path in ("", "a/", "a/b/"))
    assert fnmatchcase("models/a/model-hpo-configuration.json", pattern["wildcard"])


def test_a_status_event_starts_no_training_whatever_bus_it_is_put_on() -> None:
    for rule in ALL_ON.all("AWS::Events::Rule").values():
        pattern = rule["EventPattern"]
        assert emit.DETAIL_TYPE not in pattern["detail-type"]
        assert emit.SOURCE not in pattern.get("source", [])


def test_a_bus_is_named_by_its_name() -> None:
    assert all(takes("StatusEventBus", text) for text in ("", "default", "my.bus_1-a"))
    assert not any(takes("StatusEventBus", text) for text in ("a bus", "arn:aws:events:us-east-1:1:event-bus/a", "a*"))


def test_everything_is_encrypted_under_the_key_where_there_is_one() -> None:
    assert ALL_ON["TrainingQueue"]["KmsMasterKeyId"] == KEY
    assert all(each["KmsKeyId"] == KEY for each in ALL_ON.all("AWS::Logs::LogGroup").values())
    assert ALL_ON["TrainingTopic"]["KmsMasterKeyId"] == KEY
    assert ALL_ON["TrainingJobs"]["SSESpecification"]["KMSMasterKeyId"] == KEY
    assert ALL_ON["TrainingBus"]["KmsKeyIdentifier"] == KEY
    assert ALL_ON.globals["KmsKeyArn"] == KEY


@BOTH
def test_the_dead_letter_queue_is_never_under_the_key_whose_failures_come_to_it(rendered: Rendered) -> None:
    assert rendered["DeadLetterQueue"]["SqsManagedSseEnabled"] is True
    assert "KmsMasterKeyId" not in rendered["DeadLetterQueue"]


def test_without_a_key_everything_is_encrypted_too_and_eventbridge_can_write_to_the_queues() -> None:
    for queue in ALL_OFF.all("AWS::SQS::Queue").values():
        assert queue["SqsManagedSseEnabled"] is True
        assert "KmsMasterKeyId" not in queue
    assert ALL_OFF["TrainingTopic"]["KmsMasterKeyId"] == "alias/aws/sns"


# --- hints ------------------------------------------------------------------------------------------------------------


def test_the_rule_takes_the_ends_of_all_kinds_of_sagemaker_jobs_that_the_functions_read_and_of_this_account() -> None:
    pattern = ALL_OFF["SageMakerRule"]["EventPattern"]
    statuses = [{f"{kind}Status": ["Completed", "Failed", "Stopped"]} for kind in FIELD_PREFIXES.values()]
    assert pattern == {
        "account": ["123456789012"],
        "source": ["aws.sagemaker"],
        "detail-type": [*FIELD_PREFIXES],
        "detail": {"$or": statuses},
    }


def test_local_events_about_sagemaker_jobs_are_refused_outside_the_local_stack() -> None:
    [refusal] = Rendered(SageMakerEventSource="local.sagemaker").refusals()
    assert "SageMakerEventSource" in refusal
    assert Rendered(SageMakerEventSource="local.sagemaker", AwsEndpointUrl="http://127.0.0.1:4566").refusals() == []


def test_no_other_rule_can_invoke_track_than_the_one_for_hints() -> None:
    (permission,) = ALL_ON.all("AWS::Lambda::Permission").values()
    assert permission == {
        "FunctionName": "TrackFunction",
        "Action": "lambda:InvokeFunction",
        "Principal": "events.amazonaws.com",
        "SourceAccount": "123456789012",
        "SourceArn": "SageMakerRule.Arn",
    }
    assert {each["Arn"] for each in ALL_ON["SageMakerRule"]["Targets"]} == {"TrackFunction.Arn"}


def test_only_the_local_stacks_own_source_can_be_named_in_place_of_sagemakers() -> None:
    assert [
        source
        for source in ("aws.sagemaker", "local.sagemaker", "", "aws.s3", "me")
        if takes("SageMakerEventSource", source)
    ] == ["aws.sagemaker", "local.sagemaker"]


# --- alarms, dashboard, queries ---------------------------------------------------------------------------------------

EMITTED = {*Done().metrics(), "StepsFailed", "NotAnnounced", "Requests", "RequestsRepeated", "Cancellations"} | {
    "StatusFilesNotWritten"
}


def test_every_alarm_says_what_is_wrong_and_reaches_the_topic() -> None:
    for name, alarm in ALL_ON.all("AWS::CloudWatch::Alarm").items():
        assert alarm["AlarmDescription"], name
        assert alarm["AlarmActions"] == alarm["OKActions"] == [ALL_ON.parameters["AlarmTopicArn"]], name


def test_every_function_has_an_alarm_on_its_errors() -> None:
    alarms = ALL_ON.all("AWS::CloudWatch::Alarm").values()
    watched = {each["Dimensions"][0]["Value"] for each in alarms if each["MetricName"] == "Errors"}
    assert watched == set(ALL_ON.all("AWS::Serverless::Function"))


def test_every_trigger_rule_has_an_alarm_on_what_not_even_its_dead_letter_queue_took() -> None:
    alarms = ALL_ON.all("AWS::CloudWatch::Alarm").values()
    watched = [
        {each["Name"]: each["Value"].removesuffix(".Arn") for each in alarm["Dimensions"]}
        for alarm in alarms
        if alarm["MetricName"] == "InvocationsFailedToBeSentToDlq"
    ]
    buses = {name: rule.get("EventBusName") for name, rule in trigger_rules().items()}
    assert buses == {"UploadRule": None, "RequestRule": "TrainingBus"}
    assert watched == [{"RuleName": "UploadRule"}, {"EventBusName": "TrainingBus", "RuleName": "RequestRule"}]


def test_the_schedules_group_has_an_alarm_on_what_not_even_the_dead_letter_queue_took() -> None:
    alarm = ALL_ON["ScheduledRunsLostAlarm"]
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Scheduler", "InvocationsFailedToBeSentToDeadLetterCount")
    assert alarm["Dimensions"] == [{"Name": "ScheduleGroup", "Value": ALL_ON["Schedule"]["GroupName"]}]


def test_alarms_and_dashboard_use_metrics_that_the_functions_emit() -> None:
    namespace, service = VARIABLES["POWERTOOLS_METRICS_NAMESPACE"], VARIABLES["POWERTOOLS_SERVICE_NAME"]
    for alarm in ALL_ON.all("AWS::CloudWatch::Alarm").values():
        if alarm["Namespace"] == namespace:
            assert alarm["MetricName"] in EMITTED
            assert alarm["Dimensions"] == [{"Name": "service", "Value": service}]
    jobs, oldest = widgets()[1:3]
    assert {each[1] for each in (*jobs["metrics"], *oldest["metrics"])} <= EMITTED
    assert jobs["metrics"][0] == [namespace, "JobsWaiting", "service", service]


def test_the_dashboard_shows_every_alarm() -> None:
    assert sorted(widgets()[0]["alarms"]) == sorted(f"{name}.Arn" for name in ALL_ON.all("AWS::CloudWatch::Alarm"))


def test_saved_queries_look_for_messages_that_the_functions_log() -> None:
    source = "".join(path.read_text() for path in FUNCTIONS.rglob("*.py"))
    queries = ALL_OFF.all("AWS::Logs::QueryDefinition").values()
    texts = [query["QueryString"].partition('message = "')[2].partition('"')[0] for query in queries]
    assert all(f'"{text}"' in source for text in texts if text)
    assert sum(map(bool, texts)) == 2


def test_mail_comes_for_each_end_but_superseded_and_for_waits_that_somebody_may_have_to_end() -> None:
    ends, waits = ALL_ON["EmailSubscription"]["FilterPolicy"]["$or"]
    assert set(ends["status"]) == {status for status in Status if status.final} - {Status.SUPERSEDED} | {Status.STARTED}
    assert set(waits["waitingFor"]) < set(WaitingFor)


def widgets() -> list[dict[str, Any]]:
    return [each["properties"] for each in json.loads(ALL_ON["Dashboard"]["DashboardBody"])["widgets"]]
