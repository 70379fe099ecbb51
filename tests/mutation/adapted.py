"""Run mutmut with three changes that it has no option for: `python -P tests/mutation/adapted.py run`.

- It changes everything that it can except sentences: a test does not have to know a message or a log line by heart.
- A mutant meets only the quickest of the tests that call its function: all of them take minutes for a function that
  each flow calls.
- All mutants share one collection of the tests: to collect takes longer than to run the test that notices a mutant.

Everything else is configured in pyproject.toml. It is run by its path, so that `tests` is imported from mutmut's copy
of the project and from nowhere else.
"""

import os
import re
import sys
import traceback
from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import Any

import click
import libcst
import pytest
from _pytest.config import _prepareconfig
from mutmut.configuration import config
from mutmut.mutation import file_mutation, mutators
from mutmut.runners.harness import PytestRunner
from mutmut.state import state
from mutmut.utils.file_utils import change_cwd
from mutmut.workers import isolation

# The tests of a mutant take at most this part of the time that all tests take.
PART_OF_ALL_TESTS = 1 / 10


def is_sentence(text: str | bytes) -> bool:
    """Return True for words with spaces between them. Expressions of DynamoDB have `=`, `<`, `(` or `:name`."""
    return isinstance(text, str) and " " in text.strip() and not re.search(r"[=<>(]|:\w", text)


def change_text(node: libcst.BaseString) -> Iterable[libcst.BaseString]:
    """Yield mutmut's changes of a text. None for a sentence."""
    if isinstance(node, libcst.SimpleString) and is_sentence(node.evaluated_value):
        return ()
    return mutators.operator_string(node)


OPERATORS = [
    (node, change_text if operator is mutators.operator_string else operator)
    for node, operator in mutators.mutation_operators
]


def quickest(tests: Iterable[str], seconds: Mapping[str, float]) -> set[str]:
    """Return the quickest of the tests, as many as PART_OF_ALL_TESTS has time for, but at least one.

    `seconds` has each test of the project by its id, for example `{"tests/test_plan.py::test_order": 0.1}`.
    """
    by_time = sorted(tests, key=lambda test: (seconds[test], test))
    limit = sum(seconds.values()) * PART_OF_ALL_TESTS
    in_time = sum(spent <= limit for spent in accumulate(seconds[test] for test in by_time))
    return set(by_time[: max(in_time, 1)])


def keep_the_quickest() -> None:
    """Leave each function only its quickest tests in what mutmut has measured. It takes a mutant's tests from there."""
    tests_of = state().tests_by_mangled_function_name
    for function, tests in tests_of.items():
        tests_of[function] = quickest(tests, state().duration_by_test)


class Failures:
    """A plugin of pytest's that writes why a test has failed to a file, given by its descriptor."""

    def __init__(self, file: int) -> None:
        self.file = file

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.write(f"{report.nodeid}\n{report.longreprtext}")

    def write(self, text: str) -> None:
        os.write(self.file, f"\n{text}\n".encode())


class CollectedOnce(PytestRunner):
    """Collect the tests before mutmut forks, and run a mutant's tests in the fork."""

    def prepare_main_test_run(self) -> None:
        """Begin a session of pytest's, as `pytest.main` does, and leave it when it has collected all tests."""
        with change_cwd("mutants"):
            selected = [*config().pytest_add_cli_args_test_selection, *config().pytest_add_cli_args]
            prepared = _prepareconfig(["--rootdir=.", "-x", "--tb=native", "--capture=sys", *selected])
            self.session = pytest.Session.from_config(prepared)
            prepared._do_configure()
            prepared.hook.pytest_sessionstart(session=self.session)
            prepared.hook.pytest_collection(session=self.session)
        self.items = {item.nodeid: item for item in self.session.items}

    def run_tests(self, *, mutant_name: str | None, tests: Iterable[str]) -> int:
        """Run tests until one fails; return the exit code. mutmut calls this in a fork if there is a mutant.

        If a test fails without a mutant, say why: mutmut would only say that one did.
        """
        if mutant_name:
            return self.run_collected(tests)
        failures = Failures(os.dup(2))
        self.session.config.pluginmanager.register(failures)
        return isolation.run_in_fork(self.run_collected, tests, failures)

    def run_collected(self, tests: Iterable[str], failures: Failures | None = None) -> int:
        """Run the tests with these ids, or all, the quickest first. Say nothing but what `failures` has to tell.

        The process must end after that.
        """
        self.outputs = sys.stdout, sys.stderr  # to drop mutmut's own would be a warning, which a test would count
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for output in (1, 2):
            os.dup2(nowhere, output)
        by_time = sorted(tests, key=lambda test: (state().duration_by_test[test], test))
        with change_cwd("mutants"):
            try:
                self.session.items = [self.items[test] for test in by_time] or self.session.items
                self.session.config.hook.pytest_runtestloop(session=self.session)
            except self.session.Failed:
                return pytest.ExitCode.TESTS_FAILED
            except BaseException:  # noqa: BLE001 - the fork must end here
                if failures:
                    failures.write(traceback.format_exc())
                return pytest.ExitCode.INTERNAL_ERROR
        return pytest.ExitCode.OK


if __name__ == "__main__":
    from mutmut import __main__ as program  # sets how all processes of its process start

    measure = program.collect_or_load_stats

    def measure_and_keep_the_quickest(*arguments: Any, **options: Any) -> None:
        """Let mutmut run all tests, once, and measure which functions each calls and how long it takes."""
        measure(*arguments, **options)
        keep_the_quickest()

    @program.cli.command()
    @click.argument("names", nargs=-1)
    @click.pass_context
    def show_each(context: click.Context, names: tuple[str, ...]) -> None:
        """Show several mutants: mutmut's own command shows one, and takes seconds to begin."""
        for name in names:
            context.invoke(program.show, mutant_name=name)

    setattr(program, "collect_or_load_stats", measure_and_keep_the_quickest)  # noqa: B010
    setattr(isolation, "PytestRunner", CollectedOnce)  # noqa: B010
    setattr(file_mutation, "mutation_operators", OPERATORS)  # noqa: B010
    program.cli()
