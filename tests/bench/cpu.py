# SPDX-License-Identifier: EUPL-1.2
"""How much CPU time and memory processes have used."""

from __future__ import annotations

import os
from pathlib import Path

_PROC = Path("/proc")
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def cpu_s(pid: int) -> float:
    """Return the CPU seconds of a process, its living descendants and its ended children."""
    used: dict[int, tuple[int, float]] = {}
    for folder in _PROC.iterdir():
        if folder.name.isdecimal():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            # man 5 proc: state, ppid, …, utime (14), stime, cutime, cstime
            used[int(folder.name)] = (int(fields[1]), sum(map(int, fields[11:15])) * _TICK_S)
    return sum(seconds for each, (_, seconds) in used.items() if _descends(each, pid, used))


def most_memory_mb() -> float:
    """Return the most memory that this program has had at once; what began it does not count, as in `getrusage`."""
    status = (_PROC / "self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _descends(pid: int, ancestor: int, used: dict[int, tuple[int, float]]) -> bool:
    while pid != ancestor and pid in used:
        pid = used[pid][0]
    return pid == ancestor
