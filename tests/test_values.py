"""Values of the records and of the control item, as plain calls."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic_core import PydanticCustomError

from neptune_training.model import capacity, parameters, problems, s3_places, times
from neptune_training.model.capacity import Capacity
from neptune_training.model.problems import Invalid, Problem
from neptune_training.model.settings import Settings
from neptune_training.model.statuses import Status, WaitingFor
from neptune_training.model.triggers import TriggerKind
from neptune_training.model.unfinished import LONGEST_INVOCATION, Entry, entry_of
from tests.settings import settings

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

# --- times ------------------------------------------------------------------------------------------------------------


def test_a_time_is_written_in_utc_and_cut_to_milliseconds() -> None:
    here = datetime(2026, 11, 24, 3, 4, 5, 999_999, tzinfo=timezone(timedelta(hours=1)))
    assert [times.to_text(here), times.to_milliseconds(here)] == [
        "2026-11-24T02:04:05.999Z",
        datetime(2026, 11, 24, 2, 4, 5, 999_000, tzinfo=UTC),
    ]


def test_each_millisecond_has_a_text_of_its_own() -> None:
    assert times.to_text(NOW.replace(microsecond=999_000)) == "2026-11-24T02:00:00.999Z"
    assert times.to_milliseconds(NOW.replace(microsecond=1_000)) == NOW.replace(microsecond=1_000)


def test_a_time_that_somebody_wrote_by_hand_without_a_zone_is_in_utc() -> None:
    assert times.from_text("2026-11-24T02:00:00") == times.from_text("2026-11-24T02:00:00.000Z") == NOW
    assert times.from_text("2026-11-24T03:00:00+01:00") == NOW


# --- capacity ---------------------------------------------------------------------------------------------------------


def test_a_pause_lasts_until_its_time_and_no_longer() -> None:
    paused = Capacity(paused_until=NOW)
    assert [paused.is_paused(NOW - MINUTE), paused.is_paused(NOW), Capacity().is_paused(NOW)] == [True, False, False]


def test_a_job_has_a_slot_or_gets_one_while_fewer_than_the_limit_are_taken() -> None:
    taken = Capacity(slots=frozenset({"a", "b"}))
    assert [taken.has_slot_for("a", 2), taken.has_slot_for("c", 2), taken.has_slot_for("c", 3)] == [True, False, True]


def test_a_control_item_is_read_field_by_field() -> None:
    text = "2026-11-24T02:00:00.000Z"
    item = {"slots": {"a"}, "pausedUntil": text, "refusals": 2, "pausedFor": "Neptune"}
    assert capacity.capacity_of(item) == Capacity(frozenset({"a"}), NOW, 2, WaitingFor.NEPTUNE, text)


@pytest.mark.parametrize("item", [{}, {"slots": set(), "pausedUntil": "", "refusals": "2", "pausedFor": "newer"}])
def test_a_control_item_that_is_not_there_or_not_understood_pauses_nothing(item: dict[str, Any]) -> None:
    assert capacity.capacity_of(item) == Capacity(frozenset(), None, 0, WaitingFor.CAPACITY, "")


@pytest.mark.parametrize("text", ["soon", 7])
def test_a_pause_whose_end_cannot_be_read_never_ends_and_can_be_compared(text: object) -> None:
    read = capacity.capacity_of({"pausedUntil": text})
    assert [read.paused_until, read.pause_text] == [datetime.max.replace(tzinfo=UTC), str(text)]


# --- entries of the index ---------------------------------------------------------------------------------------------

ITEM = {"jobId": "a", "status": "WAITING", "nextAttemptAt": "2026-11-24T02:00:00Z", "createdAt": "2026-11-24T01:00:00Z"}
BARE = Entry("a", Status.WAITING, NOW, NOW - 60 * MINUTE)


def test_an_entry_is_read_field_by_field() -> None:
    said = {"model": "s3://m/", "waitingFor": "a slot", "endBy": "2026-11-24T02:01:00Z", "failedSteps": "2"}
    item = {**ITEM, **said, "stepUntil": "2026-11-24T02:02:00Z", "giveUpAt": "2026-11-24T02:03:00Z"}
    assert entry_of(item) == Entry(
        "a",
        Status.WAITING,
        NOW,
        NOW - 60 * MINUTE,
        model="s3://m/",
        waiting_for=WaitingFor.SLOT,
        end_by=NOW + MINUTE,
        step_until=NOW + 2 * MINUTE,
        failed_steps=2,
    )


def test_an_entry_of_an_earlier_version_ends_at_its_give_up_at_and_one_without_either_never() -> None:
    old = entry_of({**ITEM, "giveUpAt": "2026-11-24T02:03:00Z"})
    assert old == Entry("a", Status.WAITING, NOW, NOW - 60 * MINUTE, end_by=NOW + 3 * MINUTE)
    assert entry_of(ITEM) == BARE


@pytest.mark.parametrize("wrong", [{"status": "NEW"}, {"nextAttemptAt": 7}, {"createdAt": "soon"}, {"failedSteps": []}])
def test_an_entry_that_cannot_be_read_is_left_out_and_named_in_the_log(
    wrong: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    assert entry_of({**ITEM, **wrong}) is None
    assert [(record.message, vars(record)["jobId"]) for record in caplog.records] == [
        ("the job's entry in the index cannot be read", "a")
    ]


@pytest.mark.parametrize(
    ("until", "now", "in_step"),
    [
        (NOW + MINUTE, NOW, True),
        (NOW, NOW, False),
        (None, NOW, False),
        (NOW + LONGEST_INVOCATION, NOW, True),
        (NOW + LONGEST_INVOCATION + MINUTE, NOW, False),
    ],
)
def test_a_step_is_under_way_until_its_invocation_ends_which_is_never_later_than_lambda_allows(
    until: datetime | None, now: datetime, in_step: bool
) -> None:
    assert Entry("a", Status.STARTED, NOW, NOW, step_until=until).in_step(now) is in_step


@pytest.mark.parametrize(
    ("next_at", "until", "end_by", "due"),
    [
        (NOW, None, None, True),
        (NOW + MINUTE, None, None, False),
        (NOW, NOW + MINUTE, None, False),
        (NOW, NOW, NOW + MINUTE, True),
        (NOW, None, NOW, False),
    ],
)
def test_a_job_is_due_at_its_time_unless_a_step_of_it_is_under_way_or_its_bound_has_passed(
    next_at: datetime, until: datetime | None, end_by: datetime | None, due: bool
) -> None:
    assert Entry("a", Status.STARTED, next_at, NOW, step_until=until, end_by=end_by).is_due(NOW) is due


# --- problems ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "most", "short"), [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("", 3, "")])
def test_a_text_is_cut_to_the_characters_that_it_may_have(text: str, most: int, short: str) -> None:
    assert problems.shortened(text, most) == short


def test_a_problem_at_a_place_shows_the_path_and_the_value_as_json() -> None:
    found = Problem.at(["models", 0, "1-tier-param", 2, "range"], ["a\n"], "is wrong", "Fix it")
    assert found == Problem(
        field='models[0]["1-tier-param"][2].range', value='["a\\n"]', problem="is wrong", remedy="Fix it"
    )


def test_a_problem_is_read_as_a_sentence_with_its_value_if_it_has_one() -> None:
    known = {"field": "id", "problem": "is wrong", "remedy": "Fix it"}
    assert [str(Problem(**known)), str(Problem(**known, value="7"))] == [
        "id: is wrong. Fix it",
        "id: is wrong (value: 7). Fix it",
    ]


def test_what_is_invalid_says_all_problems() -> None:
    two = [Problem(field=each, problem="is wrong", remedy="Fix it") for each in "ab"]
    raised = Invalid(iter(two))
    assert [raised.problems, str(raised)] == [tuple(two), "a: is wrong. Fix it; b: is wrong. Fix it"]


def test_a_value_is_shown_as_json_of_at_most_two_hundred_characters() -> None:
    assert problems.shown({"a": [1, None, NOW]}) == '{"a": [1, null, "2026-11-24 02:00:00+00:00"]}'
    assert problems.shown("x" * 198) == '"' + "x" * 198 + '"'
    assert problems.shown("x" * 199) == '"' + "x" * 198 + "…"
    assert problems.shown([1] * 10**6) == ("[" + "1, " * 100)[:199] + "…"


def test_a_value_that_has_no_json_is_shown_as_its_type() -> None:
    circle: list[object] = []
    circle.append(circle)
    assert problems.shown(circle) == "<list>"


@pytest.mark.parametrize(("number", "shown"), [(49, 49), (50, 50), (51, 49), (500, 49)])
def test_of_too_many_problems_the_first_are_kept_and_one_says_that_there_are_more(number: int, shown: int) -> None:
    many = [Problem(field=str(each), problem="is wrong", remedy="Fix it") for each in range(number)]
    kept = problems.bounded(many)
    assert kept[:shown] == tuple(many[:shown])
    assert [each.field for each in kept[shown:]] == ["…"] * (number > 50)


def test_problems_that_are_too_long_together_are_cut_at_twenty_five_thousand_characters() -> None:
    long = Problem(field="x" * 993, problem="", remedy="")
    assert len(str(long)) == 1000 - 3  # with ": " and ". "
    exact = [*[long] * 25, Problem(field="x" * 71, problem="", remedy="")]
    assert sum(len(str(each)) for each in exact) == 25_000
    assert problems.bounded(exact) == tuple(exact)
    assert [each.field for each in problems.bounded([*exact, long])[26:]] == ["…"]


# --- parameters, places and settings ----------------------------------------------------------------------------------


def test_a_parameter_is_found_by_its_path_and_an_unknown_one_is_none() -> None:
    inner = parameters.CustomModelTrainingParameters.model_fields["sourceS3DirectoryPath"]
    outer = parameters.TrainingRequest.model_fields["subnets"]
    assert parameters.parameter("customModelTrainingParameters.sourceS3DirectoryPath") is inner
    assert parameters.parameter("subnets") is outer
    wrong = ("subnets.sourceS3DirectoryPath", "customModelTrainingParameters.a", "nothing")
    assert [parameters.parameter(path) for path in wrong] == [None, None, None]


def test_a_kind_of_trigger_sets_what_is_granted_to_it_by_name() -> None:
    granted = {kind: parameters.settable_by(kind) for kind in TriggerKind}
    assert granted == {
        TriggerKind.UPLOAD: parameters.ModelParameters,
        TriggerKind.EVENT: parameters.TrainingRequest,
        TriggerKind.SCHEDULE: parameters.TrainingRequest,
        TriggerKind.CANCELLATION: parameters.NoParameters,
        TriggerKind.UNKNOWN: parameters.NoParameters,
    }


def test_a_place_is_refused_with_the_problem_as_its_message_and_the_remedy_beside_it() -> None:
    with pytest.raises(PydanticCustomError) as raised:
        s3_places.location("s3://bucket/a//b")
    assert [raised.value.type, raised.value.message(), raised.value.context] == [
        "s3_place",
        s3_places.AMBIGUOUS,
        {"problem": s3_places.AMBIGUOUS, "remedy": s3_places.REMEDY},
    ]


def test_a_place_is_too_long_from_1025_bytes_on() -> None:
    said = [s3_places.problem("ä" * 512), s3_places.problem("ä" * 512 + "a"), s3_places.problem("\ud800" * 300)]
    assert said == [None, (s3_places.TOO_LONG, s3_places.SHORTER), None]


SETTINGS = settings(model_prefix="custom/")


def test_only_what_is_below_the_upload_folder_is_held_by_it() -> None:
    assert SETTINGS.models == "s3://models/custom/"
    places = [("models", "custom/fraud/"), ("models", "other/"), ("others", "custom/fraud/")]
    assert [SETTINGS.holds_models(*place) for place in places] == [True, False, False]


def test_a_variable_is_read_by_its_name_in_capitals_and_no_other() -> None:
    environment = {
        "TRAINING_JOBS_TABLE": "jobs",
        "NEPTUNE_ENDPOINT_URL": "https://neptune",
        "MODEL_BUCKET": "models",
        "MODEL_PREFIX": "custom/",
        "TRAIN_MODEL_S3_LOCATION": "s3://trained",
    }
    others = {"max_concurrent_steps": "9", "MAX_CONCURRENT_STEPS": "", "DEFAULTS": "", "LIMITS": "", "HOME": "/"}
    assert Settings.from_environment({**environment, **others}) == SETTINGS
