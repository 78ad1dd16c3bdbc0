# SPDX-License-Identifier: EUPL-1.2
"""Files of lines that are taken all or not at all: every wrong line is told."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

MOST_ERRORS = 1000
SEPARATORS: Mapping[str, str] = {",": "comma", ";": "semicolon", "\t": "tab"}
"""What may stand between fields, and what it is called."""
# Excel reads and writes it, as the first line.
_SAID_SEPARATOR = re.compile(r'"?sep=([,;\t])"?', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LineError:
    """What is wrong in a line; the header is line 1, the file as a whole has no column.

    `of` is what the detail names beside the column, such as another line, for words in other languages.
    """

    line: int
    column: str
    detail: str
    code: str = "invalid"
    of: str = ""


class FileRefusedError(ValueError):
    """The file is not what it should be; nothing of it is taken."""

    def __init__(self, errors: Sequence[LineError]) -> None:
        self.errors = errors
        first = errors[0]
        where = f"line {first.line}, {first.column}" if first.column else f"line {first.line}"
        super().__init__(f"{where}: {first.detail}")


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a file, and what a line of it is (`value`), of which there may be so many.

    `names` are other names of columns, in small letters; `unread` may be there and say nothing.
    """

    required: Sequence[str]
    optional: Sequence[str]
    what: str
    most_lines: int
    names: Mapping[str, str] = field(default_factory=dict)
    unread: Sequence[str] = ()
    has_cp1252: bool = False
    """Whether what is not UTF-8 is read as what German Excel saves, Windows-1252."""


Take = Callable[[int, Mapping[str, str]], Iterable[LineError]]
"""Takes a line by its number, its cells stripped, and returns what is wrong with it."""


def read_lines(content: bytes, columns: Columns, take: Take) -> None:
    """Read CSV, separated by comma, semicolon or tab, and hand each line that is not empty to `take`.

    A first line `sep=;` says by which. Columns without a name are passed over where nothing stands in
    them.

    Raises:
        FileRefusedError: with every line that is wrong.

    """
    text = text_of(content, columns)
    delimiter = delimiter_of(text)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    errors: list[LineError] = []
    lines = 0
    try:
        if _said_separator(text):
            next(rows)
        header = _header(next(rows, []), columns, Read(max(rows.line_num, 1), delimiter))
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            lines += 1
            if lines > columns.most_lines:
                detail = f"more than {columns.most_lines} {columns.what}s"
                errors.append(LineError(rows.line_num, "", detail, "too_many"))
                break
            errors += _line(rows.line_num, header, row, take)
            if len(errors) >= MOST_ERRORS:
                break
    except csv.Error as error:
        errors.append(LineError(rows.line_num, "", f"not CSV: {error}", "invalid_csv"))
    if not lines and not errors:
        errors.append(LineError(1, "", f"no {columns.what}", "empty"))
    if errors:
        raise FileRefusedError(errors)


def delimiter_of(text: str) -> str:
    """Return what separates fields: as the first line says, else what stands in it most often."""
    return _said_separator(text) or max(SEPARATORS, key=text.partition("\n")[0].count)


def _said_separator(text: str) -> str:
    said = _SAID_SEPARATOR.fullmatch(text.partition("\n")[0].rstrip("\r"))
    return said[1] if said else ""


def text_of(content: bytes, columns: Columns) -> str:
    """Return a file's text: UTF-8, or Windows-1252 where the columns allow it.

    Raises:
        FileRefusedError: `invalid_encoding`, with the line where it is neither.

    """
    failed: UnicodeDecodeError | None = None
    # A zero byte is of no text in these encodings: UTF-16, a workbook, a picture.
    at = content.find(b"\0") if columns.has_cp1252 else -1
    if at < 0:
        for encoding in ("utf-8-sig", "cp1252") if columns.has_cp1252 else ("utf-8-sig",):
            try:
                return content.decode(encoding)
            except UnicodeDecodeError as error:
                failed = error
    line = content.count(b"\n", 0, failed.start if failed else at) + 1
    wanted = "not UTF-8 or Windows-1252" if columns.has_cp1252 else "not UTF-8"
    raise FileRefusedError([LineError(line, "", wanted, "invalid_encoding")]) from failed


class Read(NamedTuple):
    """Where the header stands, and by what its fields are separated."""

    line: int
    delimiter: str


def _header(cells: Sequence[str], columns: Columns, read: Read) -> list[str]:
    written = [cell.strip().lower() for cell in cells]
    while written and not written[-1]:
        written.pop()
    header = [columns.names.get(name, name) for name in written]
    known = {*columns.required, *columns.optional, *columns.unread}
    errors = [
        LineError(read.line, name, "the column is missing", "missing", "column")
        for name in columns.required
        if name not in header
    ]
    if known.isdisjoint(header):
        separator = SEPARATORS[read.delimiter]
        detail = f"the fields were read as separated by {separator}s"
        errors.append(LineError(read.line, "", detail, f"{separator}_separated"))
    errors += [
        LineError(
            read.line,
            name[:80],
            "there is no such column, or it is there twice",
            "unknown_column",
        )
        for name in header
        if name and (name not in known or header.count(name) > 1)
    ]
    if errors:
        raise FileRefusedError(errors)
    return header


def _line(number: int, header: Sequence[str], row: Sequence[str], take: Take) -> list[LineError]:
    cells = [cell.strip() for cell in row]
    while len(cells) > len(header) and not cells[-1]:
        cells.pop()
    if len(cells) != len(header):
        detail = f"{len(cells)} fields, the header has {len(header)}"
        return [LineError(number, "", detail, "fields")]
    named = list(zip(header, cells, strict=True))
    for place, (name, cell) in enumerate(named, 1):
        if cell and not name:
            detail = f"column {place} has no name, but there is something in it"
            return [LineError(number, "", detail, "unnamed_column", str(place))]
    return list(take(number, {name: cell for name, cell in named if name}))
