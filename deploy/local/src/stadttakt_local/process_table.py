# SPDX-License-Identifier: EUPL-1.2
"""What the kernel tells of processes in /proc, and signals to them; owns none."""

import contextlib
import os
import signal
from pathlib import Path

_PROC = Path("/proc")


def all_pids() -> list[int]:
    """Return the pids of all processes."""
    return [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdecimal()]


def working_folder(pid: int) -> Path | None:
    """Return a process's working folder as seen from here, or None when it is gone or ending."""
    try:
        return (_PROC / str(pid) / "cwd").readlink()
    except OSError:
        return None


def parent_of(pid: int) -> int | None:
    """Return the pid of a process's parent, or None when it is gone."""
    try:
        stat = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    # The program's name, in parentheses, may hold anything.
    return int(stat.rpartition(")")[2].split()[1])


def send(pid: int, what: signal.Signals) -> None:
    """Send a signal to a process that may be gone."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, what)
