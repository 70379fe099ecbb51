"""What `make mutate` would break is still there to be broken: it runs for minutes, so nobody would notice otherwise."""

from pathlib import Path

import pytest

from tests.mutations import MUTATIONS, Mutation

FUNCTIONS = Path(__file__).parent.parent / "functions"


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.rule)
def test_what_a_mutation_replaces_is_in_its_file_exactly_once(mutation: Mutation) -> None:
    assert [(FUNCTIONS / edit.file).read_text().count(edit.old) for edit in mutation.edits] == [1] * len(mutation.edits)
