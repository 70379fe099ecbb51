"""Set up what the Makefile's targets need, once: `python -m local.set_up [--functions] FOLDER=REQUIREMENTS…`.

`--functions` also installs and packs the functions' own packages, so that nothing later needs the network. What is
there already is left as it is; what is interrupted or fails is removed. It needs only Python: it runs first.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from local import artefact, debian, uv
from local.environments import Environment
from local.locks import locked
from local.programs import ROOT, ProgramFailed, Programs, Stopped

KEPT = ROOT / ".local"
REFRESH_SECONDS = 0.1
MOST_LINES = 12  # of what a program printed before it failed
NO_NETWORK = (  # what pip and uv say then
    "NewConnectionError",
    "NameResolutionError",
    "ConnectTimeout",
    "ReadTimeout",
    "ProxyError",
    "(from versions: none)",
    "Failed to fetch",
)


class SetUpFailed(Exception):  # noqa: N818
    """It could not be set up; the text says why, and what to do."""


class SetUp:
    """Set up some environments side by side, and show what is being made."""

    def __init__(self, environments: Sequence[Environment], *, functions: bool) -> None:
        self.environments = environments
        self.functions = functions
        missing = [each for each in environments if not each.is_ready()]
        self.megabytes = sum(each.megabytes for each in missing)
        self.needs_venv = bool(missing) and not uv.is_ready()
        if self.needs_venv:
            self.megabytes += uv.MEGABYTES
        if functions and not artefact.is_built():
            self.megabytes += artefact.MEGABYTES
        self._began = time.monotonic()
        self._programs = Programs()
        self._made = 0
        self._making: dict[str, None] = {}  # in the order in which they began
        self._failures: list[Exception] = []
        self._installing_uv = threading.Lock()
        self._has_first = threading.Event()
        self._terminal = sys.stderr.isatty()

    def run(self) -> None:
        """Return when all is ready. Raises SetUpFailed."""
        works: list[Callable[[], None]] = [partial(self._environment, each) for each in self.environments]
        if self.functions:
            works.append(self._pack_functions)
        threads = [threading.Thread(target=self._guard, args=(work,), daemon=True) for work in works]
        for thread in threads:
            thread.start()
        try:
            while any(thread.is_alive() for thread in threads) and not self._failures:
                time.sleep(REFRESH_SECONDS)
                self._show()
        finally:
            self._programs.stop()
            for thread in threads:
                thread.join(10)
            self._clear()
        for failure in self._failures:
            raise failure
        if self._made:
            self._say(f"set up in {time.monotonic() - self._began:.0f} s")

    def _guard(self, work: Callable[[], None]) -> None:
        """Do a part of the work, and keep what goes wrong for the main thread."""
        try:
            work()
        except Stopped:
            pass
        except Exception as error:  # noqa: BLE001 - whatever it is, the main thread reports it
            self._failures.append(error)

    def _uv(self) -> None:
        with self._installing_uv, self._locked("uv"):
            if not uv.is_ready():
                self._make("uv, which makes environments", partial(uv.install, self._programs))

    def _environment(self, environment: Environment) -> None:
        name = environment.name
        with self._locked(name):
            if not environment.is_ready():
                self._uv()
                title = f"{name} with Python {sys.version.split()[0]}"
                self._make(title, partial(environment.make, self._programs), name)
        if environment == self.environments[0]:
            self._has_first.set()

    def _pack_functions(self) -> None:
        """Pack the functions with the first environment's Python."""
        while not self._has_first.wait(REFRESH_SECONDS):
            if self._failures:
                raise Stopped
        with self._locked("functions"):
            if not artefact.is_built():
                pack = [self.environments[0].python, "-m", "local.artefact"]
                self._make("the functions' packages", partial(self._programs.run, pack))

    def _locked(self, name: str) -> AbstractContextManager[None]:
        """Return the lock of one part of the work."""
        waiting = partial(self._say, f"waiting for the other set-up, which makes {name}")
        return locked(KEPT / "locks" / name.replace("/", "-"), waiting)

    def _make(self, title: str, make: Callable[[], object], name: str = "") -> None:
        """Make one thing. Raises SetUpFailed with the reason, or Stopped."""
        name = name or title
        self._say(f"setting up {title}, once")
        self._making[name] = None
        self._made += 1
        try:
            make()
        except ProgramFailed as failed:
            raise SetUpFailed(why(name, str(failed), self.megabytes)) from None
        finally:
            self._making.pop(name)

    # --- what people see ----------------------------------------------------------------------------------------------

    def _say(self, text: str) -> None:
        self._clear()
        print(text, file=sys.stderr, flush=True)

    def _show(self) -> None:
        """Show on a terminal what is being made, on a line that is written again and again."""
        if self._terminal and self._making:
            line = f"  {time.monotonic() - self._began:3.0f} s  {', '.join(list(self._making))}"
            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write(f"\r\x1b[K{line[:width]}")
            sys.stderr.flush()

    def _clear(self) -> None:
        if self._terminal:
            sys.stderr.write("\r\x1b[K")


def why(name: str, printed: str, megabytes: int) -> str:
    """Say why something could not be set up, by what a program printed."""
    if "No space left on device" in printed:
        return f"{name} could not be set up: {no_room(megabytes)}"
    if any(word in printed for word in NO_NETWORK):
        return (
            f"{name} could not be set up: its packages could not be downloaded. Is the network there? Then run it again"
        )
    lines = [f"  {line}" for line in printed.splitlines() if line.strip()]
    return "\n".join([f"{name} could not be set up:", *lines[-MOST_LINES:]])


def check_room(megabytes: int) -> None:
    """Raise SetUpFailed if the disk is too full for what is set up."""
    if free_megabytes(ROOT) < megabytes:
        raise SetUpFailed(no_room(megabytes))


def no_room(megabytes: int) -> str:
    """Say which disk is full, and how much is needed."""
    places = {str(ROOT): megabytes, tempfile.gettempdir(): artefact.MEGABYTES}  # pip unpacks in the second one
    said = "; ".join(
        f"{place} needs about {each:,} MB and has {free_megabytes(Path(place)):,} MB" for place, each in places.items()
    )
    return f"there is too little room on the disk. {said}. Make room, and run it again"


def free_megabytes(folder: Path) -> int:
    """Return how much room there is for this user."""
    return shutil.disk_usage(folder).free // 10**6


def main() -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(prog="set_up", description="Set up what the Makefile's targets need, once.")
    parser.add_argument("--functions", action="store_true", help="the functions' own packages, too")
    parser.add_argument("environments", nargs="+", type=Environment.named, metavar="FOLDER=REQUIREMENTS")
    given = parser.parse_args()
    for end in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(end, lambda *_: sys.exit(1))
    set_up = SetUp(given.environments, functions=given.functions)
    try:
        if set_up.megabytes:
            check_room(set_up.megabytes)
        if set_up.needs_venv:
            debian.install_venv()  # before there is a progress line: sudo may ask for a password
        set_up.run()
    except (SetUpFailed, debian.NotInstalled, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. What was half done is removed; run it again to set up the rest.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
