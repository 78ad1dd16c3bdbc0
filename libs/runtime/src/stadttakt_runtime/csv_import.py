# SPDX-License-Identifier: EUPL-1.2
"""Files of lines that are taken all or not at all: every wrong line is told."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

MOST_ERRORS = 1000


@dataclass(frozen=True, slots=True)
class LineError:
    """What is wrong in a line; the header is line 1, the file as a whole has no column."""

    line: int
    column: str
    detail: str
    code: str = "invalid"


class FileRefusedError(ValueError):
    """The file is not what it should be; nothing of it is taken."""

    def __init__(self, errors: Sequence[LineError]) -> None:
        self.errors = errors
        super().__init__(f"line {errors[0].line}, {errors[0].column}: {errors[0].detail}")


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a file, and what a line of it is (`value`), of which there may be so many."""

    required: Sequence[str]
    optional: Sequence[str]
    what: str
    most_lines: int


Take = Callable[[int, Mapping[str, str]], Iterable[LineError]]
"""Takes a line by its number, its cells stripped, and returns what is wrong with it."""


def read_lines(content: bytes, columns: Columns, take: Take) -> None:
    """Read CSV in UTF-8, separated by comma or semicolon, and hand each line that is not empty to `take`.

    Raises:
        FileRefusedError: with every line that is wrong.

    """
    text = _text(content)
    first = text.partition("\n")[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
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


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise FileRefusedError([LineError(line, "", "not UTF-8", "invalid_encoding")]) from error


def _header(cells: Sequence[str], columns: Columns) -> list[str]:
    header = [cell.strip().lower() for cell in cells]
    known = {*columns.required, *columns.optional}
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
