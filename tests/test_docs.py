"""The documents say what is so: names, links, numbers, and the version; the deploy workflow does what it says."""

import json
import os
import re
import subprocess
import textwrap
import tomllib
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from neptune_training.announce import message as announcement
from neptune_training.announce.email import email
from neptune_training.announce.message import ANNOUNCED
from neptune_training.aws import model_files, neptune_errors
from neptune_training.aws.neptune import Found
from neptune_training.checks import events, json_documents, scripts
from neptune_training.flow import intake, job_problems, plan
from neptune_training.model import new_jobs, problems
from neptune_training.model.jobs import Ended, Requested, Started, Waiting
from neptune_training.model.settings import Settings
from neptune_training.model.statuses import Status, WaitingFor
from tests.rendered import template

ROOT = Path(__file__).parent.parent
DOCUMENTS = {
    str(path.relative_to(ROOT)): path.read_text()
    for folder, pattern in (
        (ROOT, "*.md"),
        (ROOT / "docs", "*.md"),
        (ROOT / "local", "*/README.md"),
        (ROOT / "bench", "*.md"),
    )
    for path in sorted(folder.glob(pattern))
}
OPERATE = DOCUMENTS["docs/operate.md"]
RECORD = DOCUMENTS["docs/record-and-message.md"]
MAX_README_LINES = 150
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
REMOVED_NAMES = {
    "CHANGELOG.md": {"FunctionTimeoutSeconds", "GatewayEndpointRouteTableIds", "NeptunePort", "TrainingSchedule"}
}
# What looks like a name of the template and is one of AWS's or of the code's.
OTHER_NAMES = {"Records", "MessageBody", "QueueUrl", "Duration", "NeptuneML", "Stack", "NotAnnounced"}
OTHER_NAMES |= {"DescribeHyperParameterTuningJob", "DescribeLogStreams", "GetLogEvents", "ResourceNotFound"}

each_document = pytest.mark.parametrize("name", DOCUMENTS)


def headings(text: str) -> list[str]:
    return re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE), re.MULTILINE)


def anchor(heading: str) -> str:
    """As GitHub makes it."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def section(text: str, heading: str) -> str:
    """What stands below a heading, up to the next one of its level."""
    level = "#" * (len(heading) - len(heading.lstrip("#")))
    return text.split(f"\n{heading}\n")[1].split(f"\n{level} ", maxsplit=1)[0]


def blocks(text: str, language: str) -> list[str]:
    """The code blocks in a language, those in lists too."""
    return [
        textwrap.dedent(block)
        for block in re.findall(rf"^ *```{language}\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE)
    ]


def resources(kind: str) -> dict[str, Any]:
    found: dict[str, Any] = template()["Resources"]
    return {name: each for name, each in found.items() if each["Type"] == kind}


def made_by_sam() -> set[str]:
    """The resources that are a function's events."""
    functions = resources("AWS::Serverless::Function").items()
    return {f"{name}{event}" for name, each in functions for event in each["Properties"].get("Events", {})}


def test_every_alarm_has_a_runbook_and_every_runbook_an_alarm() -> None:
    assert {each for each in headings(OPERATE) if each.endswith("Alarm")} == set(resources("AWS::CloudWatch::Alarm"))


def test_the_cost_of_every_alarm_is_counted() -> None:
    alarms = len(resources("AWS::CloudWatch::Alarm"))
    assert f"| CloudWatch alarms, metrics, dashboards | {alarms}, " in OPERATE
    assert re.search(rf"\+ {alarms} . price_per_alarm", OPERATE)


def test_every_saved_query_is_described_by_its_name() -> None:
    names = {each["Properties"]["Name"]["Fn::Sub"] for each in resources("AWS::Logs::QueryDefinition").values()}
    assert {name for name in names if f"**{name.removeprefix('${AWS::StackName}/')}**" not in OPERATE} == set()


@each_document
def test_every_name_of_the_template_that_a_document_uses_exists(name: str) -> None:
    used = set(re.findall(r"`([A-Z][a-z]+[A-Z][A-Za-z]*)`", DOCUMENTS[name]))
    used |= set(re.findall(r"\$\(neptune-training outputs (\w+)\)", DOCUMENTS[name]))
    operations = boto3.client("neptunedata", "us-east-1", endpoint_url="https://neptune.invalid").meta.service_model
    ours = {*template()["Parameters"], *template()["Outputs"], *template()["Resources"], *made_by_sam()}
    others = {*operations.operation_names, *operations.shape_names} | OTHER_NAMES | REMOVED_NAMES.get(name, set())
    assert used - ours - others == set()


@each_document
def test_every_make_target_that_a_document_names_exists(name: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:`|^|\" )make ([a-z-]+)", DOCUMENTS[name], re.MULTILINE)) <= targets


@each_document
def test_every_link_within_the_repository_leads_somewhere(name: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", DOCUMENTS[name]):
        if "://" not in target:
            path, _, fragment = target.partition("#")
            linked = (ROOT / name).parent / path if path else ROOT / name
            assert linked.exists(), target
            assert not fragment or fragment in map(anchor, headings(linked.read_text())), target


def test_every_test_file_that_is_named_as_proof_exists() -> None:
    named = {each for text in DOCUMENTS.values() for each in re.findall(r"`(?:tests/)?(test_\w+)(?:\.py)?`", text)}
    named = {each for each in named if len(each.split("_")) <= 4}  # longer ones are names of tests
    assert named - {path.stem for path in (ROOT / "tests").rglob("test_*.py")} == set()


def test_the_readme_is_short() -> None:
    assert len(DOCUMENTS["README.md"].splitlines()) <= MAX_README_LINES


def test_every_document_is_in_the_index_of_documents() -> None:
    names = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert {name for name in names if f"]({name})" not in DOCUMENTS["docs/README.md"]} == set()


def test_no_example_sets_a_rate_which_would_train_at_the_moment_of_deployment() -> None:
    examples = {**DOCUMENTS, "deploy.yml": (ROOT / ".github/workflows/deploy.yml").read_text()}
    said = {name: re.findall(r"ScheduleExpression[=:]\s*\W?(\w+)\(", text) for name, text in examples.items()}
    assert {name: set(each) for name, each in said.items() if each} == {
        "docs/deploy.md": {"cron"},
        "docs/triggers.md": {"cron"},
        "deploy.yml": {"cron"},
    }


@each_document
def test_every_json_that_a_document_shows_is_json(name: str) -> None:
    for block in blocks(DOCUMENTS[name], "json"):
        json.loads(block)


@pytest.mark.parametrize("job_id", ["weekly-43", new_jobs.derived_id("x" * 27, "upload b k 1"), "x" * 48])
def test_the_next_request_of_a_pipeline_has_an_id_that_is_accepted(job_id: str) -> None:
    names: dict[str, Any] = {"event": {"detail": {"jobId": job_id}}}
    [block] = blocks(DOCUMENTS["docs/pipelines.md"], "python")
    exec("".join(line for line in block.splitlines(keepends=True) if "boto3" not in line), {"EVENT_BUS": "bus"}, names)
    event = {"id": "e-1", "detail-type": names["entry"]["DetailType"], "detail": names["request"]}
    assert events.read(json.dumps(event)).parameters["id"].endswith("-next")


def test_the_shares_of_code_of_the_other_designs_are_those_of_the_table() -> None:
    said = DOCUMENTS["docs/performance.md"]
    row = re.findall(
        r"^\| lines of code and template \| ([\d,]+) \| \d+ \| (\d+) \| \*\*(\d+)\*\* \|$", said, re.MULTILINE
    )[0]
    ours, step_functions, durable = (int(each.replace(",", "")) for each in row)
    assert [round(ours / step_functions, -1), round(ours / durable, -1)] == [50, 70]
    assert "Step Functions needs about a fiftieth of the code,\ndurable functions about a seventieth." in said


def test_every_file_that_contributing_names_is_there() -> None:
    rows = section(DOCUMENTS["CONTRIBUTING.md"], "## Where to find …")
    table = re.findall(r"^\| [^|]+ \| ([^|]+) \|$", rows, re.MULTILINE)[1:]
    named = {name for row in table for name in re.findall(r"`([a-z_/]+(?:\.py|/))`", row)}
    library = ROOT / "functions" / "neptune_training"
    assert len(named) > 10
    places = (library, library.parent, ROOT)
    assert {name for name in named if not any((place / name).exists() for place in places)} == set()


def test_every_status_is_explained_and_no_other() -> None:
    rows = re.findall(r"^\| ([A-Z, ]+) \|", RECORD, re.MULTILINE)
    assert {status for row in rows for status in row.split(", ")} == set(Status)


def test_all_that_a_job_may_wait_for_is_said_and_nothing_else() -> None:
    (said,) = re.findall(r"`waitingFor` for what: ([^|]+) \|", RECORD)
    assert set(said.split(", ")) == set(WaitingFor)


def test_the_waits_that_send_an_email_are_named() -> None:
    waits = template()["Resources"]["EmailSubscription"]["Properties"]["FilterPolicy"]["$or"][1]["waitingFor"]
    assert f"wait that may need a person: for {', '.join(waits)}." in RECORD


def test_the_email_that_is_shown_is_one_that_is_sent() -> None:
    shown = re.findall(r"^```\n(FAILED: .*?)\n```$", RECORD, re.DOTALL | re.MULTILINE)
    job_id, stream = "fraud-b1e336b353b5439ee2aa", "neptune-hpo-…-002-…/algo-1-1795487888"
    log = {"group": "/aws/sagemaker/TrainingJobs", "stream": stream, "command": f"neptune-training show {job_id}"}
    stage = {"status": "Failed", "failureReason": "AlgorithmError: ExecuteUserScriptError: ExitCode 1"}
    link = "https://console.aws.amazon.com/cloudwatch/…"
    look = Found("Failed", stages={"hpo": {**stage, "cloudwatchLogUrl": link}})
    job = {
        "jobId": job_id,
        "status": "FAILED",
        "model": "s3://my-models/models/fraud/",
        "arn": f"arn:aws:neptune-db:…/{job_id}",
        "result": {"log": log},
        "startedAt": "2026-11-24T02:38:08.825Z",
        "endedAt": "2026-11-24T03:12:40.102Z",
        "reasons": [each.model_dump() for each in job_problems.failures(look)],
    }
    assert shown == [email(job)]


def test_every_field_of_a_record_is_explained() -> None:
    fields = {name for kind in (Waiting, Requested, Started, Ended) for name in kind.model_fields} - {"later"}
    assert {name for name in fields if f"`{name}`" not in RECORD and f'"{name}"' not in RECORD} == set()


def test_every_field_of_a_message_is_explained() -> None:
    message = section(RECORD, "## The message")
    assert {name for name in ANNOUNCED if f"`{name}`" not in message and f'"{name}"' not in message} == set()


def test_the_table_of_bounds_names_every_period_that_can_be_set() -> None:
    bounds = section(DOCUMENTS["docs/how-it-works.md"], "## The bounds")
    periods = {name for name in Settings.model_fields if name.endswith("_seconds")}
    named = {"".join(part.title() for part in name.split("_")) for name in periods}
    assert named <= set(template()["Parameters"])
    assert {name for name in named if f"`{name}`" not in bounds} == set()


def test_the_table_of_bounds_has_a_row_for_everything_that_a_job_waits_for() -> None:
    bounds = section(DOCUMENTS["docs/how-it-works.md"], "## The bounds")
    waiting = " ".join(re.findall(r"^\| (WAITING for [^|]+) \|", bounds, re.MULTILINE)).replace(
        "the previous", "previous"
    )
    assert {each for each in WaitingFor if each not in waiting} == set()


def test_every_status_has_its_transitions_in_the_table() -> None:
    transitions = section(DOCUMENTS["docs/how-it-works.md"], "## States and transitions")
    rows = re.findall(r"^\| ([A-Z]+|-) \| ([A-Z, ]+) \|", transitions, re.MULTILINE)
    assert {before for before, _ in rows} == {"-", *(status for status in Status if not status.final)}
    assert {after for _, each in rows for after in each.split(", ")} == set(Status)


def test_how_many_steps_run_at_once_is_as_the_documents_say() -> None:
    assert f"{plan.GROUP} jobs in each, at most {plan.LARGEST_GROUP}" in DOCUMENTS["docs/how-it-works.md"]


def test_every_error_code_that_ends_a_request_is_in_the_table_of_errors() -> None:
    errors = DOCUMENTS["docs/errors.md"]
    codes = {*neptune_errors.PERMANENT, neptune_errors.CONSTRAINT, "TooManyRequestsException", "ClientTimeoutException"}
    assert {code for code in codes if code not in errors} == set()


@pytest.mark.parametrize(
    "number",
    [
        model_files.MAX_FILES,
        model_files.MAX_BYTES,
        json_documents.MAX_BYTES,
        json_documents.MAX_DEPTH,
        json_documents.MAX_DIGITS,
        problems.MAX_PROBLEMS,
        problems.MAX_VALUE_CHARACTERS,
        problems.MAX_CHARACTERS,
        scripts.MAX_CHECKED_BYTES,
        events.MAX_BYTES,
        intake.MAX_RAW_CHARACTERS,
        announcement.MAX_BYTES,
    ],
)
def test_a_limit_of_the_code_is_among_the_limits_in_operate(number: int) -> None:
    assert re.search(rf"\b{number:,}\b", OPERATE.split("\n## Limits\n")[1])


def test_the_version_is_in_pyproject_the_changelog_and_the_templates_output_and_nowhere_else() -> None:
    assert template()["Outputs"]["Version"]["Value"] == VERSION
    assert re.search(rf"^## {re.escape(VERSION)} ", DOCUMENTS["CHANGELOG.md"], re.MULTILINE)
    assert (ROOT / "tests" / "records" / VERSION).is_dir()
    sources_ = [path for folder in ("functions", "cli", "local") for path in (ROOT / folder).rglob("*.py")]
    texts = {str(path): path.read_text() for path in sources_}
    texts |= {name: text for name, text in DOCUMENTS.items() if name != "CHANGELOG.md"}
    # What a record of some version lacks is history, and stays true when the version changes.
    texts = {name: re.sub(r"(records?|job) of version [\d.]+", "", text) for name, text in texts.items()}
    assert [name for name, text in texts.items() if re.search(rf"(?<![\d.]){re.escape(VERSION)}(?![\d.])", text)] == []


def deploy(folder: Path, parameters: str, role: str = "") -> "subprocess.CompletedProcess[str]":
    """Run the deploy workflow's last step, with a `sam` that prints its arguments, one a line."""
    sam = folder / "bin/sam"
    sam.parent.mkdir(parents=True)
    sam.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
    sam.chmod(0o755)
    script = yaml.safe_load((ROOT / ".github/workflows/deploy.yml").read_text())["jobs"]["deploy"]["steps"][-1]["run"]
    path = f"{sam.parent}:{os.environ['PATH']}"
    environment = {"STACK_NAME": "mine", "AWS_REGION": "eu-west-1", "PARAMETERS": parameters, "PATH": path}
    environment["CLOUDFORMATION_ROLE_ARN"] = role  # GitHub sets a variable that there is not to nothing
    command = ["bash", "-e", "-o", "pipefail", "-c", script]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_deploy_workflow_hands_on_all_of_its_parameters_as_one_text(tmp_path: Path) -> None:
    every_sunday = 'ScheduleExpression="cron(0 2 ? * SUN *)"'
    done = deploy(tmp_path, f'VpcId=vpc-1\r\n{every_sunday}\nScheduledRequest="{{\\"a\\": \\"b\\"}}"')
    arguments = done.stdout.splitlines()
    assert arguments[-2] == "--parameter-overrides"
    assert arguments[-1] == f'VpcId=vpc-1  {every_sunday} ScheduledRequest="{{\\"a\\": \\"b\\"}}"'
    assert arguments[arguments.index("--region") + 1] == "eu-west-1"


def test_the_deploy_workflow_lets_cloudformation_take_a_role_of_its_own(tmp_path: Path) -> None:
    arguments = deploy(tmp_path, "VpcId=vpc-1", "arn:aws:iam::123456789012:role/deployer").stdout.splitlines()
    assert arguments[-2:] == ["--role-arn", "arn:aws:iam::123456789012:role/deployer"]


def test_the_deploy_workflow_deploys_nothing_without_its_parameters(tmp_path: Path) -> None:
    done = deploy(tmp_path, "")
    assert done.returncode != 0
    assert done.stdout == ""
