# SPDX-License-Identifier: EUPL-1.2
"""What a scenario measured as a page of the folder that `REPORT` names, as `docs/benchmarks`."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.table import Table

from stadttakt_runtime.bar_chart import Bar, draw
from support.machine import additions_s, commit

FOLDER = Path(os.environ["REPORT"]) if "REPORT" in os.environ else None


def write(name: str, about: str, tables: Sequence[Table], folder: Path, fault: str = "") -> Path:
    """Write a scenario's page with its charts, and the fault that broke it off; return its path."""
    page = folder / f"{name}.md"
    machine = (
        f"{os.cpu_count()} cores {platform.machine()}, broker and database on them, load average"
        f" {os.getloadavg()[0]:.0f} at the end, ten million additions in Python took"
        f" {additions_s():.1f} s then"
    )
    head = (
        f"# {about[0].upper()}{about[1:]}\n\nWritten by `make bench SCENARIO={name}` on"
        f" {datetime.now(tz=UTC):%Y-%m-%d} at commit `{commit()}`: {machine}."
        " What it means: [performance](../performance.md)."
    )
    parts = [head, *(markdown(table) for table in tables)]
    if fault:
        parts.append(f"**Broken off**: {fault}")
    charts = sorted((*folder.glob(f"{name}.svg"), *folder.glob(f"{name}-*.svg")))
    parts += [f"![{about}]({chart.name})" for chart in charts]
    page.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return page


def chart(name: str, bars: Sequence[Bar]) -> None:
    """Draw what is to stand on a page: the chart of a scenario, or one of several after a hyphen."""
    if FOLDER and any(bar.value is not None for bar in bars):
        text = draw(
            bars, lambda value, is_whole: f"{value:,.{0 if is_whole else 1}f}", "sans-serif"
        )
        (FOLDER / f"{name}.svg").write_text(text + "\n", encoding="utf-8")


def markdown(table: Table) -> str:
    """Return a table below its title."""
    names = [str(column.header) for column in table.columns]
    rows = zip(*(column.cells for column in table.columns), strict=True)
    lines = [_line(names), "|" + "---|" * len(names), *(_line(map(str, row)) for row in rows)]
    title = [f"## {table.title}", ""] if table.title else []
    caption = ["", f"{table.caption}"] if table.caption else []
    return "\n".join([*title, *lines, *caption])


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
