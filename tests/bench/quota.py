# SPDX-License-Identifier: EUPL-1.2
"""A share of a core for a process, so that few cores can show what more processes would do on more."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")
PERIOD_US = 20_000


@contextlib.contextmanager
def at_most(pid: int, cores: float) -> Iterator[None]:
    """Give a process and what it starts at most so much of a core (cgroups(7), CPU bandwidth) until the block ends.

    Raises:
        OSError: no group can be made here, as without the right to do so.

    """
    is_v2 = (GROUPS / "cgroup.controllers").exists()
    above = GROUPS if is_v2 else GROUPS / "cpu"
    group = above / f"stadttakt-bench-{pid}"
    quota_us = int(cores * PERIOD_US)
    if is_v2:
        (above / "cgroup.subtree_control").write_text("+cpu")
    group.mkdir()
    try:
        if is_v2:
            (group / "cpu.max").write_text(f"{quota_us} {PERIOD_US}")
        else:
            (group / "cpu.cfs_period_us").write_text(str(PERIOD_US))
            (group / "cpu.cfs_quota_us").write_text(str(quota_us))
        (group / "cgroup.procs").write_text(str(pid))
        yield
    finally:
        # What still runs goes back to where it was; a group that holds nobody can be removed.
        for each in (group / "cgroup.procs").read_text().split():
            with contextlib.suppress(ProcessLookupError):
                (above / "cgroup.procs").write_text(each)
        group.rmdir()
