"""`.local/env`: the shell variables with which another terminal joins the stack of `make up`, and leaves it again."""

import shlex
import sys
from collections.abc import Mapping
from itertools import pairwise, takewhile
from pathlib import Path

from local.emulator import USERS_OWN
from local.run_folders import ENV

LEAVE = "leave_local_stack"
OWNER = "LOCAL_STACK_PID"  # `make sam-local` forwards ports for as long as this process runs
KEPT_AS = "BEFORE_LOCAL_STACK_"
PROGRAMS = Path(sys.prefix) / "bin"  # where `make cli` puts neptune-training


class NotJoined(Exception):  # noqa: N818
    """No stack of `make up` runs."""


def write(variables: Mapping[str, str]) -> None:
    """Write the file; only this user can read it, because it holds the run's credentials."""
    ENV.unlink(missing_ok=True)
    ENV.touch(mode=0o600)
    ENV.write_text(script(variables))


def read() -> dict[str, str]:
    """Return the variables in the file. Raises NotJoined if there is none."""
    try:
        text = ENV.read_bytes().decode()  # `read_text` would change the line breaks in a value
    except FileNotFoundError:
        raise NotJoined("the local stack does not run. Start it in another terminal: make up") from None
    words = takewhile(lambda word: word != "case", shlex.split(text, comments=True))  # what follows exports nothing new
    return dict(pair.split("=", 1) for word, pair in pairwise(words) if word == "export")


def script(variables: Mapping[str, str]) -> str:
    """Return the file's text, for sh, bash and zsh. It also puts `PROGRAMS` on the PATH.

    Values that the shell had before are kept, and are there again after `leave_local_stack`. Whoever joins twice keeps
    those of before the first time.
    """
    names = ["PATH", *USERS_OWN, *variables]
    keep = "\n".join(f'  [ -z "${{{name}+x}}" ] || {KEPT_AS}{name}=${name}' for name in names)
    put_back = "\n".join(map(restored, names))
    programs = shlex.quote(str(PROGRAMS))
    return f"""\
# Join the local stack:  . .local/env      Leave it again:  {LEAVE}
kill -0 {variables[OWNER]} 2> /dev/null || echo "This local stack has ended. Start it again: make up" >&2
if [ -z "${{{OWNER}-}}" ]; then
{keep}
  :
fi
unset {" ".join(USERS_OWN)}
{exports(variables)}
case :$PATH: in
  *:{programs}:*) ;;
  *) PATH={programs}:$PATH ;;
esac
{LEAVE}() {{
{put_back}
  unset -f {LEAVE}
}}
"""


def exports(variables: Mapping[str, str]) -> str:
    """Return a line for each variable."""
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items())


def restored(name: str) -> str:
    """Return the lines that give a variable the value that it had before."""
    kept = f"{KEPT_AS}{name}"
    return f"""\
  unset {name}
  [ -z "${{{kept}+x}}" ] || export {name}="${kept}"
  unset {kept}"""
