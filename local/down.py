"""`make down`: end the `make up` of another terminal, and wait until it has ended."""

import os
import signal
import sys
import time
from contextlib import suppress

from cli.screen import say
from local import locks, run_folders
from local.run_folders import UP_LOCK

WITHIN = 30.0  # seconds


def main() -> int:
    """Run the program."""
    owner = locks.owner(UP_LOCK)
    if owner is None:
        run_folders.sweep()
        say("The local stack does not run.")
        return 0
    with suppress(ProcessLookupError):  # it has ended by itself meanwhile
        os.kill(owner, signal.SIGTERM)
    until = time.monotonic() + WITHIN
    while locks.is_held(UP_LOCK):
        if time.monotonic() > until:
            say(f"The local stack does not end within {WITHIN:.0f} s. Its process is {owner}.", style="red")
            return 1
        time.sleep(0.1)
    say("The local stack has ended.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
