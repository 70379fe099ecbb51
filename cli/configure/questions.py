"""Ask a person to choose, only where more than one answer is possible."""

import sys
from collections.abc import Sequence
from typing import TypeVar

from rich.prompt import IntPrompt
from rich.text import Text

from cli.exits import CommandError
from cli.screen import console, say, visible

Answer = TypeVar("Answer")


def choose(what: str, answers: Sequence[tuple[str, Answer]], *, remedy: str, yes: bool = False) -> Answer:
    """Return the one answer, or the one that a person chooses; the first is the best.

    Each of `answers` is the text that is shown and the value that is returned. With `yes`, the first one is taken.

    Raises:
        CommandError: there is more than one answer, and no terminal to ask at. It has `remedy`.
    """
    if len(answers) == 1 or yes:
        return answers[0][1]
    if not sys.stdin.isatty():
        said = "; ".join(text for text, _ in answers)
        raise CommandError(f"There is more than one {what}: {said}.", remedy)
    say((f"Which {what}?", "bold"))
    for number, (text, _) in enumerate(answers, 1):
        say(f"  {number}  {text}")
    numbers = [str(number) for number in range(1, len(answers) + 1)]
    chosen = IntPrompt.ask(Text(visible("Number")), console=console, choices=numbers, default=1)
    return answers[chosen - 1][1]
