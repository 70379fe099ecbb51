"""The text of an e-mail and of a message, line by line, as plain calls."""

import json
from typing import Any

import pytest

from neptune_training.announce.email import (
    email,
    facts,
    one_line,
    problems,
    what_happened,
    what_happened_to_cancellation,
)
from neptune_training.announce.message import message, printable, text

JOB = {"jobId": "fraud-1", "status": "STARTED", "model": "s3://m/fraud/"}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"status": "WAITING"}, "The request is recorded and waits for: its turn."),
        ({"status": "WAITING", "waitingFor": "files"}, "The request is recorded and waits for: files."),
        ({"status": "REQUESTED"}, "The training is being started."),
        ({"status": "STARTED"}, "Neptune has started the training."),
        ({"status": "COMPLETED"}, "The training has completed."),
        ({"status": "FAILED"}, "The training has failed."),
        ({"status": "STOPPED"}, "The training was stopped."),
        (
            {"status": "REJECTED"},
            "The training was not started, and will not be. Fix what is wrong, and upload or send it again.",
        ),
        (
            {"status": "SUPERSEDED", "supersededBy": "b"},
            "It was not started: a newer upload of the same file replaced it: b.",
        ),
        ({"status": "NEW"}, "The job has a new status."),
    ],
)
def test_each_status_is_said_in_a_sentence(changed: dict[str, Any], said: str) -> None:
    assert what_happened({**JOB, **changed}) == said
    assert what_happened_to_cancellation({**JOB, **changed}) is None


def test_each_fact_that_is_known_is_a_line() -> None:
    times = {"giveUpAt": "g", "startedAt": "s", "endedAt": "e", "updatedAt": "u", "createdAt": ""}
    assert list(facts({**JOB, **times, "arn": "arn:a"})) == [
        "Job: fraud-1",
        "ARN: arn:a",
        "Waits at most until: g",
        "Started: s",
        "Ended: e",
    ]
    assert list(facts({**JOB, "arn": ""})) == ["Job: fraud-1"]


@pytest.mark.parametrize(
    ("found", "lines"),
    [
        (
            [{"field": "f", "problem": "is wrong", "value": "v", "remedy": "Fix it"}],
            [("Why: f is wrong (value: v)", "  What to do: Fix it")],
        ),
        ([{"problem": "is wrong", "value": ""}], [("Why: is wrong (value: )", "  What to do: nothing is known")]),
        ([{"field": ["f"], "value": 0}], [('Why: ["f"]  (value: 0)', "  What to do: nothing is known")]),
        (
            ["is wrong", 7],
            [("Why: is wrong", "  What to do: nothing is known"), ("Why: 7", "  What to do: nothing is known")],
        ),
        ([], []),
        (None, []),
        ({"problem": "is wrong"}, []),
    ],
)
def test_a_problem_is_two_lines_whatever_a_person_has_written_there(found: Any, lines: list[tuple[str, str]]) -> None:
    assert list(problems(found, "Why")) == lines


@pytest.mark.parametrize(
    ("line", "printed"),
    [
        ("a\tb\u2028c ", "a b c"),
        ("\x1b[2J", "?[2J"),
        ("  indented", "  indented"),
        ("x" * 600, "x" * 600),
        ("x" * 601, "x" * 599 + "…"),
    ],
)
def test_a_line_is_printable_and_has_at_most_six_hundred_characters(line: str, printed: str) -> None:
    assert one_line(line) == printed


def test_problems_that_do_not_fit_are_counted() -> None:
    many = [{"problem": f"is wrong {number}", "remedy": "Fix it"} for number in range(9)]
    lines = email({**JOB, "reasons": many, "warnings": many[:1]}).split("\n")
    assert lines[:5] == ["STARTED: s3://m/fraud/", "", "Neptune has started the training.", "Job: fraud-1", ""]
    assert lines[5:7] == ["Why: is wrong 0", "  What to do: Fix it"]
    assert lines[19:] == [
        "Why: is wrong 7",
        "  What to do: Fix it",
        "And 2 more: see the record.",
        "",
        "The record: neptune-training show fraud-1",
    ]


def test_an_email_without_problems_has_no_place_for_them() -> None:
    assert email(JOB).split("\n") == [
        "STARTED: s3://m/fraud/",
        "",
        "Neptune has started the training.",
        "Job: fraud-1",
        "",
        "The record: neptune-training show fraud-1",
    ]


@pytest.mark.parametrize("known", [{}, {"arn": "arn:a"}])
def test_problems_that_fit_are_all_there_and_not_counted(known: dict[str, str]) -> None:
    many = [{"problem": f"is wrong {number}", "remedy": "Fix it"} for number in range(8)]
    lines = email({**JOB, **known, "reasons": many[:7], "warnings": many[7:]}).split("\n")
    assert lines[19 + len(known) :] == [
        "Warning: is wrong 7",
        "  What to do: Fix it",
        "",
        "The record: neptune-training show fraud-1",
    ]


def test_a_text_has_at_most_twelve_thousand_bytes_and_no_half_character() -> None:
    many = [{"problem": "ä" * 590, "remedy": "ä" * 590} for _ in range(8)]
    whole = email({**JOB, "reasons": many})
    assert len(whole.encode()) in (11_999, 12_000)
    assert whole.endswith("ä")
    assert "?" in email({**JOB, "model": "\ud800"})


# --- the message ------------------------------------------------------------------------------------------------------


def test_a_text_is_taken_as_it_is_and_anything_else_as_json() -> None:
    assert [text("a"), text([1, None]), text({"b": {1}}), text(None)] == ["a", "[1, null]", '{"b": "{1}"}', "null"]
    assert printable("a\x00b\u2028") == "a?b?"


def test_a_message_has_the_announced_fields_in_their_order_and_no_others() -> None:
    job = {"model": "m", "status": "STARTED", "jobId": "a", "version": 3, "failedSteps": 0, "arn": "arn:a"}
    assert message(job) == '{"messageVersion": 1, "jobId": "a", "status": "STARTED", "arn": "arn:a", "model": "m"}'


def test_a_message_is_cut_from_the_first_character_on_that_sns_may_not_take() -> None:
    def with_reasons(characters: int) -> str:
        return message({**JOB, "arn": ["a"], "reasons": "x" * characters})

    frame = len(json.dumps(with_reasons(0)))
    assert json.loads(with_reasons(200_000 - frame))["reasons"]
    assert json.loads(with_reasons(200_001 - frame)) == {
        "messageVersion": 1,
        "jobId": "fraud-1",
        "status": "STARTED",
        "arn": '["a"]',
    }
    long = message({**JOB, "jobId": "j" * 10_001, "updatedAt": "now", "reasons": "x" * 200_000})
    assert json.loads(long) == {
        "messageVersion": 1,
        "jobId": "j" * 10_000,
        "status": "STARTED",
        "updatedAt": "now",
    }
