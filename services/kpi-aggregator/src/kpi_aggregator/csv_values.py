# SPDX-License-Identifier: EUPL-1.2
"""Values from CSV: the same fields as a body, one line per value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from kpi_aggregator.domain.causes import CSV_IMPORT
from kpi_aggregator.domain.framework import Indicator
from kpi_aggregator.domain.periods import Period
from kpi_aggregator.domain.values import Proposal, Told, faults
from stadttakt_runtime.csv_import import Columns, LineError, read_lines

COLUMNS = Columns(
    ("indicator_id", "period", "period_start", "value", "source", "source_date"),
    ("author_role", "cause", "group_size", "parts", "evidence"),
    what="value",
    most_lines=10_000,
)
MOST_PARTS = 50
_PART = re.compile(r"^([a-z0-9-]{1,80})=([0-9]{1,9})$")
LONGEST = 500


Key = tuple[str, Period, date]
Held = Mapping[Key, Sequence[Told]]
"""All that was told of each indicator and period."""


def read_values(
    content: bytes, known: Mapping[str, Indicator], today: date, held: Held | None = None
) -> list[Proposal]:
    """Read all lines, separated by comma or semicolon, in UTF-8; numbers with a point.

    Raises:
        FileRefusedError: with every line that is wrong.

    """
    found: list[Proposal] = []
    own: dict[Key, list[Told]] = {}

    def take(line: int, cells: Mapping[str, str]) -> list[LineError]:
        indicator = known.get(cells["indicator_id"])
        if indicator is None:
            return [LineError(line, "indicator_id", "there is no such indicator", "unknown")]
        errors: list[LineError] = []
        read = _proposal(line, cells, errors)
        if read is not None:
            found.append(read)
            key = (read.indicator_id, read.period, read.period_start)
            told = [*(held or {}).get(key, ()), *own.get(key, ())]
            own.setdefault(key, []).append(Told(read.parts, read.group_size, read.value))
            errors += [
                LineError(line, fault.field, fault.detail, fault.code)
                for fault in faults(indicator, read, today, told)
            ]
        return errors

    read_lines(content, COLUMNS, take)
    return found


def _proposal(line: int, cells: Mapping[str, str], errors: list[LineError]) -> Proposal | None:
    """Return a line's value, none where a field cannot be read."""
    before = len(errors)
    errors += [LineError(line, column, detail, "invalid") for column, detail in _texts(cells)]
    days: dict[str, date] = {}
    for name in ("period_start", "source_date"):
        try:
            days[name] = date.fromisoformat(cells[name])
        except ValueError:
            errors.append(LineError(line, name, "must be a date such as 2026-01-01", "invalid"))
    try:
        value = float(cells["value"])
    except ValueError:
        errors.append(LineError(line, "value", "must be a number with a point", "invalid"))
    if len(errors) > before:
        return None
    return Proposal(
        indicator_id=cells["indicator_id"],
        period=Period(cells["period"]),
        period_start=days["period_start"],
        value=value,
        source=cells["source"],
        source_date=days["source_date"],
        author_role=cells.get("author_role") or CSV_IMPORT,
        cause=cells.get("cause") or CSV_IMPORT,
        parts=_parts(cells.get("parts", "")),
        group_size=int(cells["group_size"]) if cells.get("group_size") else None,
        evidence=cells.get("evidence") or None,
    )


def _texts(cells: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with fields that are texts or choices."""
    for name in ("source", "author_role", "cause", "evidence"):
        text = cells.get(name, "")
        if len(text) > LONGEST or not text.isprintable():
            yield name, f"must have at most {LONGEST} printable characters"
    if not cells["source"]:
        yield "source", "must be given"
    if cells["period"] not in set(Period):
        yield "period", f"must be one of {', '.join(Period)}"
    size = cells.get("group_size", "")
    parts = cells.get("parts", "")
    if parts and _parts(parts) is None:
        yield "parts", "must be groups and numbers, such as rad=120|oepnv=95"
    if size and not (size.isascii() and size.isdigit() and len(size) < 10):
        yield "group_size", "must be a whole number"


def _parts(text: str) -> dict[str, int] | None:
    """Return how many of each group; none where nothing, or something else, is written."""
    found = [_PART.match(each.strip()) for each in text.split("|")]
    if len(found) > MOST_PARTS or not all(found):
        return None
    parts = {each[1]: int(each[2]) for each in found if each is not None}
    return parts if len(parts) == len(found) else None
