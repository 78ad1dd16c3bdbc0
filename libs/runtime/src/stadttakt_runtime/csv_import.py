# SPDX-License-Identifier: EUPL-1.2
"""Files of lines that are taken all or not at all: every wrong line is told."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

MOST_ERRORS = 1000


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
        super().__init__(f"line {errors[0].line}, {errors[0].column}: {errors[0].detail}")


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
    """Read CSV, separated by comma or semicolon, and hand each line that is not empty to `take`.

    Raises:
        FileRefusedError: with every line that is wrong.

    """
    text = text_of(content, columns)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text), strict=True)
    errors: list[LineError] = []
    lines = 0
    try:
        header = _header(next(rows, []), columns)
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
    """Return what separates the fields of the first line: a semicolon or a comma."""
    first = text.partition("\n")[0]
    return ";" if first.count(";") > first.count(",") else ","


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


def _header(cells: Sequence[str], columns: Columns) -> list[str]:
    written = [cell.strip().lower() for cell in cells]
    header = [columns.names.get(name, name) for name in written]
    known = {*columns.required, *columns.optional, *columns.unread}
    errors = [
        LineError(1, name, "the column is missing", "missing")
        for name in columns.required
        if name not in header
    ]
    errors += [
        LineError(1, name[:80], "there is no such column, or it is there twice", "unknown_column")
        for name in header
        if name not in known or header.count(name) > 1
    ]
    if errors:
        raise FileRefusedError(errors)
    return header


def _line(number: int, header: Sequence[str], row: Sequence[str], take: Take) -> list[LineError]:
    if len(row) != len(header):
        detail = f"{len(row)} fields, the header has {len(header)}"
        return [LineError(number, "", detail, "fields")]
    return list(take(number, {k: cell.strip() for k, cell in zip(header, row, strict=True)}))
