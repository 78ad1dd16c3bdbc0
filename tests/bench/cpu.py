# SPDX-License-Identifier: EUPL-1.2
"""How much CPU time and memory processes have used."""

from __future__ import annotations

import os
from pathlib import Path

_PROC = Path("/proc")
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def cpu_s(pid: int) -> float:
    """Return the CPU seconds of a process, its living descendants and its ended children."""
    # man 5 proc: utime (14), stime, cutime, cstime
    return sum(sum(map(int, fields[11:15])) * _TICK_S for fields in _of_tree(pid).values())


def memory_mb(pid: int) -> float:
    """Return the memory of a process and its living descendants; what they share counts once.

    Raises:
        ProcessLookupError: the process is gone.

    """
    found = _of_tree(pid)
    if not found:
        raise ProcessLookupError(f"process {pid} is gone")
    return sum(map(_share_mb, found))


def _share_mb(pid: int) -> float:
    # man 5 proc_pid_smaps: Pss, a page's share of those who have it mapped, in kB
    try:
        told = (_PROC / str(pid) / "smaps_rollup").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return int(told.partition("\nPss:")[2].split()[0]) * 1024 / 1e6


def most_memory_mb() -> float:
    """Return the most memory that this program has had at once; what began it does not count, as in `getrusage`."""
    status = (_PROC / "self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _of_tree(pid: int) -> dict[int, list[str]]:
    """Return what `stat` says after the name, from the state on, of a process and its descendants by id."""
    found: dict[int, list[str]] = {}
    for folder in _PROC.iterdir():
        if folder.name.isdecimal():
            try:
                found[int(folder.name)] = (folder / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
    return {each: fields for each, fields in found.items() if _descends(each, pid, found)}


def _descends(pid: int, ancestor: int, found: dict[int, list[str]]) -> bool:
    while pid != ancestor and pid in found:
        pid = int(found[pid][1])
    return pid == ancestor
