"""Say what the artefact is built for: Lambda, or the Python of this machine."""

import platform
import sys
from dataclasses import dataclass

LAMBDAS_PYTHON = (3, 13)
# The machines that Lambda has. A compiled module's name holds its machine, so the modules for both fit into one folder.
MACHINES = ("x86_64", "aarch64")


@dataclass(frozen=True)
class Target:
    """Say what the artefact is built for. `machines` are those of Lambda; none means this machine."""

    python: tuple[int, int]
    machines: tuple[str, ...]

    @property
    def is_this_python(self) -> bool:
        """Return True if this Python can compile for the target."""
        return sys.version_info[:2] == self.python


LAMBDA = Target(LAMBDAS_PYTHON, MACHINES)


def this_machine() -> Target:
    """Return the target for this Python: Lambda's own if this machine can run that."""
    python = sys.version_info[:2]
    like_lambda = sys.platform == "linux" and platform.machine() in MACHINES and platform.libc_ver()[0] == "glibc"
    return LAMBDA if like_lambda and python == LAMBDAS_PYTHON else Target(python, ())
