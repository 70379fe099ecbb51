"""What users wrote, as the local commands show it on a terminal."""

import json

import pytest

from cli.screen import say, say_json, visible, visible_lines

# Escape sequences in both their forms, characters that reverse or hide text, half a character.
HOSTILE = "\x1b[2J\x1b]0;title\x07\x9b1m\u202e\u200b\r\n\x7f\ud800"


def test_each_character_that_does_not_print_is_written_as_json_writes_it() -> None:
    assert visible(HOSTILE) == r"\u001b[2J\u001b]0;title\u0007\u009b1m\u202e\u200b\r\n\u007f\ud800"
    assert json.loads(f'"{visible(HOSTILE)}"') == HOSTILE


def test_what_prints_is_shown_as_it_is() -> None:
    text = "fraud/\u00e9\u00df \u6a21\u578b \U0001f600 [bold] [/red] :bomb: \\"
    assert visible(text) == text


def test_lines_stay_lines_and_nothing_else_does() -> None:
    assert visible_lines("one\ntwo\x1b[2J\r\n") == "one\ntwo\\u001b[2J\\r\n"


@pytest.mark.parametrize(
    "text", ["[bold]x[/bold]", "[/red]", "[jobId.S,status.S]", ":bomb:", "[link=file:///]x[/link]"]
)
def test_no_text_is_taken_for_markup_with_a_style_or_without(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    say(text, (text, "bold red"), text, style="dim")
    assert capsys.readouterr().out == f"{text}{text}{text}\n"


def test_json_stays_json_and_shows_no_escape_sequence(capsys: pytest.CaptureFixture[str]) -> None:
    data = {HOSTILE: [HOSTILE, "[/red]", "\u00e9"]}
    say_json(data)
    said = capsys.readouterr().out
    assert json.loads(said) == data
    assert all(each.isprintable() for each in said.replace("\n", ""))
    assert "\u00e9" in said
