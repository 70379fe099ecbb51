"""The parts of the page by `make bench-track` and `make bench-memory`: units, prices and the tables' form."""

import json

import pytest

from bench import memory_sweep, track_at_scale
from bench.invocations import Samples
from bench.track_at_scale import Measured, Spent
from tests.world import Call

KB = {"S": "x" * 1000}


def put(**item: object) -> Call:
    return Call("dynamodb", "PutItem", "before", {"body": json.dumps({"Item": item})})


def test_a_write_of_two_kilobytes_costs_two_units_and_two_for_an_unfinished_jobs_index() -> None:
    spent = Spent()
    spent(put(jobId={"S": "a"}, status={"S": "COMPLETED"}, script=KB, more=KB))
    assert spent.write == 2
    spent(put(jobId={"S": "a"}, status={"S": "STARTED"}, script=KB, more=KB))
    assert spent.write == 6


def test_a_query_costs_half_a_unit_for_each_four_kilobytes_that_it_returns() -> None:
    spent = Spent()
    spent(Call("dynamodb", "Query", "after", {"Items": [{"script": KB}] * 5}))
    spent(Call("dynamodb", "Query", "after", {"Items": []}))
    assert (spent.read, spent.query_read) == (1.5, 1.5)


def test_ended_jobs_cost_nothing_if_a_tick_makes_the_same_calls_and_reads_the_same_units() -> None:
    hour, tick = Spent(read=40.0, query_read=30.0, write=80.0), Spent(read=7.0)
    hour.calls.update({track_at_scale.LOOK: 40})
    text = "\n".join(track_at_scale.parts(500, 1000, Measured(hour, tick, tick, 1000), [1.0]))
    assert "| Neptune calls | 2,000 | 30,000 | 30,000 |" in text
    assert "it makes the same calls and reads the same units" in text
    more = Spent(read=8.0)
    assert "NOT the same" in "\n".join(track_at_scale.parts(500, 1000, Measured(hour, tick, more, 1000), [1.0]))


def test_a_million_invocations_of_a_tenth_of_a_second_with_half_a_gigabyte_cost_a_dollar() -> None:
    assert memory_sweep.dollars(512, 100) == pytest.approx(0.20 + 0.833335)


def test_the_memory_sweep_has_a_row_for_each_function_and_size() -> None:
    found = {("ours start", 512): Samples([900.0], [500.0], [56.0], [90.0], [35.0])}
    table = list(memory_sweep.parts(found, [1.0], 1, 1))[1]
    assert "| `start` | 512 | 0.29 | 900 (900 to 900) | 90 (90 to 90) | 56 | 0.95 | 7.70 |" in table
