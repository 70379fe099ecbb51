"""Run mutmut, and let it change everything that it can except sentences: `python -P tests/mutation/words.py run`.

A test does not have to know an error message or a log line by heart. mutmut has no option for that, so its operator for
texts is wrapped. Everything else is configured in pyproject.toml. It is run by its path, so that `tests` is imported
from mutmut's copy of the project and from nowhere else.
"""

import re
from collections.abc import Iterable

import libcst
from mutmut.mutation import file_mutation, mutators


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

if __name__ == "__main__":
    from mutmut.__main__ import cli  # sets how all processes of its process start

    setattr(file_mutation, "mutation_operators", OPERATORS)  # noqa: B010
    cli()
