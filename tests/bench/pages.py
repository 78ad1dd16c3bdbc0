# SPDX-License-Identifier: EUPL-1.2
"""The tables of a page of `docs/benchmarks`, read back from it."""

from __future__ import annotations

import re

from architecture.tracked import ROOT
from bench.charts import Sheet

FOLDER = ROOT / "docs/benchmarks"
_TABLE = re.compile(
    r"(?:^## (.+)\n\n)?((?:^\|.*\n)+)(?:\n((?:Asked for|CPU|By the model|Frames of|memory at most).+)\n)?",
    re.MULTILINE,
)
_CELL = re.compile(r"(?<!\\)\|")


def sheets_of(text: str) -> list[Sheet]:
    """Return the tables of a page."""
    found = []
    for title, table, caption in _TABLE.findall(text):
        rows = [
            [cell.strip().replace("\\|", "|") for cell in _CELL.split(line)[1:-1]]
            for line in table.splitlines()
        ]
        found.append(Sheet(title, rows[0], rows[2:], caption))
    return found
