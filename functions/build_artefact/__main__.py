"""The command line: `python3.13 -m build_artefact FOLDER --cache FOLDER`, for Lambda."""

import argparse
from pathlib import Path

from build_artefact import build
from build_artefact.targets import LAMBDA


def main() -> None:
    """Run the program."""
    parser = argparse.ArgumentParser(prog="build_artefact", description="Build the functions' artefact for Lambda.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cache", type=Path, required=True, help="where the packages are kept for the next build")
    given = parser.parse_args()
    if not LAMBDA.is_this_python:
        raise SystemExit("The functions run on Python {}.{}: build them with that.".format(*LAMBDA.python))
    try:
        build(given.folder, LAMBDA, given.cache)
    except RuntimeError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
