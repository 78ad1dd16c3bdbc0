# SPDX-License-Identifier: EUPL-1.2
"""Door events from CSV: one line per door, stop and trip, counted by people and by the system."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from vehicle_occupancy.domain.acceptance import DoorEvent

REQUIRED = (
    "vehicle_id",
    "event_id",
    "door",
    "manual_in",
    "manual_out",
    "automatic_in",
    "automatic_out",
)
OPTIONAL = ("trip_id",)
MOST_PASSENGERS = 1000
MOST_EVENTS = 200_000
LONGEST_ID = 128
MOST_ERRORS = 1000


@dataclass(frozen=True, slots=True)
class LineError:
    """What is wrong in a line."""

    line: int
    column: str | None
    detail: str
    code: str


class CountsRefusedError(ValueError):
    """The file is not what it should be; nothing of it is taken."""

    def __init__(self, errors: list[LineError]) -> None:
        self.errors = errors
        first = errors[0]
        where = f"line {first.line}" + (f", {first.column}" if first.column else "")
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        super().__init__(f"{where}: {first.detail}{more}")


def read_counts(content: bytes) -> list[DoorEvent]:
    """Read all lines, separated by comma or semicolon, in UTF-8.

    Raises:
        CountsRefusedError: with every line that is wrong.

    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise CountsRefusedError(
            [LineError(line, None, "not UTF-8", "invalid_encoding")]
        ) from error
    return _Reader(text).read()


class _Reader:
    def __init__(self, text: str) -> None:
        first = text.partition("\n")[0]
        delimiter = ";" if first.count(";") > first.count(",") else ","
        self._rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        self._errors: list[LineError] = []
        self._seen: dict[tuple[str, str, str], int] = {}

    def read(self) -> list[DoorEvent]:
        events = [event for row in self._numbered() if (event := self._event(*row)) is not None]
        if not events and not self._errors:
            self._refuse(1, None, "no door event", "empty")
        if self._errors:
            raise CountsRefusedError(self._errors)
        return events

    def _numbered(self) -> Iterator[tuple[int, Mapping[str, str]]]:
        try:
            header = self._header()
            for row in self._rows:
                if not any(cell.strip() for cell in row):
                    continue
                if len(row) != len(header):
                    detail = f"{len(row)} fields, the header has {len(header)}"
                    self._refuse(self._rows.line_num, None, detail, "fields")
                    continue
                cells = (cell.strip() for cell in row)
                yield self._rows.line_num, dict(zip(header, cells, strict=True))
                if len(self._errors) >= MOST_ERRORS:
                    return
        except csv.Error as error:
            self._refuse(self._rows.line_num, None, f"not CSV: {error}", "invalid_csv")

    def _header(self) -> list[str]:
        header = [name.strip().lower() for name in next(self._rows, [])]
        for name in REQUIRED:
            if name not in header:
                self._refuse(1, name, "the column is missing", "missing")
        for name in header:
            if name not in REQUIRED + OPTIONAL:
                self._refuse(1, name, "there is no such column", "unknown_column")
            elif header.count(name) > 1:
                self._refuse(1, name, "the column is there twice", "duplicate")
        if self._errors:
            raise CountsRefusedError(self._errors)
        return header

    def _event(self, line: int, cells: Mapping[str, str]) -> DoorEvent | None:
        before = len(self._errors)
        ids = [self._id(line, name, cells[name]) for name in ("vehicle_id", "event_id", "door")]
        trip_id = self._id(line, "trip_id", cells["trip_id"]) if cells.get("trip_id") else None
        manual_in = self._count(line, "manual_in", cells["manual_in"])
        manual_out = self._count(line, "manual_out", cells["manual_out"])
        automatic_in = self._count(line, "automatic_in", cells["automatic_in"], empty=True)
        automatic_out = self._count(line, "automatic_out", cells["automatic_out"], empty=True)
        key = (ids[0], ids[1], ids[2])
        if key in self._seen:
            detail = f"this door event is in line {self._seen[key]} too"
            self._refuse(line, "event_id", detail, "duplicate")
        self._seen[key] = line
        if len(self._seen) > MOST_EVENTS:
            raise CountsRefusedError(
                [LineError(line, None, f"more than {MOST_EVENTS} door events", "too_many")]
            )
        if len(self._errors) > before or manual_in is None or manual_out is None:
            return None
        return DoorEvent(*key, manual_in, manual_out, automatic_in, automatic_out, trip_id)

    def _id(self, line: int, column: str, text: str) -> str:
        if not 0 < len(text) <= LONGEST_ID or not text.isprintable():
            detail = f"must have 1 to {LONGEST_ID} printable characters"
            self._refuse(line, column, detail, "invalid_id")
        return text

    def _count(self, line: int, column: str, text: str, *, empty: bool = False) -> int | None:
        if empty and not text:
            return None
        if not (text.isascii() and text.isdigit() and len(text) < 5) or int(text) > MOST_PASSENGERS:
            detail = f"must be a whole number up to {MOST_PASSENGERS}"
            self._refuse(line, column, detail, "invalid_count")
            return None
        return int(text)

    def _refuse(self, line: int, column: str | None, detail: str, code: str) -> None:
        self._errors.append(LineError(line, column, detail, code))
