"""This Python, and the machine that it is for. What another one has made, in a folder that both share, is made anew.

`python -m local.machine` prints the Python's version and `key()` for the Makefile. It needs only Python.
"""

from __future__ import annotations

import hashlib
import platform
import sys
import sysconfig


def platform_key() -> str:
    """Return what stands for the machine alone, the same for each of its Pythons: system, processor, C library."""
    return " ".join((platform.system(), platform.machine(), str(sysconfig.get_config_var("MULTIARCH"))))


def key() -> str:
    """Return what stands for this Python and its machine: version, place, platform, C library."""
    abi = str(sysconfig.get_config_var("SOABI"))
    told = (sys.version, sys.base_prefix, sysconfig.get_platform(), abi)
    return hashlib.sha256("\0".join(told).encode()).hexdigest()


if __name__ == "__main__":
    print(f"{sys.version_info[0]}.{sys.version_info[1]} {key()}")
