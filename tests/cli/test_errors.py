"""What goes wrong before a command can begin is one line that says what to do, on stderr, with exit code 2."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError, NoCredentialsError, UnauthorizedSSOTokenError

from cli.exits import explained
from tests.cli.conftest import Said
from tests.cli.stack_server import StackServer

Program = Callable[..., Said]


def one_line(said: Said) -> str:
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("neptune-training: ")
    assert said.err.count("\n") == 1
    return said.err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("chekc",), 'Did you mean "check"?'),
        (("check",), "neptune-training check --help"),
        (("jobs", "--stak-name", "x"), "Did you mean --stack-name? See: neptune-training jobs --help"),
        (("jobs", "--x\x1b[2J"), "--x\\u001b[2J"),
        (("jobs", "--limit", "[/red]"), "[/red]"),
        (("completion", "tcsh"), "fish"),
        (("jobs",), "Name it with --region, or set AWS_REGION."),
        (("jobs", "--profile", "nobody"), "aws configure list-profiles"),
    ],
)
def test_wrong_usage_says_what_was_meant_or_where_to_look(
    program: Program, arguments: tuple[str, ...], expected: str
) -> None:
    assert expected in one_line(program(*arguments))


@pytest.mark.parametrize("command", ["outputs", "status", "off", "redrive", "jobs"])
def test_a_stack_that_is_not_there_is_named_with_its_region(program: Program, stack: StackServer, command: str) -> None:
    said = one_line(program(command, "--stack-name", "mine", "--region", "us-west-2"))
    assert "There is no stack mine in us-west-2. Name it with --stack-name" in said


def test_a_stack_of_another_application_has_no_such_output(program: Program, stack: StackServer) -> None:
    del stack.outputs["TrainingJobsTable"]
    assert "has no output TrainingJobsTable" in one_line(program("jobs"))


def test_the_stacks_name_is_taken_from_the_environment(
    program: Program, stack: StackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STACK_NAME", "another")
    assert "There is no stack another" in one_line(program("outputs"))


def test_an_endpoint_that_cannot_be_reached_is_named(
    program: Program, aws: boto3.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    said = one_line(program("outputs"))
    assert "http://127.0.0.1:9" in said
    assert "AWS_ENDPOINT_URL" in said


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("AccessDeniedException", "Ask for the permission for GetItem"),
        ("ExpiredTokenException", "log in again"),
        ("UnrecognizedClientException", "does not know these credentials"),
        ("ResourceNotFoundException", "Check the names"),
    ],
)
def test_an_error_of_aws_names_the_operation_and_what_to_do(code: str, expected: str) -> None:
    said = explained(ClientError({"Error": {"Code": code, "Message": "No."}}, "GetItem"))
    assert said.problem.startswith("GetItem: No.")
    assert expected in said.remedy


def test_credentials_that_are_missing_or_have_expired_say_how_to_get_some() -> None:
    assert "--profile" in explained(NoCredentialsError()).remedy
    assert explained(UnauthorizedSSOTokenError()).remedy == "Log in again: aws sso login"


def test_one_output_is_printed_alone_so_that_a_shell_can_use_it(program: Program, stack: StackServer) -> None:
    assert program("outputs", "ModelBucket").out == "my-models\n"
    assert program("outputs", "--json").json == stack.outputs
    assert "has no output Bucket" in one_line(program("outputs", "Bucket"))


@pytest.mark.parametrize("shell", ["bash", "fish", "zsh"])
def test_the_completion_of_a_shell_names_every_command(program: Program, shell: str) -> None:
    said = program("completion", shell)
    assert said.code == 0
    for command in ("check", "enable-events", "redrive", "status", "restore"):
        assert command in said.out


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"AWS_ENDPOINT_URL": "foo"}, "Invalid endpoint: foo. Check AWS_ENDPOINT_URL"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:99999"}, "Check AWS_ENDPOINT_URL"),
        ({"AWS_MAX_ATTEMPTS": "many"}, "'many'. Check AWS_ENDPOINT_URL, other variables of AWS"),
    ],
)
def test_a_setting_that_the_client_library_cannot_read_is_one_line(
    program: Program, aws: boto3.Session, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert expected in one_line(program("jobs"))


def test_a_server_that_is_not_aws_is_one_line(
    program: Program, stack: StackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack, "cloudformation", lambda *_: (200, "<html><body>hello</body>"))
    assert "Check AWS_ENDPOINT_URL" in one_line(program("jobs"))


def test_an_error_of_the_programs_own_is_not_hidden(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.new.EXAMPLE", None)
    with pytest.raises(AttributeError):
        program("new", "/nowhere/x/y")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("jobs", "--limit", "-1"), "--limit"),
        (("jobs", "--limit", "0"), "--limit"),
        (("jobs", "--model", ""), "--model or --trigger is empty. Leave it out"),
        (("jobs", "--trigger", ""), "--model or --trigger is empty. Leave it out"),
        (("outputs", ""), "has no output"),
        (("enable-events", "s3://my-models"), "There is no bucket s3://my-models. Check the name, without s3://"),
        (("jobs", "--region", "us east"), "Check --region and AWS_REGION"),
        (("check", __file__), "this is a file, not a directory. Name the one that holds"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused_and_never_taken_for_another(
    program: Program, stack: StackServer, arguments: tuple[str, ...], expected: str
) -> None:
    assert expected in one_line(program(*arguments))


def test_a_character_that_the_terminals_encoding_lacks_is_shown_as_its_number(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from cli.app import main; main()", "new", str(tmp_path / "modèle")]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONPATH": f"functions{os.pathsep}."}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert [done.returncode, "mod\\xe8le" in done.stdout, done.stderr] == [0, True, ""]
