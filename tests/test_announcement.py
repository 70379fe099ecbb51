"""The message and its e-mail: a form with a version and a schema, and a text that says what to do on one page."""

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import notify
from local import schemas
from neptune_training.announce import message as messages
from neptune_training.announce.email import MAX_BYTES, MAX_LINES, email, what_happened
from neptune_training.announce.message import message
from neptune_training.model.problems import MAX_PROBLEMS
from neptune_training.model.statuses import Status
from tests.test_notify import Context, record
from tests.world import World

SCHEMA = json.loads((schemas.DIRECTORY / "training-job-message.schema.json").read_text())
VALID = Draft202012Validator(SCHEMA)
JOB = {"jobId": "fraud-1", "status": "FAILED", "model": "s3://my-models/models/fraud/"}
LARGEST_SNS_MESSAGE = 262_144  # bytes, with the attributes (API reference, Publish)


def problem(number: int = 0, **changes: Any) -> dict[str, Any]:
    made = {"field": f"models[{number}].gpu", "value": "many", "problem": "is not a number", "remedy": "Set a number"}
    return {**made, **changes}


# --- the message ------------------------------------------------------------------------------------------------------


def test_every_message_of_a_run_of_every_kind_is_as_the_schema_says(make_world) -> None:
    world: World = make_world(SettleSeconds="0", MaxConcurrentTrainingJobs="2")
    world.neptune.add_data_processing_job("night", status="InProgress", seconds=300)
    bodies = [
        world.uploaded("first"),
        world.uploaded("broken", {"model-hpo-configuration.json": b"{"}),
        world.requested(id="mine"),
        world.requested(dataProcessingJobId="night"),
        world.requested(modelName="x"),
        world.ticked(),
        "not JSON",
    ]
    for body in bodies:
        world.queue.send(body)
    world.minutes(3)
    failing = next(job_id for job_id, status in world.statuses().items() if status == "STARTED")
    world.neptune.fail_job(failing)
    world.until_quiet()
    assert {"WAITING", "REQUESTED", "STARTED", "COMPLETED", "REJECTED"} <= {
        each["status"] for each in world.announcements()
    }
    for each in (*world.announcements(), *world.emitted()):
        VALID.validate(each)
        assert each["messageVersion"] == 1


def test_a_message_that_was_too_large_is_as_the_schema_says_too() -> None:
    cut = json.loads(message({**JOB, "arn": "arn", "updatedAt": "2026-11-24", "reasons": [{"field": "x" * 300_000}]}))
    VALID.validate(cut)
    assert cut == {"messageVersion": 1, "jobId": "fraud-1", "status": "FAILED", "arn": "arn", "updatedAt": "2026-11-24"}


def test_the_schema_describes_each_field() -> None:
    assert list(SCHEMA["properties"]) == ["messageVersion", *messages.ANNOUNCED]
    assert all(each["description"] for each in SCHEMA["properties"].values())


def test_a_field_that_only_a_later_version_knows_is_valid() -> None:
    VALID.validate({**JOB, "messageVersion": 1, "result": {"objective": 0.9}})


# --- the e-mail -------------------------------------------------------------------------------------------------------


def test_an_email_says_status_and_model_first_then_what_happened_why_and_what_to_do() -> None:
    job = {**JOB, "arn": "arn:aws:…", "endedAt": "2026-11-24T02:00:00.000Z", "reasons": [problem()]}
    assert email(job).split("\n") == [
        "FAILED: s3://my-models/models/fraud/",
        "",
        "The training has failed.",
        "Job: fraud-1",
        "ARN: arn:aws:…",
        "Ended: 2026-11-24T02:00:00.000Z",
        "",
        "Why: models[0].gpu is not a number (value: many)",
        "  What to do: Set a number",
        "",
        "The record: neptune-training show fraud-1",
    ]


LOG = {"group": "/aws/sagemaker/TrainingJobs", "stream": "a/algo-1"}


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (
            {
                "trials": {"completed": 8, "failed": 2, "stopped": 0},
                "bestTrial": {"name": "n", "metric": {"name": "accuracy", "value": 0.94}},
            },
            ["Trials: 8 completed, 2 failed, 0 stopped", "Best trial: accuracy 0.94"],
        ),
        (
            {"log": {**LOG, "command": "show"}},
            ["The log /aws/sagemaker/TrainingJobs a/algo-1 says why. Its last lines: show"],
        ),
        (
            {"log": {**LOG, "lines": [str(number) for number in range(30)]}},
            ["The end of the log /aws/sagemaker/TrainingJobs a/algo-1:", *(f"  {number}" for number in range(22, 30))],
        ),
    ],
    ids=["trials", "log", "lines"],
)
def test_an_email_says_what_came_of_the_training(result: dict[str, Any], said: list[str]) -> None:
    lines = email({**JOB, "result": result, "reasons": [problem()] * 9}).split("\n")
    assert lines[4 : 4 + len(said)] == said
    assert len(lines) <= MAX_LINES


@pytest.mark.parametrize("status", Status)
def test_each_status_has_a_sentence_of_its_own(status: Status) -> None:
    others = [what_happened({**JOB, "status": each}) for each in Status if each is not status]
    assert what_happened({**JOB, "status": status}) not in others


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        ("WAITING", "The cancellation is kept until its job's request arrives."),
        ("REJECTED", "Nothing was cancelled. Fix what is wrong, and send the cancellation again."),
        ("SUPERSEDED", "The cancellation was applied to the job mine."),
        ("NEW", "The job has a new status."),
    ],
)
def test_an_email_about_a_kept_cancellation_says_what_became_of_the_cancellation(status: str, sentence: str) -> None:
    cancellation = {**JOB, "status": status, "supersededBy": "mine", "trigger": {"kind": "cancellation"}}
    assert email(cancellation).split("\n")[2] == sentence
    upload = {**cancellation, "trigger": {"kind": "upload"}}
    assert email(upload).split("\n")[2] == what_happened(upload)


def test_the_emails_of_a_cancellation_and_its_late_request_say_so(make_world) -> None:
    world: World = make_world(SettleSeconds="0")
    world.queue.send(world.cancelled("mine"))
    world.minutes(1)
    world.queue.send(world.requested(id="mine"))
    world.until_quiet()
    said = [text.split("\n")[2] for text in world.emails()]
    assert said[0] == "The cancellation is kept until its job's request arrives."
    assert "The cancellation was applied to the job mine." in said


@pytest.mark.parametrize("count", range(0, MAX_PROBLEMS + 1, 5))
def test_an_email_has_at_most_25_lines_and_counts_what_is_left_out(count: int) -> None:
    full = dict.fromkeys(("arn", "giveUpAt", "startedAt", "endedAt"), "2026-11-24T02:00:00.000Z")
    text = email({**JOB, **full, "reasons": [problem(number) for number in range(count)], "warnings": [problem()]})
    lines = text.split("\n")
    assert len(lines) <= MAX_LINES
    shown = sum(line.startswith(("Why: ", "Warning: ")) for line in lines)
    left = re.search(r"^And (\d+) more", text, re.MULTILINE)
    assert shown + int(left.group(1) if left else 0) == count + 1


@pytest.mark.parametrize(
    "hostile", ["a\nSTARTED: s3://other/", "a\r\n\r\nb", "\x1b[2Ja", "\u202eevil", "\u2028b", "\x00"]
)
def test_what_comes_from_outside_makes_no_line_and_nothing_that_a_terminal_obeys(hostile: str) -> None:
    job = {
        **JOB,
        "model": hostile,
        "arn": hostile,
        "reasons": [problem(field=hostile, problem=hostile, remedy=hostile)],
    }
    text = email(job)
    assert len(text.split("\n")) == len(email({**job, "model": "m", "reasons": [problem()]}).split("\n"))
    assert all(line.isprintable() for line in text.split("\n"))


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)  # the machine may be busy
@given(st.fixed_dictionaries({}, optional={name: ANYTHING for name in messages.ANNOUNCED if name not in JOB}))
def test_an_email_can_be_written_of_whatever_a_person_has_put_into_the_table(fields: dict[str, Any]) -> None:
    text = email({**JOB, **fields})
    assert text.startswith("FAILED: s3://my-models/models/fraud/\n\nThe training has failed.\n")
    assert len(text.split("\n")) <= MAX_LINES


class Topic:
    """SNS, which keeps what it gets."""

    def __init__(self) -> None:
        self.published: dict[str, Any] = {}

    def publish(self, **parameters: Any) -> dict[str, str]:
        self.published = parameters
        return {"MessageId": "1"}


@pytest.mark.parametrize("character", ['"', "\\", "é", "😀", "x"])
@pytest.mark.parametrize("characters", [1_000, 40_000, 99_000, 199_000, 400_000])
def test_json_email_and_attributes_together_are_smaller_than_sns_allows(
    monkeypatch: pytest.MonkeyPatch, character: str, characters: int
) -> None:
    topic = Topic()
    monkeypatch.setattr(notify, "sns", lambda: topic)
    monkeypatch.setenv("TRAINING_TOPIC_ARN", "arn:aws:sns:us-east-1:123456789012:training")
    long = {"S": character * 2_048}
    reasons = [problem(number, problem=character * (characters // 10)) for number in range(10)]
    typed = [{"M": {name: {"S": value} for name, value in each.items()}} for each in reasons]
    notify.handler(record({"jobId": long, "model": long, "waitingFor": long, "reasons": {"L": typed}}, {}), Context())
    attributes = json.dumps(topic.published["MessageAttributes"], ensure_ascii=False)
    assert len(f"{topic.published['Message']}{attributes}".encode()) < LARGEST_SNS_MESSAGE
    parts = json.loads(topic.published["Message"])
    assert json.loads(parts["default"])["jobId"] == long["S"]
    assert len(parts["email"].encode()) <= MAX_BYTES


def test_the_emails_of_a_training_say_its_statuses(world: World) -> None:
    world.queue.send(world.uploaded())
    world.until_quiet()
    assert [text.split(":")[0] for text in world.emails()][-3:] == ["REQUESTED", "STARTED", "COMPLETED"]
