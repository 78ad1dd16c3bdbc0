# SPDX-License-Identifier: EUPL-1.2
"""Whether the stack's ports are free, and who holds those that are not; opens none for long."""

import socket
from dataclasses import asdict
from pathlib import Path

from stadttakt_local.errors import StackError
from stadttakt_local.process_table import all_pids
from stadttakt_local.settings import Ports, setting_of

_LISTENING = "0A"


def require_free(ports: Ports, *names: str) -> None:
    """Refuse to go on while one of the named ports (all, if none is named) is taken."""
    chosen = {name: port for name, port in asdict(ports).items() if not names or name in names}
    twice = {port for port in chosen.values() if list(chosen.values()).count(port) > 1}
    if twice:
        raise StackError(
            f"Port {min(twice)} is set for two things.", "Give each a port of its own."
        )
    taken = {name: port for name, port in chosen.items() if not _is_free(port)}
    if taken:
        lines = [
            f"Port {port} ({name}) is taken by {holder(port)}." for name, port in taken.items()
        ]
        example = " ".join(f"{setting_of(name)}=<port>" for name in taken)
        raise StackError(
            "\n".join(lines),
            f"Stop that program (`make down` if it is ours), or set {example}. Nothing was started.",
        )


def free_or_any(preferred: int) -> int:
    """Return a port if it is free, else one that is: for what nobody has to know the port of."""
    if _is_free(preferred):
        return preferred
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def holder(port: int) -> str:
    """Return in words which process listens on a TCP port, as far as this user may know."""
    sockets = _listening_sockets(port)
    for pid in all_pids():
        if _holds(pid, sockets):
            command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
            return f"process {pid} ({command.decode(errors='replace').strip()[:80]})"
    return "an unknown process"


def _is_free(port: int) -> bool:
    try:
        # create_server sets SO_REUSEADDR, so that a connection that lingers after a stop does not count.
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def _listening_sockets(port: int) -> set[str]:
    found = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        lines = table.read_text().splitlines()[1:] if table.exists() else []
        for fields in map(str.split, lines):
            if fields[3] == _LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                found.add(f"socket:[{fields[9]}]")
    return found


def _holds(pid: int, sockets: set[str]) -> bool:
    try:
        return any(str(entry.readlink()) in sockets for entry in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False
