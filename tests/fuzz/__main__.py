"""Fuzz everything in turn until the time is over; exit 1 with what was found, if anything was."""

import argparse
import json
import sys
import time
import warnings
from pathlib import Path

from neptune_training.checks import parsing
from tests.fuzz import answers, handlers, measured_child, parsers
from tests.fuzz.hunt import Hunt
from tests.world import World

ROOT = Path(__file__).parents[2]
FINDINGS = ROOT / ".local" / "fuzz"


def main() -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(prog="tests.fuzz", description=sys.modules["tests.fuzz"].__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000, help="tries the same inputs again")
    parser.add_argument("--only", default="", help="targets whose name contains this")
    chosen = parser.parse_args()
    measured_child.PEAK.parent.mkdir(exist_ok=True)
    parsing.CHILD = Path(measured_child.__file__)
    warnings.simplefilter("ignore")  # of libraries, about inputs being what they are here
    paths = sorted((ROOT / "events").glob("start-*.json"))
    events = [json.loads(path.read_text()) for path in paths]
    record = json.loads((ROOT / "events" / "notify-record.json").read_text())
    with World() as world:
        targets = [*parsers.targets(events), *answers.targets(), *handlers.targets(world, events, record)]
        hunt = Hunt([each for each in targets if chosen.only in each.name], FINDINGS, chosen.seed)
        end = time.monotonic() + chosen.seconds
        while time.monotonic() < end and hunt.targets:
            for target in list(hunt.targets):
                turn = min(time.monotonic() + target.seconds, end)
                while time.monotonic() < turn and target in hunt.targets:
                    hunt.search(target, turn)
    sys.stdout.write(f"{hunt.report()}\nseed {chosen.seed}\n")
    return 1 if hunt.found else 0


if __name__ == "__main__":
    sys.exit(main())
