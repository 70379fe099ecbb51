"""The mutants that no test notices, with the reason for each: survivors.toml."""

import tomllib
from pathlib import Path
from typing import NamedTuple

SURVIVORS = Path(__file__).with_name("survivors.toml")


class Mutant(NamedTuple):
    """A change of a function: `before` and `after` are the changed lines, without what they are indented by."""

    file: str
    function: str
    before: str
    after: str

    def as_toml(self) -> str:
        """Return the entry for survivors.toml, with a reason to be filled in."""
        texts = "\n".join(f"{name} = {quoted(text)}" for name, text in zip(self._fields, self, strict=True))
        return f'[[survivor]]\n{texts}\nreason = ""\n'


class Explained(NamedTuple):
    """An entry of survivors.toml."""

    mutant: Mutant
    reason: str


def quoted(text: str) -> str:
    """Return the text as a TOML literal: as it is, on several lines if it has them."""
    return f"'''\n{text}'''" if "\n" in text or "'" in text else f"'{text}'"


def explained() -> list[Explained]:
    """Return the entries of survivors.toml."""
    entries = tomllib.loads(SURVIVORS.read_text()).get("survivor", [])
    return [Explained(Mutant(*(entry[name] for name in Mutant._fields)), entry["reason"]) for entry in entries]


def not_judged() -> list[str]:
    """Return the files and folders of `functions/` that are mutated only when asked, for example `build_artefact`."""
    files: list[str] = tomllib.loads(SURVIVORS.read_text())["not_judged"]
    return files


def from_diff(name: str, diff: str) -> Mutant:
    """Return the mutant that `mutmut show` has printed.

    `name` is for example `neptune_training.model.capacity.xǁCapacityǁhas_slot_for__mutmut_2`. The diff names the file:
    `--- src/neptune_training/model/capacity.py`.
    """
    lines = diff.splitlines()
    file = next(line.removeprefix("--- src/") for line in lines if line.startswith("--- "))
    changes = lines[next(i for i, line in enumerate(lines) if line.startswith("@@")) :]
    before, after = ("\n".join(line[1:].strip() for line in changes if line.startswith(sign)) for sign in "-+")
    mangled = name.rpartition(".")[2].partition("__mutmut_")[0]
    function = mangled.removeprefix("x").strip("ǁ").replace("ǁ", ".") if "ǁ" in mangled else mangled.removeprefix("x_")
    return Mutant(file, function, before, after)
