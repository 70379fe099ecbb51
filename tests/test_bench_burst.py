"""The page's part of `make bench-burst`, from made results: what is bold, and the goals."""

from dataclasses import replace

import pytest

from bench.burst import designs, report
from bench.burst.prices import Usage
from bench.burst.run import Result

RESULT = Result(
    design=report.OURS,
    n=100,
    rate=10,
    faults=False,
    uploaded_within=0.9,
    wall=12.0,
    delays=[float(number) for number in range(100)],
    posts=105,
    refused=5,
    lost=0,
    duplicated=0,
    calls=2000,
    megabytes=52.0,
    killed=0,
    usage=Usage(invocations=500, seconds=20.0, gigabyte_seconds=10.0, write_units=900.0, read_units=400.0),
)
OTHER = replace(RESULT, design="another", wall=9.0, lost=2, refused=50, usage=replace(RESULT.usage, seconds=30.0))
LINES = {report.OURS: 6000, "another": 150}


def test_the_best_of_each_row_is_bold_and_a_goal_has_its_sign() -> None:
    rows = report.comparison([RESULT, OTHER], LINES).splitlines()
    assert "| wall ÷ (N/R) 🟢 (goal: at most 1.25) | 1.20 | **0.90** |" in rows
    assert "| lost 🟢 (goal: at most 0) | **0** | 2 |" in rows
    assert "| lines of code and template | 6,000 | **150** |" in rows


def test_a_goal_that_is_not_met_is_red() -> None:
    (row,) = [line for line in report.comparison([OTHER, RESULT], LINES).splitlines() if "429" in line]
    assert row == "| starts answered 429 🔴 (goal: at most 10 %) | 48 % | **5 %** |"


def test_a_design_alone_is_not_called_the_best() -> None:
    assert "**" not in report.comparison([RESULT], LINES)


def test_the_dollars_are_the_sum_of_what_was_used() -> None:
    usage = Usage(invocations=1_000_000, gigabyte_seconds=1000, transitions=1000, operations=1_000_000)
    assert usage.dollars() == pytest.approx(0.20 + 0.0166667 + 0.025 + 8.00)


def test_all_parts_are_written_for_any_results() -> None:
    small = [replace(each, n=25, wall=5.0) for each in (RESULT, OTHER)]
    runs = report.Runs([RESULT, OTHER], [RESULT, OTHER], [RESULT], small)
    text = "\n".join(report.parts(runs, LINES, [1.0, 2.0]))
    assert report.LEGEND in text
    assert "this application, N = 25 → 100 | 2.00 → 1.20 |" in text
    assert "**With the soak's faults.**" in text


@pytest.mark.parametrize("kind", [designs.UsualWay, designs.StepFunctions, designs.DurableFunctions])
def test_a_rival_is_small_code_and_a_template(kind: type[designs.Rival]) -> None:
    assert 50 < kind.lines() < 300
