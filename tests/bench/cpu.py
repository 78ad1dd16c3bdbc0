# SPDX-License-Identifier: EUPL-1.2
"""How much CPU time and memory processes have used."""

from __future__ import annotations

import os
from pathlib import Path

_PROC = Path("/proc")
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1e6


def cpu_s(pid: int) -> float:
    """Return the CPU seconds of a process, its living descendants and its ended children."""
    # man 5 proc: utime (14), stime, cutime, cstime
    return sum(sum(map(int, fields[11:15])) * _TICK_S for fields in _of_tree(pid))


def memory_mb(pid: int) -> float:
    """Return the resident memory of a process and its living descendants; shared pages count in each."""
    # man 5 proc: rss (24), in pages
    return sum(int(fields[21]) * _PAGE_MB for fields in _of_tree(pid))


def most_memory_mb() -> float:
    """Return the most memory that this program has had at once; what began it does not count, as in `getrusage`."""
    status = (_PROC / "self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _of_tree(pid: int) -> list[list[str]]:
    """Return what `stat` says after the name, from the state on, of a process and its descendants."""
    found: dict[int, list[str]] = {}
    for folder in _PROC.iterdir():
        if folder.name.isdecimal():
            try:
                found[int(folder.name)] = (folder / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
    return [fields for each, fields in found.items() if _descends(each, pid, found)]


def _descends(pid: int, ancestor: int, found: dict[int, list[str]]) -> bool:
    while pid != ancestor and pid in found:
        pid = int(found[pid][1])
    return pid == ancestor
