# SPDX-License-Identifier: EUPL-1.2
"""What something was measured or played on: the commit, and how fast this machine is at the moment."""

from __future__ import annotations

import subprocess
import time

from stadttakt_local import layout

ADDITIONS = 10_000_000


def commit() -> str:
    """Return the commit, with `+` where something but reports was changed since."""
    head = _git("rev-parse", "--short=8", "HEAD")
    changed = _git("status", "--porcelain", "--", ".", ":!docs/benchmarks")
    return f"{head or 'unknown'}{'+' if changed else ''}"


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(layout.PROJECT), *arguments]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return str(told).strip()


def additions_s() -> float:
    """Return the seconds of ten million additions in Python: the same machine may be twice as fast an hour later."""
    total, began = 0, time.perf_counter()
    for number in range(ADDITIONS):
        total += number
    return time.perf_counter() - began
