"""Values from CSV: the same fields as a body, one line per value."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from kpi_aggregator.domain.framework import Indicator
from kpi_aggregator.domain.periods import Period
from kpi_aggregator.domain.values import Proposal, faults

REQUIRED = ("indicator_id", "period", "period_start", "value", "source", "source_date")
OPTIONAL = ("author_role", "cause", "group_size", "parts", "evidence")
MOST_PARTS = 50
_PART = re.compile(r"^([a-z0-9-]{1,80})=([0-9]{1,9})$")
MOST_LINES = 10_000
MOST_ERRORS = 1000
LONGEST = 500


@dataclass(frozen=True, slots=True)
class LineError:
    """What is wrong in a line."""

    line: int
    column: str
    detail: str
    code: str


class ValuesRefusedError(ValueError):
    """The file is not what it should be; nothing of it is taken."""

    def __init__(self, errors: list[LineError]) -> None:
        self.errors = errors
        super().__init__(f"line {errors[0].line}, {errors[0].column}: {errors[0].detail}")


def read_values(content: bytes, known: Mapping[str, Indicator], today: date) -> list[Proposal]:
    """Read all lines, separated by comma or semicolon, in UTF-8; numbers with a point.

    Raises:
        ValuesRefusedError: with every line that is wrong.

    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValuesRefusedError([LineError(line, "", "not UTF-8", "invalid_encoding")]) from error
    first = text.partition("\n")[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    found: list[Proposal] = []
    errors: list[LineError] = []
    try:
        header = _header(next(rows, []))
        for row in rows:
            if any(cell.strip() for cell in row):
                _take(rows.line_num, header, row, known, today, found, errors)
            if len(errors) >= MOST_ERRORS or len(found) > MOST_LINES:
                break
    except csv.Error as error:
        errors.append(LineError(rows.line_num, "", f"not CSV: {error}", "invalid_csv"))
    if len(found) > MOST_LINES:
        errors.append(LineError(rows.line_num, "", f"more than {MOST_LINES} values", "too_many"))
    if not found and not errors:
        errors.append(LineError(1, "", "no value", "empty"))
    if errors:
        raise ValuesRefusedError(errors)
    return found


def _header(cells: list[str]) -> list[str]:
    header = [cell.strip().lower() for cell in cells]
    errors = [
        LineError(1, name, "the column is missing", "missing")
        for name in REQUIRED
        if name not in header
    ]
    errors += [
        LineError(1, name, "there is no such column, or it is there twice", "unknown_column")
        for name in header
        if name not in REQUIRED + OPTIONAL or header.count(name) > 1
    ]
    if errors:
        raise ValuesRefusedError(errors)
    return header


def _take(  # noqa: PLR0913, PLR0917  # a line and what it is held against
    line: int,
    header: list[str],
    row: list[str],
    known: Mapping[str, Indicator],
    today: date,
    found: list[Proposal],
    errors: list[LineError],
) -> None:
    if len(row) != len(header):
        detail = f"{len(row)} fields, the header has {len(header)}"
        errors.append(LineError(line, "", detail, "fields"))
        return
    cells = {name: cell.strip() for name, cell in zip(header, row, strict=True)}
    indicator = known.get(cells["indicator_id"])
    if indicator is None:
        errors.append(LineError(line, "indicator_id", "there is no such indicator", "unknown"))
        return
    read = _proposal(line, cells, errors)
    if read is None:
        return
    errors += [
        LineError(line, fault.field, fault.detail, fault.code)
        for fault in faults(indicator, read, today)
    ]
    found.append(read)


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
        author_role=cells.get("author_role") or "CSV import",
        cause=cells.get("cause") or "CSV import",
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
