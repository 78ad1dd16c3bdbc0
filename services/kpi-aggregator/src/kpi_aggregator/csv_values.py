# SPDX-License-Identifier: EUPL-1.2
"""Values from CSV: the same fields as a body, one line per value, as the API or German Excel writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from kpi_aggregator.domain import cells
from kpi_aggregator.domain.causes import CSV_IMPORT
from kpi_aggregator.domain.filed import Act, Held, Key, Known, act_of, key_of
from kpi_aggregator.domain.framework import Indicator
from kpi_aggregator.domain.values import Proposal, faults, filled_in
from stadttakt_runtime.csv_import import (
    Columns,
    FileRefusedError,
    LineError,
    delimiter_of,
    read_lines,
    text_of,
)

REMARKS = (
    "bemerkung",
    "bemerkungen",
    "kommentar",
    "anmerkung",
    "notiz",
    "comment",
    "note",
    "remark",
)
"""Columns for those who fill the file in: a value keeps its source and cause, and no remark."""
COLUMNS = Columns(
    ("indicator_id", "period_start", "value", "source", "source_date"),
    ("period", "author_role", "cause", "group_size", "parts", "means", "evidence"),
    what="value",
    most_lines=10_000,
    names={
        "kennzahl": "indicator_id",
        "zeitraum": "period_start",
        "beginn des zeitraums": "period_start",
        "länge des zeitraums": "period",
        "wert": "value",
        "quelle": "source",
        "stand der quelle": "source_date",
        "ihre funktion": "author_role",
        "funktion": "author_role",
        "grund": "cause",
        "befragte": "group_size",
        "personen, die befragt wurden": "group_size",
        "davon": "parts",
        "mittel je gruppe": "means",
        "beleg": "evidence",
        "link zum beleg": "evidence",
        "bezeichnung": "title",
        "einheit": "unit",
    },
    unread=("title", "unit", *REMARKS),
    has_cp1252=True,
)
LONGEST = 500
MOST_PERSONS = 1_000_000_000
_READ = ("value", "source", "source_date", "group_size", "evidence", "cause")
_GROUPS = ("parts", "means")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file: what it would do, and the value that it says, where it says one.

    The value's `author_role` is empty where the line says none.
    """

    number: int
    act: Act
    proposal: Proposal | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """What a file would do: its lines that can be read, all that is wrong, and the columns of remarks, which are not kept."""

    lines: Sequence[Line]
    errors: Sequence[LineError]
    remarks: Sequence[str] = ()


def read_values(
    content: bytes, known: Mapping[str, Indicator], today: date, held: Held | None = None
) -> list[Line]:
    """Read all lines, separated by comma, semicolon or tab, in UTF-8 or Windows-1252.

    Numbers and days may be German, columns may have the German names of the form.

    Raises:
        FileRefusedError: with every line that is wrong.

    """
    tried = try_values(content, known, today, held)
    if tried.errors:
        raise FileRefusedError(tried.errors)
    return list(tried.lines)


def try_values(
    content: bytes, known: Mapping[str, Indicator], today: date, held: Held | None = None
) -> Tried:
    """Return what a file would do, and every line that is wrong."""
    reading = _Reading(known, _by_title(known), today, held or {})
    try:
        reading.has_points = delimiter_of(text_of(content, COLUMNS)) == ","
        read_lines(content, COLUMNS, reading.take)
    except FileRefusedError as error:
        return Tried(reading.lines, error.errors, reading.remarks)
    return Tried(reading.lines, (), reading.remarks)


def _by_title(known: Mapping[str, Indicator]) -> dict[str, Indicator]:
    """Return indicators by their titles; one that two have is nobody's."""
    found: dict[str, list[Indicator]] = {}
    for each in known.values():
        for title in {text.casefold() for text in each.title.values()}:
            found.setdefault(title, []).append(each)
    return {title: each[0] for title, each in found.items() if len(each) == 1}


@dataclass
class _Reading:
    """A file that is being read, line by line."""

    known: Mapping[str, Indicator]
    titles: Mapping[str, Indicator]
    today: date
    held: Held
    has_points: bool = False
    lines: list[Line] = field(default_factory=list)
    seen: dict[Key, int] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def take(self, number: int, cells_of: Mapping[str, str]) -> list[LineError]:
        """Read a line; return what is wrong with it."""
        self.remarks += [
            name for name in REMARKS if cells_of.get(name) and name not in self.remarks
        ]
        name = cells_of["indicator_id"]
        indicator = self.known.get(name) or self.titles.get(name.casefold())
        if indicator is None:
            return [LineError(number, "indicator_id", "there is no such indicator", "unknown")]
        if not _is_filled_in(cells_of):
            self.lines.append(Line(number, Act.EMPTY))
            return []
        errors = [LineError(number, *wrong) for wrong in _texts(cells_of)]
        read = _Cells(number, cells_of, indicator, errors, has_points=self.has_points).proposal()
        if read is None:
            return errors
        read = filled_in(indicator, read)
        key = key_of(read)
        known = self.held.get(key, Known())
        self.lines.append(Line(number, act_of(read, known), read))
        if key in self.seen:
            line = str(self.seen[key])
            detail = f"line {line} is of the same period"
            errors.append(LineError(number, "period_start", detail, "duplicate", line))
        self.seen.setdefault(key, number)
        # What is told already is not handed in again, so nothing is corrected by it.
        told = () if self.lines[-1].act is Act.SAME else known.told
        wrong = faults(indicator, read, self.today, told)
        return errors + [
            LineError(number, each.field, each.detail, each.code, each.of) for each in wrong
        ]


def _is_filled_in(cells_of: Mapping[str, str]) -> bool:
    """Tell whether somebody wrote something into a line: the template names groups (`rad=|oepnv=`)."""
    of_groups = [
        group.partition("=")[2].strip() or ("=" not in group and group.strip())
        for name in _GROUPS
        for group in cells_of.get(name, "").split("|")
    ]
    return any(cells_of.get(each) for each in _READ) or any(of_groups)


@dataclass
class _Cells:
    """The cells of a line that must be read before they say anything."""

    number: int
    cells: Mapping[str, str]
    indicator: Indicator
    errors: list[LineError]
    has_points: bool

    def proposal(self) -> Proposal | None:
        """Return the line's value, none where a field cannot be read."""
        length = self._read("period", self._length)
        start = self._read("period_start", lambda text: cells.read_start(text, length))
        day = self._read("source_date", cells.read_day)
        value = self._read("value", self._value)
        parts = self._read("parts", cells.read_parts)
        means = self._read("means", lambda text: cells.read_means(text, has_points=self.has_points))
        size = self._read("group_size", self._size)
        if self.errors:
            return None
        return Proposal(
            indicator_id=self.indicator.indicator_id,
            period=length,
            period_start=start,
            value=value,
            source=self.cells["source"],
            source_date=day,
            author_role=self.cells.get("author_role", ""),
            cause=self.cells.get("cause") or CSV_IMPORT,
            parts=parts,
            group_size=size,
            evidence=self.cells.get("evidence") or None,
            means=means,
        )

    def _read(self, name: str, read: Callable[[str], Any]) -> Any:
        """Return what a cell says; what it should be is told where it cannot be read."""
        text = self.cells.get(name, "")
        if not text and name in COLUMNS.required:
            self.errors.append(LineError(self.number, name, "must be given", "missing"))
            return None
        try:
            return read(text)
        except cells.AmbiguousError:
            detail = "may be a thousand or a decimal: write 1234 or 1,234"
            self.errors.append(LineError(self.number, name, detail, "ambiguous", text[:40]))
        except ValueError:
            self.errors.append(LineError(self.number, name, _WANTED[name], "invalid", text[:40]))
        return None

    def _length(self, text: str) -> Any:
        found = cells.read_length(text) if text else self.indicator.period
        if found is None:
            raise ValueError(text)
        return found

    def _value(self, text: str) -> float:
        if self.indicator.unit == "%":
            text = text.removesuffix("%").strip()
        return cells.read_number(text, whole=self.indicator.whole, has_points=self.has_points)

    def _size(self, text: str) -> int | None:
        if not text:
            return None
        number = cells.read_number(text, whole=True, has_points=False)
        if not 0 <= number < MOST_PERSONS or number != int(number):
            raise ValueError(text)
        return int(number)


_WANTED: Mapping[str, str] = {
    "period": f"must be one of {', '.join(cells.LENGTHS)}",
    "period_start": "must be the first day of a period, such as 2026-01-01 or 01.01.2026, or its name",
    "source_date": "must be a date such as 2026-01-31 or 31.01.2026",
    "value": "must be a number such as 1234.5 or 1234,5",
    "parts": "must be groups and numbers, such as rad=120|oepnv=95",
    "means": "must be groups with mean and persons, such as unter-18=2.3 (41)|ab-65=1.9 (60)",
    "group_size": "must be a whole number",
}


def _texts(cells_of: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield what is wrong with fields that are texts: the field, what it must be, a code."""
    for name in ("source", "author_role", "cause", "evidence"):
        text = cells_of.get(name, "")
        if len(text) > LONGEST or not text.isprintable():
            yield name, f"must have at most {LONGEST} printable characters", "text"
    if not cells_of["source"]:
        yield "source", "must be given", "missing"
