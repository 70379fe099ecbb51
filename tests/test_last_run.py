"""What a run leaves to read, also when two runs end at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local import last_run


def test_two_runs_that_end_at_once_both_end_well_and_leave_the_files_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(last_run, "KEPT", tmp_path)
    monkeypatch.setattr(last_run, "FOLDER", tmp_path / "last-run")
    runs = [dict.fromkeys(("record.json", "functions.log"), content * 50000) for content in (b"a", b"b")]

    def end_often(files: dict[str, bytes]) -> None:
        for _ in range(50):
            last_run.keep(files)

    with ThreadPoolExecutor() as threads:
        list(threads.map(end_often, runs))  # raises what a thread has raised
    assert {each.name: each.read_bytes() for each in last_run.FOLDER.iterdir()} in runs
