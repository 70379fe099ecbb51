"""The ports that `make up` had last time, so that it has them again if they are free."""

import json
from collections.abc import Mapping

from local.emulator import free_port
from local.run_folders import KEPT

FILE = KEPT / "ports.json"


def same_as_last_time(server: str) -> int:
    """Return the port that a server had, if nothing listens there now, or else another free one."""
    return free_port(remembered().get(server, 0))


def remember(ports: Mapping[str, int]) -> None:
    """Keep the ports, by server, for the next time."""
    FILE.write_text(json.dumps(ports))


def remembered() -> dict[str, int]:
    """Return the ports by server; none if the file is missing or was damaged."""
    try:
        found = json.loads(FILE.read_text())
        return {str(server): int(port) for server, port in found.items() if 0 < int(port) < 2**16}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
