# SPDX-License-Identifier: EUPL-1.2
"""What a scenario measured as a page of the folder that `REPORT` names, as `docs/benchmarks`."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.table import Table

from bench.charts import Placed, Sheet, charts_of
from bench.steering import command
from support.chart import draw
from support.machine import additions_s, commit

FOLDER = Path(os.environ["REPORT"]) if "REPORT" in os.environ else None


def write(name: str, about: str, tables: Sequence[Table], folder: Path, fault: str = "") -> Path:
    """Write a scenario's page with its charts, and the fault that broke it off; return its path."""
    machine = (
        f"{os.cpu_count()} cores {platform.machine()}, broker and database on them, load average"
        f" {os.getloadavg()[0]:.0f} at the end, ten million additions in Python took"
        f" {additions_s():.1f} s then"
    )
    head = (
        f"# {about[0].upper()}{about[1:]}\n\nWritten by `{command(name, os.environ)}` on"
        f" {datetime.now(tz=UTC):%Y-%m-%d} at commit `{commit()}`: {machine}."
        " What it means: [performance](../performance.md)."
    )
    return put(name, head, [sheet_of(table) for table in tables], folder, fault)


def put(name: str, head: str, sheets: Sequence[Sheet], folder: Path, fault: str = "") -> Path:
    """Write a page of tables below its head, and their charts; return its path."""
    page, charts = folder / f"{name}.md", charts_of(name, sheets)
    for each in charts:
        (folder / f"{each.file}.svg").write_text(draw(each.chart), encoding="utf-8")
    parts = [head, *with_charts([markdown(sheet) for sheet in sheets], charts)]
    if fault:
        parts.append(f"**Broken off**: {fault}")
    page.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return page


def with_charts(tables: Sequence[str], charts: Sequence[Placed]) -> list[str]:
    """Return tables with their charts below them, those of all tables at the end."""
    parts: list[str] = []
    for number, table in enumerate(tables):
        parts += [table, *(_image(each) for each in charts if each.below == number)]
    of_all = [_image(each) for each in charts if each.below is None]
    return [*parts, *(["## Charts", *of_all] if of_all else [])]


def _image(placed: Placed) -> str:
    return f"![{placed.chart.told}]({placed.file}.svg)"


def sheet_of(table: Table) -> Sheet:
    """Return a table as it stands on a page."""
    names = [str(column.header) for column in table.columns]
    rows = zip(*(map(str, column.cells) for column in table.columns), strict=True)
    return Sheet(str(table.title or ""), names, list(rows), str(table.caption or ""))


def markdown(sheet: Sheet) -> str:
    """Return a table below its title."""
    head = [_line(sheet.names), "|" + "---|" * len(sheet.names)]
    title = [f"## {sheet.title}", ""] if sheet.title else []
    caption = ["", sheet.caption] if sheet.caption else []
    return "\n".join([*title, *head, *(_line(row) for row in sheet.rows), *caption])


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
