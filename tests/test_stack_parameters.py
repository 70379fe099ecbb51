"""The template's parameters, as `make up PARAMETERS=…` and `make run PARAMETERS=…` take them."""

import pytest

from local import run, up
from local.stack import QUICK
from local.stack_parameters import BadParameters, declared, parse
from tests.rendered import template


def test_each_name_and_value_is_taken_as_it_is_written() -> None:
    text = """GiveUpSeconds=120 MaxConcurrentTrainingJobs=2 ScheduledRequest='{"a": "b=c"}' ModelPrefix="""
    assert parse(text) == {
        "GiveUpSeconds": "120",
        "MaxConcurrentTrainingJobs": "2",
        "ScheduledRequest": '{"a": "b=c"}',
        "ModelPrefix": "",
    }


def test_no_text_sets_nothing() -> None:
    assert parse("") == parse("  ") == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("GiveUpSecond=120", r"declares no parameter GiveUpSecond\. Did you mean \"GiveUpSeconds\"\?"),
        ("Nothing=1", r"declares no parameter Nothing\. Look up its name below Parameters in template\.yaml"),
        ("GiveUpSeconds", r"GiveUpSeconds is not a parameter with a value\. Write NAME=VALUE"),
        ("GiveUpSeconds = 120", r"GiveUpSeconds is not a parameter with a value\. Write NAME=VALUE"),
        ("=120", "declares no parameter "),
        ("ScheduledRequest='{", r"cannot be read: No closing quotation\. Quote a value"),
    ],
)
def test_what_sets_no_parameter_of_the_template_is_refused(text: str, said: str) -> None:
    with pytest.raises(BadParameters, match=said):
        parse(text)


def test_the_names_are_all_of_the_templates() -> None:
    assert declared() == list(template()["Parameters"])
    assert set(QUICK) < set(declared())


def test_up_and_run_exit_2_at_once_for_a_name_that_the_template_does_not_declare(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GIVEN_PARAMETERS", "[/red]\x1b=1")
    assert (up.main(), run.main()) == (2, 2)
    assert capsys.readouterr().out.count("declares no parameter [/red]\\u001b. ") == 2


@pytest.mark.parametrize("text", ["-1", "nan", "inf", "1e9", "100000", "a minute", "\x1b"])
def test_up_exits_2_at_once_for_stages_that_take_no_number_of_seconds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    monkeypatch.setenv("GIVEN_STAGE_SECONDS", text)
    assert up.main() == 2
    assert "is not a number from 0 to 99999. Write STAGE_SECONDS=60" in capsys.readouterr().out


def test_stages_take_as_many_seconds_as_make_up_says() -> None:
    assert (up.seconds("60"), up.seconds("0.5")) == (60.0, 0.5)
