"""What is added to a job that has ended: its best trial, the last lines of its log; and that nothing waits for it."""

import math
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import emit
import notify
import result_wiring
from neptune_training.announce import result, result_finder
from neptune_training.announce.result import LogLines
from neptune_training.announce.result_finder import ResultFinder
from neptune_training.aws.dynamodb_items import plain, typed
from neptune_training.aws.records import item, job_of
from neptune_training.aws.result_field import write_result
from neptune_training.model.jobs import Ended
from neptune_training.model.statuses import Status
from tests.world import Call, Crash, World
from tests.world.calls import error
from tests.world.surroundings import TABLE, session

pytestmark = pytest.mark.mutants

BEGAN = datetime(2030, 1, 1, tzinfo=UTC)
BEST = {
    "TrainingJobName": "hpo-004-ab",
    "TunedHyperParameters": {"dropout": "0.3", "batch-size": "128"},
    "FinalHyperParameterTuningJobObjectiveMetric": {"MetricName": "accuracy", "Value": 0.9431999921798706},
    "TrainingStartTime": BEGAN,
    "TrainingEndTime": BEGAN + timedelta(seconds=412.7),
}
COUNTERS = {"Completed": 8, "InProgress": 0, "RetryableError": 1, "NonRetryableError": 2, "Stopped": 3}
ARN = "arn:aws:sagemaker:us-east-1:123456789012:"
NOBODY: Any = None  # a service that is not asked: what would ask it fails


# --- the field --------------------------------------------------------------------------------------------------------


def test_a_completed_job_has_its_best_trial_and_how_many_trials_ended_how() -> None:
    assert result.trials({"TrainingJobStatusCounters": COUNTERS, "BestTrainingJob": BEST}) == {
        "trials": {"completed": 8, "failed": 3, "stopped": 3},
        "bestTrial": {
            "name": "hpo-004-ab",
            "metric": {"name": "accuracy", "value": 0.9432},
            "hyperparameters": {"batch-size": "128", "dropout": "0.3"},
            "seconds": 412,
        },
    }


def test_what_sagemaker_does_not_say_is_left_out() -> None:
    assert result.best_trial({"TrainingJobName": "x"}) == {"name": "x", "metric": {}, "hyperparameters": {}}
    assert "bestTrial" not in result.trials({"TrainingJobStatusCounters": {}})


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e-130, 1e126, "NaN"])
def test_a_metric_that_dynamodb_cannot_hold_is_left_out(value: Any) -> None:
    metric = {"MetricName": "loss", "Value": value}
    best = result.best_trial({**BEST, "FinalHyperParameterTuningJobObjectiveMetric": metric})
    assert best["metric"] == {"name": "loss"}


@pytest.mark.parametrize("value", [0.0, -0.5, 1e-99, 9.999999e99, 1, 0.1])
def test_a_metric_comes_back_from_the_table_as_it_was(value: float) -> None:
    metric = {"MetricName": "loss", "Value": value}
    best = result.best_trial({**BEST, "FinalHyperParameterTuningJobObjectiveMetric": metric})
    assert plain(typed(best)) == best
    assert best["metric"]["value"] == pytest.approx(value)


def test_hyperparameters_are_thirty_at_most_and_each_of_a_hundred_characters() -> None:
    tuned = {f"{number:03}{'n' * 300}": "v" * 300 for number in range(100)}
    best = result.best_trial({**BEST, "TunedHyperParameters": tuned})
    assert len(best["hyperparameters"]) == 30
    assert {len(text) for pair in best["hyperparameters"].items() for text in pair} == {100}


def test_of_a_log_there_are_the_last_thirty_lines_cut_and_without_control_characters() -> None:
    [found] = result.log("group", "stream", [*["x" * 5000] * 31, "\x1b[31mred\x07\tend\n"]).values()
    assert (found["group"], found["stream"], len(found["lines"])) == ("group", "stream", 30)
    assert {len(line) for line in found["lines"][:-1]} == {300}
    assert found["lines"][-1] == "?[31mred?   end"


@pytest.mark.parametrize(
    ("kind", "place"),
    [
        ("processing-job", ("/aws/sagemaker/ProcessingJobs", "Mine/")),
        ("training-job", ("/aws/sagemaker/TrainingJobs", "Mine/")),
        ("hyper-parameter-tuning-job", ("/aws/sagemaker/TrainingJobs", "Mine-")),
        ("transform-job", ("/aws/sagemaker/TransformJobs", "Mine/")),
        ("something-new", None),
    ],
)
def test_the_log_of_what_failed_is_where_its_kind_of_job_writes(kind: str, place: tuple[str, str] | None) -> None:
    failed = {"name": "Mine", "arn": f"{ARN}{kind}/mine", "status": "Failed"}
    completed = {"name": "other", "arn": f"{ARN}processing-job/other", "status": "Completed"}
    assert result.log_of_failed({"hpo": failed, "processing": completed}) == place


def test_there_is_no_log_if_no_stage_failed() -> None:
    stage = {"name": "mine", "arn": f"{ARN}training-job/mine", "status": "InProgress"}
    assert result.log_of_failed({"hpo": stage}) is None
    assert result.log_of_failed({}) is None


# --- records and messages ---------------------------------------------------------------------------------------------


@pytest.fixture
def ended(make_world: Callable[..., World]) -> Callable[..., World]:
    """Make a world in which a job has just ended, COMPLETED or FAILED, and that is not announced yet."""

    def make(status: str = "FAILED", **parameters: str) -> World:
        world = make_world(SettleSeconds="0", **parameters)
        world.keep_logs()
        job_id = world.start(world.uploaded())["jobId"]
        if status == "FAILED":
            world.neptune.fail_job(job_id, reason="CUDA out of memory", now=True)
        else:
            world.neptune.complete_job(job_id)
        world.clock.sleep(100_000)
        world.track()
        assert world.statuses() == {job_id: status}
        return world

    return make


def last(world: World) -> dict[str, Any]:
    assert world.notify(), world.errors
    return world.announcements()[-1]


def test_a_completed_jobs_record_and_message_have_its_best_trial(ended: Callable[..., World]) -> None:
    world = ended("COMPLETED")
    version = world.job()["version"]
    message = last(world)
    assert message["status"] == "COMPLETED"
    assert message["result"] == world.job()["result"]
    assert message["result"]["trials"] == {"completed": 8, "failed": 2, "stopped": 0}
    assert 0 < message["result"]["bestTrial"]["metric"]["value"] < 1
    assert world.job()["version"] == version


def test_a_result_in_the_record_is_not_announced_again(ended: Callable[..., World]) -> None:
    world = ended("COMPLETED")
    last(world)
    count = len(world.announcements())
    assert world.notify(), world.errors
    assert len(world.announcements()) == count


def test_a_failed_jobs_record_has_the_last_lines_and_its_message_the_command_that_shows_them(
    ended: Callable[..., World],
) -> None:
    world = ended()
    message = last(world)
    kept = world.job()["result"]["log"]
    assert len(kept["lines"]) == 30
    assert kept["lines"][-1] == "CUDA out of memory"
    assert message["result"]["log"] == {
        "group": "/aws/sagemaker/TrainingJobs",
        "stream": kept["stream"],
        "command": f"neptune-training show {message['jobId']}",
    }


@pytest.mark.parametrize("status", ["COMPLETED", "FAILED"])
def test_the_event_has_the_same_result_as_the_message(ended: Callable[..., World], status: str) -> None:
    world = ended(status)
    message = last(world)
    assert world.emit(), world.errors
    assert world.emitted()[-1]["result"] == message["result"]


def test_with_messages_the_lines_are_in_the_message_too(ended: Callable[..., World]) -> None:
    world = ended(IncludeLogLines="messages")
    assert last(world)["result"] == world.job()["result"]


def test_with_nowhere_no_log_is_read(ended: Callable[..., World]) -> None:
    world = ended(IncludeLogLines="nowhere")
    calls: list[str] = []
    with world.watched(lambda call: calls.append(call.service)):
        assert "result" not in last(world)
    assert set(calls) == {"sns"}
    assert "result" not in world.job()


@pytest.mark.parametrize("where", ["record", "nowhere"])
def test_a_restored_record_whose_log_cannot_be_read_is_announced_without_its_lines(
    ended: Callable[..., World], monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    world = ended()
    job_id = last(world)["jobId"]
    kept = world.job()
    lines = kept["result"]["log"].pop("lines")
    inserted = {"Records": [{"dynamodb": {"NewImage": typed(world.job())}}]}
    monkeypatch.setenv("INCLUDE_LOG_LINES", where)
    with world.outage("logs", error("ResourceNotFoundException", 400)):
        notify.handler(inserted, world.context())
        emit.handler(inserted, world.context())
    message = world.announcements()[-1]
    assert message["result"] == {"log": {**kept["result"]["log"], "command": f"neptune-training show {job_id}"}}
    assert world.emitted()[-1] == message
    assert lines[0] not in world.emails()[-1]


LOG = {"group": "g", "stream": "s", "lines": ["secret"]}


@pytest.mark.parametrize("status", [*Status, "NEW"])
def test_whatever_the_status_no_line_of_a_record_that_a_person_wrote_is_announced(status: str) -> None:
    finder = ResultFinder(NOBODY, NOBODY, LogLines.RECORD, None)
    announced = finder.with_result({"jobId": "a", "status": status, "result": {"trials": {}, "log": LOG}})
    assert announced["result"] == {
        "trials": {},
        "log": {"group": "g", "stream": "s", "command": "neptune-training show a"},
    }


@pytest.mark.parametrize(
    "found",
    [
        "secret",
        ["secret"],
        {"log": "secret"},
        {"log": ["secret"]},
        {"log": {"lines": "secret"}},
        {"log": {**LOG, "group": ["secret"]}},
        {"log": {**LOG, "stream": None}},
    ],
)
def test_a_result_of_any_form_loses_its_lines(found: Any) -> None:
    assert result.without_lines(found, "command") == {}


def test_a_stream_of_another_job_is_never_read(ended: Callable[..., World]) -> None:
    world = ended()
    name = world.job()["stages"]["hpo"]["name"]
    write = world.neptune.write_log
    assert write
    write("/aws/sagemaker/TrainingJobs", f"{name}2-001-ab/algo-1-9", ["somebody else's"])
    last(world)
    assert "somebody else's" not in world.job()["result"]["log"]["lines"]


def test_an_earlier_attempts_record_with_a_result_is_read_and_written_back_unchanged(
    ended: Callable[..., World],
) -> None:
    world = ended("COMPLETED")
    last(world)
    stored = typed(world.job())
    job = job_of(plain(stored))
    assert isinstance(job, Ended)
    assert job.result == world.job()["result"]
    assert item(job) == stored


def test_a_result_is_written_only_to_a_job_of_that_status_that_has_none(ended: Callable[..., World]) -> None:
    world = ended("COMPLETED")
    client, job = session().client("dynamodb"), world.job()
    write_result(client, TABLE, {**job, "status": "FAILED"}, {"trials": {}})
    assert "result" not in world.job()
    write_result(client, TABLE, {**job, "jobId": "nobody"}, {"trials": {}})
    assert list(world.jobs()) == [job["jobId"]]
    write_result(client, TABLE, job, {"trials": {"completed": 1}})
    write_result(client, TABLE, job, {"trials": {"completed": 2}})
    assert world.job() == {**job, "result": {"trials": {"completed": 1}}}


def test_killed_between_the_record_and_the_message_it_announces_the_same_result_afterwards(
    ended: Callable[..., World],
) -> None:
    world = ended("COMPLETED")

    def kill(call: Call) -> None:
        if (call.operation, call.moment) == ("UpdateItem", "after"):
            raise Crash(call)

    with world.watched(kill):
        assert not world.notify()
    assert last(world)["result"] == world.job()["result"]


@pytest.mark.parametrize(("status", "service"), [("COMPLETED", "sagemaker"), ("FAILED", "logs")])
def test_clients_are_made_when_a_job_has_ended_and_in_the_handlers_own_thread(
    ended: Callable[..., World], monkeypatch: pytest.MonkeyPatch, status: str, service: str
) -> None:
    world = ended(status)
    made, make = list[tuple[str, threading.Thread]](), result_wiring.client

    def client(service: Any) -> Any:
        made.append((service, threading.current_thread()))
        return make(service)

    monkeypatch.setattr(result_wiring, "client", client)
    last(world)
    assert made == [(service, threading.current_thread()), ("dynamodb", threading.current_thread())]


# --- nothing waits for a result ---------------------------------------------------------------------------------------

TUNING = "DescribeHyperParameterTuningJob"


@pytest.mark.parametrize(
    "fault",
    ["ThrottlingException", "AccessDeniedException", "ResourceNotFound", "http-500", "not-json", "drop-before"],
)
def test_whatever_sagemaker_answers_the_end_is_announced_at_the_first_try(
    ended: Callable[..., World], fault: str
) -> None:
    world = ended("COMPLETED")
    world.neptune.fail(TUNING, fault, share=1)
    message = last(world)
    assert message["status"] == "COMPLETED"
    assert "result" not in message
    assert "result" not in world.job()
    assert world.neptune.summary()["operations"][TUNING].popitem()[1] == 1


@pytest.mark.parametrize(
    "parsed",
    [
        {},
        {"TrainingJobStatusCounters": {"Completed": "many"}},
        {"TrainingJobStatusCounters": {}, "BestTrainingJob": {"TrainingJobName": 7}},
        {"TrainingJobStatusCounters": {}, "BestTrainingJob": "x"},
    ],
)
def test_an_answer_that_makes_no_sense_is_no_result(ended: Callable[..., World], parsed: dict[str, Any]) -> None:
    world = ended("COMPLETED")
    with world.outage("sagemaker", error("none", 200, **parsed)):
        assert last(world)["status"] == "COMPLETED"


@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException", "ResourceNotFoundException"])
@pytest.mark.parametrize("operation", ["DescribeLogStreams", "GetLogEvents"])
def test_a_failure_whose_log_cannot_be_read_is_announced_without_it(
    ended: Callable[..., World], operation: str, code: str
) -> None:
    world = ended()
    with world.outage("logs", error(code, 400), [operation]):
        message = last(world)
    assert message["status"] == "FAILED"
    assert "result" not in message


@pytest.mark.parametrize("answer", [{}, {"logStreams": [{}]}, {"logStreams": "x"}, {"logStreams": []}])
def test_logs_that_make_no_sense_are_no_result(ended: Callable[..., World], answer: dict[str, Any]) -> None:
    world = ended()
    with world.outage("logs", error("none", 200, **answer)):
        assert last(world)["status"] == "FAILED"


@pytest.mark.parametrize("code", ["AccessDeniedException", "ProvisionedThroughputExceededException", "500"])
def test_a_record_that_cannot_be_written_keeps_no_result_back(ended: Callable[..., World], code: str) -> None:
    world = ended("COMPLETED")
    with world.outage("dynamodb", error(code, 400), ["UpdateItem"]):
        assert "bestTrial" in last(world)["result"]
    assert "result" not in world.job()


def test_lines_that_the_record_did_not_get_have_no_command_that_shows_them(ended: Callable[..., World]) -> None:
    world = ended()
    with world.outage("dynamodb", error("ThrottlingException", 400), ["UpdateItem"]):
        assert set(last(world)["result"]["log"]) == {"group", "stream"}
    assert "result" not in world.job()
    log = world.announcements()[-1]["result"]["log"]
    assert f"The log {log['group']} {log['stream']} says why." in world.emails()[-1].split("\n")


def test_lines_for_which_there_was_no_time_left_have_no_command_either(
    ended: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = ended()
    now = [0.0]

    def pass_time(call: Call) -> None:
        if (call.operation, call.moment) == ("GetLogEvents", "after"):
            now[0] = 61.0

    def finder(*, write_results: bool) -> ResultFinder:
        made = result_wiring.result_finder(write_results=write_results)
        made._clock, made._until = lambda: now[0], 60.0
        return made

    monkeypatch.setattr(notify, "result_finder", finder)
    with world.watched(pass_time):
        assert set(last(world)["result"]["log"]) == {"group", "stream"}
    assert "result" not in world.job()


def test_a_record_that_has_its_lines_already_has_the_command_at_each_delivery(ended: Callable[..., World]) -> None:
    world = ended()
    log = last(world)["result"]["log"]
    newest = {"Records": [each for each in world.stream() if "arn" in each["dynamodb"]["NewImage"]][-2:]}
    notify.handler(newest, world.context())
    assert world.announcements()[-1]["result"]["log"] == log
    assert "command" in log


def test_a_sagemaker_that_hangs_delays_all_announcements_of_an_invocation_by_the_same_seconds(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(result_finder, "TIME_LIMIT_SECONDS", 0.5)
    world = make_world(SettleSeconds="0", MaxConcurrentTrainingJobs="5")
    for _ in range(4):
        world.neptune.complete_job(world.start(world.requested())["jobId"])
    world.clock.sleep(100_000)
    world.track()
    world.neptune.fail(TUNING, "slow", share=1, seconds=1.5)
    began = time.monotonic()
    assert world.notify(), world.errors
    assert time.monotonic() - began < 1.5
    assert [each["status"] for each in world.announcements()].count("COMPLETED") == 4
    assert [each.operation for each in world.neptune.requests].count(TUNING) == 1
