"""The rows of `make bench`: what was measured, against what, and the goal."""

from dataclasses import dataclass

GREEN, YELLOW, RED = "met, and better", "met", "not met"


@dataclass(frozen=True)
class Row:
    """Hold one row. `value` is a ratio where `against` says to what, else it has a `unit`; smaller is better.

    `at_most` is the goal and `better` a harder one. `detail` says what the value was made from.
    """

    what: str
    against: str
    value: float
    at_most: float
    better: float
    detail: str = ""
    unit: str = ""

    @property
    def verdict(self) -> str:
        """Return if the goal is met."""
        if self.value > self.at_most:
            return RED
        return GREEN if self.value <= self.better else YELLOW

    def shown(self, value: float) -> str:
        """Return a value of this row with its unit."""
        return f"{value:.0f}{self.unit}" if self.unit == " calls" else f"{value:.2f}{self.unit}"
