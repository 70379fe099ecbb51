"""What `make sam-local` tells functions in containers, and when it calls an invocation failed."""

from pathlib import Path

import pytest

from local.sam_local import error_in, function_of, local_ports, seen_from_container

VARIABLES = {
    "StartFunction": {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:4566",
        "NEPTUNE_ENDPOINT_URL": "http://localhost:8182/path",
        "MODEL_PREFIX": "models/",
    },
    "NotifyFunction": {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566", "ELSEWHERE": "https://example.com:443"},
}


def test_should_name_the_host_in_place_of_loopback_and_change_nothing_else():
    assert seen_from_container(VARIABLES, "192.0.2.1") == {
        "StartFunction": {
            "AWS_ENDPOINT_URL": "http://192.0.2.1:4566",
            "NEPTUNE_ENDPOINT_URL": "http://192.0.2.1:8182/path",
            "MODEL_PREFIX": "models/",
        },
        "NotifyFunction": {"AWS_ENDPOINT_URL": "http://192.0.2.1:4566", "ELSEWHERE": "https://example.com:443"},
    }


def test_should_forward_the_ports_of_this_machine_only():
    assert local_ports(VARIABLES) == {4566, 8182}


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("start-upload.json", "StartFunction"),
        ("step-jobs.json", "StepFunction"),
        ("track-tick.json", "TrackFunction"),
        ("track-sagemaker.json", "TrackFunction"),
        ("notify-record.json", "NotifyFunction"),
        ("emit-record.json", "EmitFunction"),
    ],
)
def test_should_invoke_the_function_that_the_events_name_begins_with(name, function):
    assert function_of(Path("events") / name) == function


def test_should_refuse_an_event_whose_name_begins_with_no_function():
    with pytest.raises(SystemExit, match="must begin with one of start, step, track, notify, emit"):
        function_of(Path("events/other.json"))


@pytest.mark.parametrize("output", ["null", '{"status": "STARTED"}', '{"batchItemFailures": []}', "[]"])
def test_should_accept_an_answer(output):
    assert error_in(0, output) is None


@pytest.mark.parametrize(
    ("code", "output", "error"),
    [
        (1, "{}", "sam exited with 1"),
        (0, "", "no answer"),  # a timeout
        (0, '{"errorType": "KeyError", "errorMessage": "\'x\'"}', "KeyError: 'x'"),
        (0, '{"batchItemFailures": [{"itemIdentifier": "1"}]}', "it could not handle [{'itemIdentifier': '1'}]"),
    ],
)
def test_should_say_what_went_wrong(code, output, error):
    assert error_in(code, output) == error
