# SPDX-License-Identifier: EUPL-1.2
"""What was fed to parsers as Markdown, for the page that `REPORT` names."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime


def report(rows: Sequence[Sequence[str]]) -> str:
    """Return what was fed so far as Markdown: on what, and a line a parser."""
    machine = f"{os.cpu_count()} cores {platform.machine()}, load average {os.getloadavg()[0]:.0f}"
    head = f"On {datetime.now(tz=UTC):%Y-%m-%d}: {machine} at the end."
    names = ("parser", "seed", "inputs", "inputs/s", "of CPU, s", "corpus", "finding")
    lines = [f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in (names, *rows)]
    return "\n".join([head, "", lines[0], "|---|---:|---:|---:|---:|---:|---|", *lines[1:]])
