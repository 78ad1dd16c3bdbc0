# SPDX-License-Identifier: EUPL-1.2
"""Sums up counts of short intervals into longer ones; an interval with a missing part is left out."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TextIO

from vehicle_occupancy.forecasting.csv_series import MOST, SeriesError, text_lines


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of a file hold the start of an interval, the place, and what is summed up."""

    time: str
    place: str
    counts: Sequence[str]


def resampled(
    stream: TextIO,
    columns: Columns,
    *,
    every_min: int,
    into_min: int,
    row_done: Callable[[], None] = lambda: None,
) -> Iterator[tuple[str, str, str]]:
    """Yield time, place and count of each whole interval; times stay as they are written.

    Raises SeriesError that names the line.
    """
    if every_min < 1 or into_min % every_min or 24 * 60 % into_min:
        raise SeriesError(f"{into_min} min are no whole intervals of {every_min} min, or no day is")
    reader = csv.DictReader(text_lines(stream))
    try:
        parts = _parts(reader, columns, into_min, row_done)
    except (ValueError, TypeError, csv.Error) as error:
        raise SeriesError(f"line {reader.line_num or 1}: {error}") from error
    whole = into_min // every_min
    for (begin, place), of in sorted(parts.items()):
        if len(of) == whole:
            yield begin.isoformat(timespec="minutes"), place, str(sum(of.values()))


def _parts(
    reader: csv.DictReader[str], columns: Columns, into_min: int, row_done: Callable[[], None]
) -> dict[tuple[datetime, str], dict[datetime, int]]:
    """Return the counts of short intervals by their start, below the longer interval and the place."""
    missing = {columns.time, columns.place, *columns.counts} - set(reader.fieldnames or ())
    if missing:
        raise ValueError(f"there is no column {', '.join(sorted(missing))}")
    parts: dict[tuple[datetime, str], dict[datetime, int]] = {}
    has_offsets: set[bool] = set()
    for row in reader:
        row_done()
        at = datetime.fromisoformat(row[columns.time])
        has_offsets.add(at.tzinfo is not None)
        if len(has_offsets) > 1:
            raise ValueError("some times have an offset and some have none")
        begin = at - timedelta(minutes=(at.hour * 60 + at.minute) % into_min)
        count = sum(_count(row[each]) for each in columns.counts)
        parts.setdefault((begin, row[columns.place]), {})[at] = count
    return parts


def _count(text: str) -> int:
    number = int(text)
    if not 0 <= number <= MOST:
        raise ValueError(f"{text} is no count")
    return number
