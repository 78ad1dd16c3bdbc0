# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import subprocess
import sys
import time

import pytest

from bench.quota import GROUPS, at_most

PATIENCE_S = 60


def throttled(pid: int) -> int:
    """Return how often the kernel made the group of a process wait."""
    (stat,) = GROUPS.glob(f"**/stadttakt-bench-{pid}/cpu.stat")
    told = dict(line.split() for line in stat.read_text().splitlines())
    return int(told["nr_throttled"])


def test_a_process_waits_for_its_share_and_goes_on_free_afterwards() -> None:
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        try:
            with at_most(process.pid, 0.05):
                deadline = time.monotonic() + PATIENCE_S
                while not throttled(process.pid):
                    assert time.monotonic() < deadline
                    time.sleep(0.1)
        except OSError as error:
            pytest.skip(f"no group can be made here: {error}")
        assert list(GROUPS.glob(f"**/stadttakt-bench-{process.pid}")) == []
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()
