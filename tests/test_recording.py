"""The README's picture of `make run`."""

import os
import re
from pathlib import Path

from local import recording

ROOT = Path(__file__).parent.parent
SVG = recording.PICTURE.read_text()


def test_the_picture_shows_a_whole_run_from_the_upload_to_what_comes_next() -> None:
    text = re.sub(r"<[^>]+>", "", SVG).replace("&#160;", " ")
    for expected in ("$ make run", "upload", "started", "hpo", "completed", "COMPLETED", "What to do next", "make up"):
        assert expected in text


def test_the_picture_names_no_place_of_a_machine_holds_no_secret_and_fetches_nothing() -> None:
    assert [place for place in (str(ROOT), str(Path.home()), "/tmp/", "/dev/shm") if place in SVG] == []
    assert re.search(r"LOCAL[0-9A-F]{20}|127\.0\.0\.1|localhost", SVG) is None
    assert set(re.findall(r"https?://[^\"\s)]+", SVG)) <= {"http://www.w3.org/2000/svg", "https://www.textualize.io"}
    assert "@font-face" not in SVG


def test_a_run_with_other_ids_makes_the_same_picture() -> None:
    line = (
        "  3.68 s  started      arn:aws:neptune-db:us-east-1:000000000000:cluster-X/ml/modeltraining/example-model-{}\n"
    )
    one, other = (recording.picture(line.format(digit * 20)) for digit in "ab")
    assert one == other
    assert "3a35d8064791d77cd4c2" in one


def test_what_a_program_prints_on_a_terminal_is_recorded_with_its_exit_code() -> None:
    code, printed = recording.recorded(["sh", "-c", "test -t 1 && echo terminal; exit 3"])
    assert (code, printed) == (3, "terminal\n")


def test_the_readme_shows_the_picture() -> None:
    picture = os.path.relpath(recording.PICTURE, ROOT)
    assert f"]({picture})" in (ROOT / "README.md").read_text()
