"""Input by somebody who means harm, or by somebody unlucky: each case with its exact outcome.

`make fuzz` looks for others; what it finds is written down here.
"""

import json
import logging
import time
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.exceptions import ClientError

import emit
import notify
import start
import wiring
from cli.check import settings
from neptune_training.aws import model_files
from neptune_training.aws.neptune import Neptune, Unknown
from neptune_training.aws.neptune_errors import Unanswered
from neptune_training.checks import events, hpo, json_documents, request, requirements, scripts
from neptune_training.model.problems import MAX_CHARACTERS, Invalid, Problem, bounded, shown
from neptune_training.model.settings import Limits
from neptune_training.model.triggers import TriggerKind
from step import StepsFailed
from tests.fuzz import limits
from tests.world import Call, World, checks
from tests.world.calls import error
from tests.world.triggers import MODEL

EVENTS = Path(__file__).parent.parent / "events"
CONFIGURATION = "model-hpo-configuration.json"
MEGABYTE = 1_048_576
FORGED = '\r\n{"level":"CRITICAL","message":"forged"}\x1b[2J\u2028\x85'


@pytest.fixture
def heard() -> Iterator[StringIO]:
    """All that the functions write."""
    text = StringIO()
    handlers: list[Any] = [each for logger in (wiring.logger, notify.logger, emit.logger) for each in logger.handlers]
    before = [each.setStream(text) for each in handlers]
    with redirect_stdout(text):
        yield text
    for each, stream in zip(handlers, before, strict=True):
        each.setStream(stream)


@pytest.fixture
def held(world: World) -> Iterator[World]:
    """A world in which DynamoDB and SNS refuse what the real ones refuse."""
    with world.watched(limits.hold):
        yield world


def event(name: str) -> Any:
    return json.loads((EVENTS / f"{name}.json").read_text())


def lines(text: StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.getvalue().split("\n")[:-1]]


def problems(record: dict[str, Any]) -> list[str]:
    return [reason["problem"] for reason in record["reasons"]]


def trained(world: World, name: str, contents: dict[str, bytes]) -> dict[str, Any]:
    """What becomes of an upload, in one delivery."""
    body = world.uploaded(name, contents)
    world.clock.sleep(90)
    job_id = world.start(body)["jobId"]
    return world.jobs()[job_id]


# --- events -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (json.dumps({"source": "aws.s3", "x": "ä" * 500_000}, ensure_ascii=False), "is larger than 65536 bytes"),
        (json.dumps({**event("start-event"), "x": "y" * 65_536}), "is larger than 65536 bytes"),
        ("[" * 60_000, "is nested more than 32 levels deep"),
        ('{"a":' * 40 + "1" + "}" * 40, "is nested more than 32 levels deep"),
        ('{"id": "a", "id": "b"}', "has the same name more than once"),
        ('{"id": NaN}', "is not a finite number, or is too long"),
        ('{"id": ' + "9" * 60_000 + "}", "is not a finite number, or is too long"),
        ('{"id": "\\ud800"}', "has half a character (a lone surrogate)"),
        ("source: aws.s3\ndetail: {}\n", "is not JSON at line 1, column 1: Expecting value"),
        ("\x00", "is not JSON at line 1, column 1: Expecting value"),
        ("\ufeff\ufeff{}", "is not JSON at line 1, column 1: Unexpected UTF-8 BOM (decode using utf-8-sig)"),
    ],
)
def test_a_body_that_no_record_could_be_made_of_is_recorded_as_rejected_once(held: World, body, problem) -> None:
    first, again = held.start(body), held.start(body)
    assert [first["status"], first["jobId"]] == ["REJECTED", again["jobId"]]
    assert problems(held.job()) == [problem]
    assert len(held.job()["rawBody"]) <= 16_384


@pytest.mark.parametrize("bucket", ["", "a", "UPPER", "a b", "x" * 64, "../..", FORGED, "b" * 60_000])
def test_an_upload_into_what_is_not_a_bucket_is_rejected_before_s3_is_asked(held: World, bucket: str) -> None:
    upload = event("start-upload")
    upload["detail"]["bucket"]["name"] = bucket
    held.start(json.dumps(upload))
    assert problems(held.job()) == ["is not a valid bucket name"]


@pytest.mark.parametrize(
    "path", ["s3://", "s3://a bucket/model/", "s3://UPPER/model/", "s3://b/x", "s3://bucket/\n", "s3:///x"]
)
def test_a_directory_that_s3_could_not_have_is_rejected_by_name(held: World, path: str) -> None:
    held.start(held.requested(customModelTrainingParameters={"sourceS3DirectoryPath": path}))
    assert held.job()["status"] == "REJECTED"
    assert held.job()["reasons"][0]["field"] == "customModelTrainingParameters.sourceS3DirectoryPath"


@pytest.mark.parametrize(
    "change",
    [
        {"id": "x" * 60_000, "detail": {"id": "no id"}},
        {"source": "\U0001f600" * 2_000, "detail": {"id": "no id"}},
        {"detail": {f"parameter{number}": "ä" * 300 for number in range(90)}},
        {"detail": {"trainingInstanceType": "ml." + "a" * 60_000}},
        {"detail": {"subnets": ["subnet-" + "a" * 900] * 60}},
        {"source": "aws.scheduler", "resources": ["arn:" + "x" * 30_000], "detail": {"id": "no id"}},
        {
            "source": "aws.scheduler",
            "resources": ["arn:x"],
            "time": "2026-11-24T02:00:00." + "0" * 60_000,
            "detail": {"a": 1},
        },
    ],
)
def test_the_longest_of_everything_still_fits_a_record_and_an_announcement(held: World, change: dict[str, Any]) -> None:
    assert held.start(json.dumps({**event("start-event"), **change}))["status"] == "REJECTED"
    assert held.notify()
    assert held.announcements()[-1]["reasons"]


@pytest.mark.parametrize(
    "hostile", [None, 7, [], "text", {"Records": [None]}, {"Records": [{"eventSource": "aws:sqs"}]}, {"Records": {}}]
)
def test_an_event_of_no_known_shape_is_recorded_as_rejected(held: World, hostile: object) -> None:
    assert start.handler(hostile, held.context())["status"] == "REJECTED"


def test_a_request_with_an_id_that_another_job_has_is_rejected_and_that_job_is_as_it_was(held: World) -> None:
    taken = held.start(held.requested(id="taken"))["jobId"]
    before = held.jobs()[taken]
    answer = held.start(held.requested(id=taken, maxHPONumberOfTrainingJobs=20))
    assert [answer["status"], held.jobs()[taken]] == ["REJECTED", before]
    assert problems(held.jobs()[answer["jobId"]]) == ["is already used by another request"]


def test_a_request_with_another_triggers_derived_id_is_rejected_and_that_job_is_as_it_was(held: World) -> None:
    derived = held.start(held.uploaded())["jobId"]
    before = held.jobs()[derived]
    answer = held.start(held.requested(id=derived))
    assert [answer["status"], held.jobs()[derived]] == ["REJECTED", before]


@pytest.mark.parametrize("job_id", ["#capacity", "#newest s3://b/k", "a\n", "a#", "é", "-" * 49])
def test_a_request_cannot_name_an_item_that_is_no_job(held: World, job_id: str) -> None:
    held.start(held.requested(id=job_id))
    assert [each["status"] for each in held.items().values()] == ["REJECTED"]


@pytest.mark.parametrize(
    ("parameter", "limits"),
    [
        ("trainingInstanceType", Limits(instanceTypes=("ml.g5.*",))),
        ("trainingTimeOutInSeconds", Limits(trainingTimeOutInSeconds=3_600)),
        ("maxHPONumberOfTrainingJobs", Limits(maxHPONumberOfTrainingJobs=1)),
    ],
)
def test_null_does_not_pass_the_operators_limit_under_what_neptune_takes_for_it(parameter: str, limits: Limits) -> None:
    own = settings("data").model_copy(update={"limits": limits, "defaults": {}})
    asked = {
        "trainingInstanceType": "ml.g5.xlarge",
        "trainingTimeOutInSeconds": 1,
        "maxHPONumberOfTrainingJobs": 1,
        "dataProcessingJobId": "d",
        parameter: None,
    }
    with pytest.raises(Invalid) as raised:
        request.build(
            asked, own, kind=TriggerKind.UPLOAD, derived={"id": "a", "trainModelS3Location": "s3://bucket/out"}
        )
    assert [reason.field for reason in raised.value.problems] == [parameter]


# --- uploads ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["a b", "a+b", "%2B%00", "é\u0301ß", "\U0001f600" * 200, "x" * 980, "'\"`$(id)", "[x]*?"]
)
def test_a_model_trains_whatever_its_directory_is_called(held: World, name: str) -> None:
    assert trained(held, name, MODEL)["status"] == "STARTED"
    held.until_quiet()
    checks.at_the_end(held)


def test_an_uploader_who_writes_something_else_than_an_object_for_the_scripts_is_told(held: World) -> None:
    own = {"training-job.json": b'{"customModelTrainingParameters": "train.py"}'}
    assert "should be an object" in problems(trained(held, "fraud", {**MODEL, **own}))


def test_a_script_with_a_name_of_a_megabyte_is_rejected_in_a_record_that_fits(held: World) -> None:
    named = {"customModelTrainingParameters": {"trainingEntryPointScript": "x" * 200_000 + ".py"}}
    assert trained(held, "fraud", {**MODEL, "training-job.json": json.dumps(named).encode()})["status"] == "REJECTED"


def test_a_megabyte_of_wrong_requirements_is_not_checked_and_the_first_fifty_of_fewer_are_told(held: World) -> None:
    assert trained(held, "many", {**MODEL, "requirements.txt": b"!\n" * (MEGABYTE // 2)})["status"] == "STARTED"
    wrong = b"".join(b"%d!\n" % number for number in range(15_000))
    assert len(problems(trained(held, "fewer", {**MODEL, "requirements.txt": wrong}))) == 50


def test_a_directory_of_too_many_files_is_rejected_for_that_and_not_as_deleted(held: World) -> None:
    def more(call: Call) -> None:
        if (call.operation, call.moment) == ("ListObjectsV2", "after"):
            call.parameters["IsTruncated"] = True
            call.parameters["Contents"] = [
                each for each in call.parameters["Contents"] if CONFIGURATION not in each["Key"]
            ]

    with held.watched(more):
        record = trained(held, "fraud", MODEL)
    assert [record["status"], problems(record)] == ["REJECTED", ["has more than 1000 files"]]


def test_a_file_that_changes_between_the_listing_and_the_read_is_read_again_later(held: World) -> None:
    def change(call: Call) -> None:
        if (call.operation, call.moment) == ("GetObject", "before"):
            held.put(
                "fraud",
                {"training.py": b"x = 1\n", "transform.py": b"x = 2\n", CONFIGURATION: MODEL[CONFIGURATION] + b" "},
            )

    with held.watched(change):
        record = trained(held, "fraud", MODEL)
    assert [record["status"], record["waitingFor"]] == ["WAITING", "files to settle"]


def test_a_configuration_that_vanishes_between_the_listing_and_the_read_is_rejected_as_deleted(held: World) -> None:
    def vanish(call: Call) -> None:
        if (call.operation, call.moment) == ("GetObject", "before"):
            held.remove("fraud", CONFIGURATION)

    with held.watched(vanish):
        assert trained(held, "fraud", MODEL)["waitingFor"] == "files to settle"
    held.until_quiet()
    assert problems(held.job()) == ["was deleted before the training started"]


def test_files_of_five_gigabytes_are_never_read(held: World) -> None:
    read = []

    def enlarge(call: Call) -> None:
        if (call.operation, call.moment) == ("ListObjectsV2", "after"):
            for each in call.parameters["Contents"]:
                each["Size"] = 5 * 2**30
        if call.operation == "GetObject":
            read.append(call)

    with held.watched(enlarge):
        record = trained(held, "fraud", MODEL)
    assert [record["status"], read] == ["REJECTED", []]
    assert f"is larger than {model_files.MAX_BYTES} bytes" in problems(record)


@pytest.mark.parametrize("code", ["InvalidObjectState", "InvalidRequest", "KMS.DisabledException"])
def test_an_object_that_s3_refuses_to_read_waits_for_access_and_gives_up(make_world: Any, code: str) -> None:
    world = make_world(GiveUpSeconds="600")
    world.queue.send(world.uploaded())
    with world.outage("s3", error(code, 403), ["GetObject"]):
        world.until_quiet()
    checks.at_the_end(world)
    assert [world.job()["status"], problems(world.job())[0]] == ["REJECTED", "cannot be read: access is denied"]
    assert not [each for each in world.errors if isinstance(each, ClientError | StepsFailed)]


# --- parsers, and their time ------------------------------------------------------------------------------------------


def test_thousands_of_unknown_parameters_take_no_longer_than_the_fifty_that_are_told() -> None:
    asked, began = {f"trainingInstance{number}": 1 for number in range(20_000)}, time.process_time()
    with pytest.raises(Invalid) as raised:
        request.build(asked, settings("data"), kind=TriggerKind.UPLOAD, derived={})
    assert len(raised.value.problems) == 50
    assert time.process_time() - began < 1


def test_a_regex_with_flags_that_contradict_each_other_is_refused() -> None:
    with pytest.raises(Invalid, match="flags are incompatible"):
        hpo.check(with_regex("(?a)(?u)(x)"), max_hpo_jobs=12)


def with_regex(regex: str) -> Any:
    document = json.loads(MODEL[CONFIGURATION])
    document["models"][0]["eval_metric"]["metric_definitions"][0]["Regex"] = regex
    return document


@pytest.mark.parametrize(
    "content", [b"-" * 100_000 + b"1", b"(" * 100_000, b"a" + b".a" * 60_000, b"not " * 30_000 + b"1", b"x\0", b"\xff"]
)
def test_a_script_that_python_cannot_parse_is_one_reason_or_one_warning(content: bytes) -> None:
    reasons, warnings = scripts.check_parsed(scripts.parse({"training.py": content}))
    assert len(reasons + warnings) == 1


@pytest.mark.parametrize(
    "text",
    [
        b"a;" + b"(" * 60_000,
        b"a==" + b"1." * 50_000 + b"x",
        b"a[" + b"b," * 50_000,
        b"a" + b" " * 100_000 + b"b",
        b".whl[" * 20_000 + b" x",
        b"\\\n" * 50_000 + b"!",
    ],
)
def test_a_requirement_without_end_is_one_problem_at_most_and_takes_no_time(text: bytes) -> None:
    began = time.process_time()
    reasons, warnings = requirements.check(text)
    assert len(reasons + warnings) <= 1
    assert time.process_time() - began < 1


def test_reasons_together_are_bounded_whatever_each_of_them_holds() -> None:
    long = [Problem(field="\U0001f600" * 9_000, value="v" * 9_000, problem="p" * 9_000, remedy="r" * 9_000)] * 100
    kept = bounded(long)
    assert kept[-1].problem == "there are more problems"
    assert sum(len(str(reason)) for reason in kept) <= MAX_CHARACTERS + 100


def test_a_value_of_a_megabyte_is_shown_without_writing_all_of_it() -> None:
    began = time.process_time()
    for _ in range(100):
        assert len(shown([[1.5] * 1_000] * 1_000)) == 200
    assert time.process_time() - began < 1


def test_a_document_is_read_to_its_limit_and_not_beyond() -> None:
    with pytest.raises(Invalid, match="is larger than 262144 bytes"):
        json_documents.read(b"[" + b"1," * 200_000 + b"1]", "file")


def test_an_event_is_shown_without_control_characters() -> None:
    with pytest.raises(events.Unreadable) as raised:
        events.read(json.dumps({"detail": FORGED}))
    assert "\n" not in (raised.value.problems[0].value or "")


# --- Neptune's answers ------------------------------------------------------------------------------------------------


class Body:
    def __init__(self, content: bytes) -> None:
        self.content = content

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.content


BROKEN = [
    b"null",
    b"[]",
    b"7",
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"__type": 5}',
    b'{"arn": 5, "creationTimeInMillis": "x"}',
    b'{"arn": null, "creationTimeInMillis": 1}',
    b'{"arn": "a", "creationTimeInMillis": 1e400}',
    b'{"arn": "a", "creationTimeInMillis": ' + b"9" * 30 + b"}",
    b'{"arn": "' + b"a" * 3_000 + b'", "creationTimeInMillis": 1}',
]


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize("body", BROKEN, ids=lambda body: body[:40].decode("ascii", "ignore") or "no text")
def test_an_answer_of_another_shape_leaves_the_start_in_doubt_and_the_job_unknown(body: bytes, status: int) -> None:
    session = boto3.Session(aws_access_key_id="a", aws_secret_access_key="b", region_name="us-east-1")
    once = Config(retries={"total_max_attempts": 1})
    client = session.client("neptunedata", endpoint_url="https://neptune.invalid:8182", config=once)
    send: Any = lambda request, **_: AWSResponse(request.url, status, HTTPHeaders(), Body(body))  # noqa: E731
    client.meta.events.register("before-send", send)
    neptune = Neptune(client, looks=client, now=wiring.now, sleep=lambda _: None)
    with pytest.raises(Unanswered):
        neptune.start({"dataProcessingJobId": "d", "trainModelS3Location": "s3://bucket/out"}, until=wiring.now())
    assert isinstance(neptune.training("job", None), Unknown)


# --- what is said of it -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"source": FORGED},
        {"id": FORGED},
        {"detail": {FORGED: FORGED}},
        {"detail": {"id": FORGED}},
        {"detail-type": FORGED},
        {"time": FORGED},
        {"detail": {"customModelTrainingParameters": {"sourceS3DirectoryPath": f"s3://models-bucket/{FORGED}"}}},
    ],
)
def test_no_event_forges_a_log_line(held: World, heard: StringIO, change: dict[str, Any]) -> None:
    held.start(json.dumps({**event("start-event"), **change}), FORGED)
    held.notify()
    assert {line["level"] for line in lines(heard) if "level" in line} == {"INFO"}


def test_no_uploaded_name_forges_a_log_line_or_a_subject(held: World, heard: StringIO) -> None:
    upload = event("start-upload")
    upload["detail"]["bucket"]["name"] = "models-bucket"
    upload["detail"]["object"]["key"] = f"models/{FORGED}/{CONFIGURATION}"
    held.start(json.dumps(upload))
    held.track()
    held.notify()
    assert {line["level"] for line in lines(heard) if "level" in line} == {"INFO"}
    assert held.announcements()[0]["trigger"]["key"] == f"models/{FORGED}/{CONFIGURATION}"


def test_an_error_that_quotes_its_input_is_one_line_of_level_error(held: World, heard: StringIO) -> None:
    def fail(call: Call) -> None:
        raise RuntimeError(FORGED)

    held.start(held.uploaded())
    held.clock.sleep(120)
    with held.watched(lambda call: fail(call) if call.operation == "ListObjectsV2" else None):
        assert not held.track()
    assert [line["level"] for line in lines(heard) if "exception" in line] == ["ERROR"]


def test_half_a_character_in_a_log_does_not_break_it(heard: StringIO) -> None:
    logging.getLogger("neptune_training.flow.step").warning("odd", extra={"value": shown("\ud800")})
    assert [line["value"] for line in lines(heard) if line.get("message") == "odd"] in ([], ['"\\ud800"'])


BINARY = "AAH/"  # Lambda writes bytes as base64


@pytest.mark.parametrize(
    ("changed", "published"),
    [
        ({"status": {"S": FORGED}, "jobId": {"S": "\U0001f600" + FORGED}}, 1),
        ({"status": {"S": "\uffff\U0010ffff\u200b"}}, 1),
        ({"model": {"S": "x" * 70_000 + FORGED}}, 1),
        ({"jobId": {"S": "\U0001f600" * 2_000}, "status": {"S": "\U0001f600" * 90_000}}, 1),
        ({"arn": {"S": "a" * MEGABYTE}}, 1),
        ({"arn": {"L": [{"S": "a" * MEGABYTE}]}, "updatedAt": {"B": "AA" * MEGABYTE}}, 1),
        ({"waitingFor": {"S": "x" * MEGABYTE}}, 1),
        ({"waitingFor": {"M": {"a": {"B": BINARY}}}}, 1),
        ({"reasons": {"B": BINARY}}, 1),
        ({"reasons": {"B": ""}}, 1),
        ({"reasons": {"L": [{"M": {"value": {"BS": [BINARY, "AA=="]}}}, {"L": [{"B": BINARY}]}]}}, 1),
        ({"reasons": {"SS": ["a"]}, "stages": {"NS": ["1.5", "1E+40"]}, "warnings": {"BS": [BINARY]}}, 1),
        ({"reasons": {"M": {}}, "stages": {"L": []}, "trigger": {"NULL": True}, "model": {"S": " "}}, 1),
        ({"creationTimeInMillis": {"N": "1.5"}}, 1),
        ({"creationTimeInMillis": {"N": "1E+125"}}, 1),
        ({"creationTimeInMillis": {"BOOL": False}}, 1),
        ({"status": {"N": "1"}}, 0),
        ({"status": {"B": BINARY}}, 0),
        ({"model": {"NULL": True}}, 0),
        ({"jobId": {"S": ""}}, 0),
        ({"jobId": {"B": BINARY}}, 0),
        ({"jobId": {"N": "7"}}, 0),
        ({"reasons": {"B": "A"}}, 0),
        ({"reasons": {"N": "no number"}}, 0),
        ({"reasons": {"A new type": "x"}}, 0),
        ({"reasons": "no type"}, 0),
    ],
    ids=lambda value: str(value)[:60],
)
def test_an_item_that_a_person_wrote_is_announced_as_sns_takes_it_or_passed_over(
    held: World, heard: StringIO, changed: dict[str, Any], published: int
) -> None:
    image = event("notify-record")["Records"][0]["dynamodb"]["NewImage"]
    records = [{"dynamodb": {"NewImage": {**image, **changed}}}, {"dynamodb": {"NewImage": image}}]
    assert notify.handler(json.loads(json.dumps({"Records": records})), held.context()) == {"published": published + 1}
    passed_over = [line for line in lines(heard) if line.get("message") == "not announced"]
    assert [line["level"] for line in passed_over] == ([] if published else ["ERROR"])


def test_an_item_is_announced_whatever_it_was_before(held: World) -> None:
    image = event("notify-record")["Records"][0]["dynamodb"]["NewImage"]
    before = {**image, "status": {"B": BINARY}, "arn": {"BS": [BINARY]}}
    records = [{"dynamodb": {"NewImage": image, "OldImage": before}}]
    assert notify.handler({"Records": records}, held.context()) == {"published": 1}
