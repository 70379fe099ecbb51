"""`make down`: end the `make up` of another terminal, and wait until it has ended.

It sends no signal: the process that wrote its id somewhere may have ended, and its id may be another process's by now.
"""

import sys
import time

from cli.screen import say
from local import locks, run_folders
from local.run_folders import UP_END, UP_LOCK

WITHIN = 30.0  # seconds


def main() -> int:
    """Run the program."""
    if not locks.is_held(UP_LOCK):
        run_folders.sweep()
        say("The local stack does not run.")
        return 0
    until = time.monotonic() + WITHIN
    try:
        while locks.is_held(UP_LOCK):
            if time.monotonic() > until:
                say(f"The local stack does not end within {WITHIN:.0f} s. Press Ctrl-C where it runs.", style="red")
                return 1
            UP_END.write_text(UP_LOCK.read_text())  # each time: one that begins has not signed yet
            time.sleep(0.1)
    finally:
        UP_END.unlink(missing_ok=True)
    say("The local stack has ended.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
