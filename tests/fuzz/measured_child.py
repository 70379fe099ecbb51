"""Run the program that parses, and write down the most memory that it had, in kilobytes.

The kernel's own count for a child (`ru_maxrss`) begins with its parent's memory: it cannot be used here.
"""

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "functions" / "neptune_training" / "checks" / "parsing_child.py"
STATUS = Path("/proc/self/status")
PEAK = ROOT / ".local" / "fuzz-child-peak"

if __name__ == "__main__":
    runpy.run_path(str(PROGRAM), run_name="__main__")
    if STATUS.exists():
        PEAK.write_text(next(line.split()[1] for line in STATUS.read_text().splitlines() if line.startswith("VmHWM")))
