# SPDX-License-Identifier: EUPL-1.2
"""The rows of a large file, those of one key together, in little memory.

Rows of a trip usually stand together, and then one trip is in memory at a time. A file that
scatters them is first spread over temporary files, each with all rows of some of the keys.
"""

from __future__ import annotations

import pickle
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import chain
from typing import IO

from vehicle_occupancy.gtfs.feed import Feed, Table
from vehicle_occupancy.gtfs.report import Report

SPREAD_OVER = 64
AT_ONCE = 2000

Numbered = tuple[int, list[str]]
Group = tuple[str, Sequence[Numbered]]


def grouped(
    feed: Feed, file: str, key: str, report: Report
) -> tuple[Mapping[str, int], Iterator[Group]]:
    """Return a file's columns and its rows by key; nothing of a file that is not there."""
    table = feed.table(file, Report())
    if table is None or key not in table.columns:
        return {}, iter(())
    in_order = _is_in_order(table, table.columns[key])
    again = feed.table(file, report)
    if again is None:
        return {}, iter(())
    index = again.columns[key]
    return again.columns, _together(again, index) if in_order else _spread(again, index)


def _is_in_order(table: Table, index: int) -> bool:
    """Tell whether no key comes again after another one."""
    seen: set[str] = set()
    last: str | None = None
    for _, values in table.rows:
        key = values[index].strip()
        if key != last:
            if key in seen:
                return False
            seen.add(key)
            last = key
    return True


def _together(table: Table, index: int) -> Iterator[Group]:
    last: str | None = None
    rows: list[Numbered] = []
    for row in table.rows:
        key = row[1][index].strip()
        if key == last:
            rows.append(row)
            continue
        if last is not None:
            yield last, rows
        last, rows = key, [row]
    if last is not None:
        yield last, rows


def _spread(table: Table, index: int) -> Iterator[Group]:
    with ExitStack() as stack:
        files: dict[int, IO[bytes]] = {}
        waiting: list[list[Numbered]] = [[] for _ in range(SPREAD_OVER)]
        for row in table.rows:
            number = hash(row[1][index].strip()) % SPREAD_OVER
            waiting[number].append(row)
            if len(waiting[number]) == AT_ONCE:
                # Not before: a small file needs none.
                if number not in files:
                    files[number] = stack.enter_context(tempfile.TemporaryFile())
                pickle.dump(waiting[number], files[number])
                waiting[number] = []
        for number, rest in enumerate(waiting):
            yield from _by_key(chain(_unpickled(files.get(number)), rest), index)


def _by_key(rows: Iterable[Numbered], index: int) -> Iterator[Group]:
    found: defaultdict[str, list[Numbered]] = defaultdict(list)
    for row in rows:
        found[row[1][index].strip()].append(row)
    yield from found.items()


def _unpickled(file: IO[bytes] | None) -> Iterator[Numbered]:
    if file is None:
        return
    file.seek(0)
    while True:
        try:
            rows = pickle.load(file)  # noqa: S301 (written by this process, seen by nobody else)
        except EOFError:
            return
        yield from rows
