"""The application is shown as it is, switched off and switched on."""

from collections.abc import Callable
from typing import Any

import boto3
import pytest

from cli import on_off
from tests.cli.conftest import Said
from tests.cli.stack_server import StackServer
from tests.rendered import Rendered, template

Program = Callable[..., Said]


def test_status_says_version_switches_queues_slots_and_the_pause(
    program: Program, aws: boto3.Session, stack: StackServer
) -> None:
    sqs = aws.client("sqs")
    sqs.send_message(QueueUrl=stack.outputs["TrainingQueueUrl"], MessageBody="one")
    for body in ("two", "three"):
        sqs.send_message(QueueUrl=stack.outputs["DeadLetterQueueUrl"], MessageBody=body)
    capacity: Any = {
        "jobId": {"S": "#capacity"},
        "slots": {"SS": ["fraud-2", "fraud-1"]},
        "pausedUntil": {"S": "2026-11-24T02:00:00.000Z"},
        "refusals": {"N": "3"},
    }
    aws.client("dynamodb").put_item(TableName="training-jobs", Item=capacity)
    said = program("status", "--json").json
    assert said["version"] == "1.2.3"
    assert said["switches"] == {"start": "Enabled", "track": "ENABLED"}
    assert said["queue"] == {"waiting": 1, "inFlight": 0}
    assert said["deadLetters"]["waiting"] == 2
    assert said["capacity"]["slots"] == ["fraud-1", "fraud-2"]
    shown = program("status")
    assert shown.code == 0
    for expected in ("version 1.2.3  on", "1 waiting", "2 in the dead-letter queue", "2 taken: fraud-1, fraud-2"):
        assert expected in shown.out
    assert "paused  until 2026-11-24T02:00:00.000Z for capacity; 3 probes refused in a row" in shown.out


def test_off_disables_the_mapping_and_both_rules_and_on_enables_all(
    program: Program, aws: boto3.Session, stack: StackServer
) -> None:
    def states() -> tuple[str, str]:
        (state,) = {rule["State"] for rule in aws.client("events").list_rules()["Rules"]}
        return stack.state, state

    assert states() == ("Enabled", "ENABLED")
    off = program("off")
    assert (off.code, states()) == (0, ("Disabled", "DISABLED"))
    assert "neptune-training on" in off.out
    assert "version 1.2.3  off" in program("status").out
    assert program("on", "--json").json == {"stack": "neptune-ml-training", "on": True}
    assert states() == ("Enabled", "ENABLED")


def test_on_right_after_off_waits_until_the_mapping_has_got_there(
    program: Program, stack: StackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_off, "EVERY_SECONDS", 0.01)
    program("off")
    stack.refusals = 3
    assert program("on").code == 0
    assert (stack.state, stack.refusals) == ("Enabled", 0)
    monkeypatch.setattr(on_off, "ON_ITS_WAY_SECONDS", 0.0)
    stack.refusals = 1_000
    said = program("off")
    assert (said.code, stack.state) == (2, "Enabled")
    assert "The rules of track are off already. Run the same command again." in said.err


@pytest.mark.parametrize("rule", ["tick", "sagemaker"])
def test_one_of_the_switches_off_is_shown_as_partly_on(
    program: Program, aws: boto3.Session, stack: StackServer, rule: str
) -> None:
    aws.client("events").disable_rule(Name=rule)
    assert "partly on" in program("status").out


@pytest.mark.parametrize("read_timeout", template()["Parameters"]["NeptuneReadTimeoutSeconds"]["AllowedValues"])
def test_off_says_for_how_long_the_templates_functions_and_retries_can_still_start_a_training(
    program: Program, stack: StackServer, read_timeout: str
) -> None:
    rendered = Rendered(NeptuneReadTimeoutSeconds=read_timeout)
    track, step = rendered["TrackFunction"], rendered["StepFunction"]
    retries = (track["Events"]["Tick"]["Properties"], rendered["SageMakerRule"]["Targets"][0])
    delivered = max(each["RetryPolicy"]["MaximumEventAgeInSeconds"] for each in retries)
    waits = sum(each["EventInvokeConfig"]["MaximumEventAgeInSeconds"] for each in (track, step))
    longest = delivered + waits + track["Timeout"] + step["Timeout"]
    starting = on_off.ON_ITS_WAY_SECONDS + rendered["StartFunction"]["Timeout"]
    stack.parameters["NeptuneReadTimeoutSeconds"] = read_timeout
    said = program("off").out
    minutes = int(said.partition(" minutes more")[0].rpartition(" ")[2])
    assert minutes == (10 if longest <= 600 else 20)
    assert max(longest, starting) <= minutes * 60
