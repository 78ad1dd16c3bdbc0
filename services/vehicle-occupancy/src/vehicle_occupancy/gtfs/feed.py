# SPDX-License-Identifier: EUPL-1.2
"""The files of a feed, from a zip or a folder, line by line; decides nothing about their content."""

from __future__ import annotations

import csv
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from io import BufferedReader, RawIOBase
from lzma import LZMAError
from pathlib import Path, PurePosixPath
from typing import IO, cast

from vehicle_occupancy.gtfs.report import Report

READ = (
    "agency.txt",
    "stops.txt",
    "routes.txt",
    "calendar.txt",
    "calendar_dates.txt",
    "shapes.txt",
    "trips.txt",
    "frequencies.txt",
    "stop_times.txt",
    "feed_info.txt",
)
"""The files that the platform reads, in the order in which it does."""
TWICE = "stop_times.txt"
CHUNK = 1 << 20
LEAST_BUFFER = 1 << 9
LARGEST_BYTES = 20 << 30
TOLD_EVERY_BYTES = 1 << 18
BOM = b"\xef\xbb\xbf"
DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, LZMAError, EOFError),
    *(OSError, RuntimeError, ValueError),
)
"""What `zipfile` raises: OSError at bzip2 and at places before the file, RuntimeError at what is encrypted or packed in a
way that is not known, ValueError at names that are no UTF-8."""

Progress = Callable[[int], object]


class UnreadableFeedError(Exception):
    """There is no feed at a path."""


@dataclass(frozen=True, slots=True)
class Table:
    """A file's columns by name, and its rows with the number of their line."""

    columns: dict[str, int]
    rows: Iterator[tuple[int, list[str]]]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a file; a column that is not there is empty."""

    line: int
    columns: dict[str, int]
    values: list[str]

    def text(self, column: str) -> str:
        """Return a value without blanks around it."""
        index = self.columns.get(column)
        return "" if index is None else self.values[index].strip()


class Feed:
    """A feed's files by name."""

    def __init__(self, path: Path, archive: zipfile.ZipFile | None) -> None:
        self._path = path
        self._archive = archive
        self._members = _members(path, archive)
        self.progress: Progress = lambda _: None

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[Feed]:
        """Open a zip or a folder; raises UnreadableFeedError."""
        if path.is_dir():
            yield cls(path, None)
            return
        try:
            archive = zipfile.ZipFile(path)
        except DAMAGED as error:
            raise UnreadableFeedError(f"{path.name} is no readable zip: {error}") from error
        with archive:
            yield cls(path, archive)

    @property
    def names(self) -> Sequence[str]:
        """Return which files are there."""
        return tuple(self._members)

    @property
    def size(self) -> int:
        """Return how many bytes there are to read; the large file is looked over before."""
        sizes = {name: size for name, (_, size) in self._members.items()}
        return sum(sizes.values()) + sizes.get(TWICE, 0)

    def fingerprint(self) -> str:
        """Return a hash of the content, the same for a zip and the folder it was made of."""
        found = sha256()
        for name in sorted(self._members):
            found.update(name.encode() + b"\0")
            with self._binary(name) as stream:
                while chunk := stream.read(CHUNK):
                    found.update(chunk)
            found.update(b"\0")
        return found.hexdigest()

    def table(self, name: str, report: Report) -> Table | None:
        """Return a file's columns and rows, None where it is not there or has no header."""
        if name not in self._members:
            return None
        lines = csv.reader(self._lines(name, report), strict=True)
        names = _header(name, lines, report)
        if names is None:
            return None
        columns = {column: index for index, column in enumerate(names)}
        return Table(columns, _rows(name, lines, len(names), report))

    def rows(self, name: str, report: Report) -> Iterator[Row]:
        """Give the rows of a file that is not large."""
        table = self.table(name, report)
        if table is not None:
            for line, values in table.rows:
                yield Row(line, table.columns, values)

    def peek(self, name: str) -> Iterator[Row]:
        """Give the rows of a file that is read again later: until then nothing of it is told."""
        told, self.progress = self.progress, lambda _: None
        try:
            yield from self.rows(name, Report())
        finally:
            self.progress = told

    @contextmanager
    def _binary(self, name: str) -> Iterator[IO[bytes]]:
        member, size = self._members[name]
        # A MiB for each of twenty small files costs more than reading them.
        buffering = min(CHUNK, max(size, LEAST_BUFFER))
        if self._archive is None:
            with (self._path / member).open("rb", buffering=buffering) as stream:
                yield stream
            return
        try:
            # Lines of a zip's member are cut in Python, those of a buffer in C.
            with (
                self._archive.open(member) as packed,
                BufferedReader(cast("RawIOBase", packed), buffering) as stream,
            ):
                yield stream
        except DAMAGED as error:
            raise UnreadableFeedError(f"{name}: {error}") from error

    def _lines(self, name: str, report: Report) -> Iterator[str]:
        """Give decoded lines; what is not UTF-8 is an error of its line and read as Latin-1."""
        untold = 0
        with self._binary(name) as stream:
            for number, raw in enumerate(stream, 1):
                line = raw.removeprefix(BOM) if number == 1 else raw
                untold += len(raw)
                if untold > TOLD_EVERY_BYTES:
                    self.progress(untold)
                    untold = 0
                if b"\0" in line:
                    report.error(name, "holds a NUL byte", line=number, kind="nul")
                    line = line.replace(b"\0", b"")
                try:
                    yield line.decode()
                except UnicodeDecodeError:
                    report.error(name, "is not UTF-8", line=number, kind="encoding")
                    yield line.decode("latin-1")
        self.progress(untold)


def _members(path: Path, archive: zipfile.ZipFile | None) -> dict[str, tuple[str, int]]:
    """Return the files that are read, by name: where they are, how large.

    Some feeds are packed with the folder they lay in.
    """
    if archive is None:
        sizes = {name: (path / name).stat().st_size for name in READ if (path / name).is_file()}
    else:
        sizes = {info.filename: info.file_size for info in archive.infolist()}
    found: dict[str, tuple[str, int]] = {}
    for member, size in sizes.items():
        name = PurePosixPath(member).name
        if name in READ and (name not in found or len(member) < len(found[name][0])):
            found[name] = (member, size)
    if not found:
        raise UnreadableFeedError(f"{path.name} holds none of the files of a GTFS feed")
    if sum(size for _, size in found.values()) > LARGEST_BYTES:
        raise UnreadableFeedError(f"{path.name} unpacks to more than {LARGEST_BYTES >> 30} GiB")
    return {name: found[name] for name in READ if name in found}


def _header(name: str, lines: Iterator[list[str]], report: Report) -> list[str] | None:
    try:
        names = [column.strip() for column in next(lines, [])]
    except csv.Error as error:
        report.error(name, f"the header cannot be read: {error}", line=1, kind="header")
        return None
    if not any(names):
        report.error(name, "is empty: there is no header", line=1, kind="header")
        return None
    twice = sorted({column for column in names if column and names.count(column) > 1})
    for column in twice:
        report.error(name, "the column stands twice", line=1, field=column, kind="header")
    return names


def _rows(
    name: str, lines: Iterator[list[str]], width: int, report: Report
) -> Iterator[tuple[int, list[str]]]:
    number = 1
    reader = lines
    while True:
        try:
            for values in reader:
                number = reader.line_num  # type: ignore[attr-defined]
                if len(values) == width:
                    yield number, values
                elif not any(value.strip() for value in values):
                    report.warning(name, "the line is empty", line=number, kind="blank")
                else:
                    text = f"has {len(values)} values, the header {width} columns"
                    report.error(name, text, line=number, kind="width")
        except csv.Error as error:
            line = reader.line_num  # type: ignore[attr-defined]
            report.error(name, f"cannot be read: {error}", line=line, kind="csv")
            continue
        return
