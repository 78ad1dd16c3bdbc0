# SPDX-License-Identifier: EUPL-1.2
"""What a run found, put into a page of the folder that `REPORT` names, as `docs/benchmarks`."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(os.environ["REPORT"]) if "REPORT" in os.environ else None


def found(page: Path, command: str) -> str:
    """Return the report that stands between a command's marks in a page; nothing where there is none."""
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    begin, end = f"<!-- {command}: begin -->", f"<!-- {command}: end -->"
    return text.partition(begin)[2].partition(end)[0].strip()


def put(page: Path, command: str, text: str) -> None:
    """Put a report between a command's marks in a page, instead of the one before; the rest stays as it is."""
    begin, end = f"<!-- {command}: begin -->", f"<!-- {command}: end -->"
    before = page.read_text(encoding="utf-8") if page.exists() else f"# `{command}`\n\n"
    if begin not in before:
        before += f"\n{begin}\n{end}\n"
    head, _, rest = before.partition(begin)
    _, _, tail = rest.partition(end)
    page.write_text(f"{head}{begin}\n{text.strip()}\n{end}{tail}", encoding="utf-8")
