"""The command line: `python -m local.neptune_ml --port 8182`.

The first line on standard output is the address, printed once the server listens, so that a script can read it.
"""

import argparse
import errno
import os
import signal
import sys
import threading
from pathlib import Path

from local.neptune_ml.background import NeptuneML
from local.neptune_ml.faults import KINDS
from local.neptune_ml.options import ABSENT_FORMS

_SHARES_VARIABLE = "NEPTUNE_ML_SHARES"


def main(arguments: list[str] | None = None) -> int:
    """Serve until interrupted or terminated; return the exit status, 1 if the server could not start."""
    parser = _parser()
    given = parser.parse_args(arguments)
    try:
        given.shares = dict(map(_share, given.shares or os.environ.get(_SHARES_VARIABLE, "").split()))
        neptune = NeptuneML(**vars(given))
    except ValueError as wrong:
        parser.error(str(wrong))
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        with neptune:
            print(neptune.url, flush=True)
            stop.wait()
    except OSError as failed:
        taken = f"port {given.port} of {given.host} is taken; --port 0 takes any free one"
        print(f"Cannot start: {taken if failed.errno == errno.EADDRINUSE else failed}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local.neptune_ml", description="A local Amazon Neptune ML.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8182, help="port, 0 for any free one (default: %(default)s)")
    parser.add_argument("--stage-seconds", type=float, default=2.0, help="length of a stage (default: %(default)s)")
    parser.add_argument("--seed", type=int, help="let shares fall the same way each time")
    parser.add_argument("--fail-jobs", type=float, default=0.0, metavar="SHARE", help="share of jobs that end Failed")
    parser.add_argument(
        "--share",
        action="append",
        dest="shares",
        metavar="FAULT[:SECONDS]=SHARE",
        help=f"share of starts that meet with a fault; repeatable; default from {_SHARES_VARIABLE}, separated by "
        f"spaces. Faults: {', '.join(KINDS)}",
    )
    parser.add_argument("--starts-per-second", type=float, metavar="N", help="refuse more starts than that with a 429")
    parser.add_argument("--any-data-processing", action="store_true", help="each data-processing job is Completed")
    parser.add_argument("--absent", choices=ABSENT_FORMS, default=ABSENT_FORMS[0], help="error for an unknown job")
    parser.add_argument("--no-check-ids", action="store_false", dest="check_ids", help="accept an id in use")
    parser.add_argument("--role-required", action="store_true", help="want the role a job was started with")
    parser.add_argument("--check-signature", action="store_true", help="refuse requests that are not signed properly")
    parser.add_argument("--access-key", default="test", help="access key id to sign with (default: %(default)s)")
    parser.add_argument("--secret-key", default="test", help="secret access key to sign with (default: %(default)s)")
    parser.add_argument("--certificate", type=Path, help="PEM file; with --key, serve HTTPS")
    parser.add_argument("--key", type=Path, help="PEM file")
    return parser


def _share(given: str) -> tuple[str, float]:
    fault, equals, share = given.partition("=")
    if not equals:
        raise ValueError(f"--share {given}: write FAULT=SHARE, such as drop-after=0.05")
    return fault, float(share)


if __name__ == "__main__":
    sys.exit(main())
