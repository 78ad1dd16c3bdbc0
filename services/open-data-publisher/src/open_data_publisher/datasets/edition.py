# SPDX-License-Identifier: EUPL-1.2
"""What is told of a day and since when, and what was told of it before, as tables and as bytes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

TOLD = "_told_at"
REPLACED = "_replaced_at"
TIME = pa.timestamp("us", "UTC")
_WRITE = pa.ipc.IpcWriteOptions(compression="zstd")


@dataclass(frozen=True, slots=True)
class Kept:
    """The rows told now, each with when it was told first, and the rows that were replaced."""

    told: pa.Table
    former: pa.Table | None

    def public(self, at: datetime | None) -> pa.Table:
        """Return the rows that are public, or were at a moment, without their marks."""
        if at is None:
            return self.told.drop_columns([TOLD])
        moment = pa.scalar(at, TIME)
        then = self.told.filter(pc.less_equal(self.told[TOLD], moment)).drop_columns([TOLD])
        if self.former is None:
            return then
        held = pc.and_(
            pc.less_equal(self.former[TOLD], moment), pc.greater(self.former[REPLACED], moment)
        )
        replaced = self.former.filter(held).drop_columns([TOLD, REPLACED])
        return pa.concat_tables([then, replaced]) if replaced.num_rows else then


def first_kept(rows: pa.Table, now: datetime) -> Kept:
    """Return a day of which nothing was told before."""
    since = pa.repeat(pa.scalar(now, TIME), rows.num_rows)
    return Kept(rows.append_column(TOLD, since), None)


def renewed(before: Kept, rows: pa.Table, key: tuple[str, ...], now: datetime) -> Kept:
    """Return a day with the rows that it has now; what changed or is gone is told no more."""
    old = _by_key(before.told.drop_columns([TOLD]), key)
    since = before.told[TOLD].to_pylist()
    told_at: list[datetime] = []
    kept: set[int] = set()
    for identity, (_, values) in _by_key(rows, key).items():
        found = old.get(identity)
        if found is not None and found[1] == values:
            kept.add(found[0])
            told_at.append(since[found[0]])
        else:
            told_at.append(now)
    gone = [index for index in range(before.told.num_rows) if index not in kept]
    return Kept(_marked(rows, told_at), _former(before, gone, now))


def under_other_rules(before: Kept, rows: pa.Table, key: tuple[str, ...], now: datetime) -> Kept:
    """Return a day made anew by another policy: times stay, what was told by the old one is gone."""
    shared = all(name in before.told.column_names for name in key)
    old = _by_key(before.told.select(list(key)), key) if shared else {}
    since = before.told[TOLD].to_pylist()
    told_at = [
        since[old[identity][0]] if identity in old else now for identity in _by_key(rows, key)
    ]
    return Kept(_marked(rows, told_at), None)


def forgotten(kept: Kept, before: datetime) -> Kept:
    """Return the same without rows that were replaced before a moment."""
    if kept.former is None:
        return kept
    still = kept.former.filter(pc.greater_equal(kept.former[REPLACED], pa.scalar(before, TIME)))
    return Kept(kept.told, still if still.num_rows else None)


def to_bytes(table: pa.Table) -> bytes:
    """Return a table as an Arrow stream, compressed."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=_WRITE) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def from_bytes(content: bytes) -> pa.Table:
    """Return the table of `to_bytes`."""
    with pa.ipc.open_stream(pa.py_buffer(content)) as reader:
        return reader.read_all()


def digest(told: bytes, former: bytes | None) -> str:
    """Return what changes when a row, or what was told of it, changes."""
    found = blake2b(told, digest_size=12)
    found.update(former or b"")
    return found.hexdigest()


def _marked(rows: pa.Table, told_at: list[datetime]) -> pa.Table:
    return rows.append_column(TOLD, pa.array(told_at, TIME))


def _former(before: Kept, gone: list[int], now: datetime) -> pa.Table | None:
    if not gone:
        return before.former
    replaced = before.told.take(gone)
    replaced = replaced.append_column(REPLACED, pa.array([now] * len(gone), TIME))
    return replaced if before.former is None else pa.concat_tables([before.former, replaced])


def _by_key(
    table: pa.Table, key: tuple[str, ...]
) -> dict[tuple[Any, ...], tuple[int, tuple[Any, ...]]]:
    """Return the number and values of each row by what identifies it."""
    columns = [_plain(column).to_pylist() for column in table.columns]
    places = [table.column_names.index(name) for name in key]
    return {
        tuple(values[place] for place in places): (index, values)
        for index, values in enumerate(zip(*columns, strict=True))
    }


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return times as numbers, which are made and compared far faster."""
    return column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column
